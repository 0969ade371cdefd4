#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "libs/events/event_log.h"

namespace finalmile::outbox {

// An event whose transaction has committed.
struct CommittedEvent {
  // The id of its row in the outbox.
  int64_t id = 0;
  // The id of the newest row that the outbox held of its key when the aggregate was locked, before those of
  // the event's own transaction; absent: there was none.
  std::optional<int64_t> before;
  events::Message message;
};

// Which of the events that a process has committed it may send now. An event is sent only when every earlier
// one of its key has been acknowledged, or in one append with those that have not, behind them: so no process
// sends an event before an earlier one of its key, whichever process committed that. An event that comes
// behind a row which this process neither sends nor has sent is left to the relay, and so is everything of a
// key whose append has failed. Not thread-safe.
class SendOrder {
 public:
  using Key = std::pair<std::string, std::string>;  // topic, key

  // An event that is being sent.
  struct Ticket {
    int64_t id = 0;
    Key key;
    int64_t bytes = 0;
  };

  // At most `most_bytes` of keys and values are held; what comes beyond that is left to the relay.
  explicit SendOrder(int64_t most_bytes) : most_bytes_(most_bytes) {}

  // Takes the events of one transaction, those of a key in order, and returns those that are to be sent now,
  // in one append.
  std::vector<CommittedEvent> Take(std::vector<CommittedEvent> events);
  static Ticket TicketOf(const CommittedEvent& event);
  // The append of `tickets`, which are all that one call returned, has been acknowledged: returns what is to
  // be sent next, in one append.
  std::vector<CommittedEvent> Acknowledge(const std::vector<Ticket>& tickets);
  // It has failed, or its outcome is unknown.
  void LeaveToRelay(const std::vector<Ticket>& tickets);

  // Ids of rows that were sent, to be deleted; each once, unless it is put back.
  std::vector<int64_t> TakeSent();
  void PutBack(const std::vector<int64_t>& ids);
  // They are deleted. A transaction that still saw one of them may ask for a while.
  void Deleted(const std::vector<int64_t>& ids);
  bool has_sent() const { return !sent_.empty(); }

  // Events that were left to the relay so far.
  int64_t left() const { return left_; }

 private:
  static constexpr size_t kRemembered = 10'000;

  bool Accept(const CommittedEvent& event, int64_t bytes) const;

  const int64_t most_bytes_;
  int64_t bytes_ = 0;
  int64_t left_ = 0;
  // For each key that is being sent: what waits until that is acknowledged.
  std::map<Key, std::vector<CommittedEvent>> lines_;
  // Rows that are held, were sent, or were deleted a short while ago.
  std::unordered_set<int64_t> known_;
  std::deque<int64_t> sent_;
  std::deque<int64_t> deleted_;
};

}  // namespace finalmile::outbox
