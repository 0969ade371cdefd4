#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/events/event_log.h"
#include "libs/outbox/batch_spans.h"
#include "libs/outbox/handler.h"
#include "libs/outbox/parked.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// Records that may not be handed to the handler, with the reason.
using Rejected = std::map<Position, std::string>;

// What one run of Sequencer::Apply did.
struct SequencerCounts {
  int64_t applied = 0;
  int64_t parked = 0;
  int64_t duplicates = 0;
  // Whether records may be ready that did not fit into this transaction.
  bool more = false;
  // The first parked record that was handed to the handler.
  std::optional<Position> drained = std::nullopt;
};

// The order of records with a seq, per key, inside one transaction: drops what was seen, applies what is
// next, parks what comes after a hole, drains what waited. However many records wait, a transaction reads
// some thousand positions at most and applies at most `most_drained` of them and about kMostDrainedBytes; the
// next one is then marked as ready (kReady) for a transaction to come.
class Sequencer {
 public:
  static constexpr int64_t kMostDrained = 500;
  static constexpr int64_t kMostDrainedBytes = 8 << 20;

  // `spans` outlives it.
  Sequencer(std::string_view consumer, Handler& handler, int64_t most_drained, const BatchSpans& spans)
      : consumer_(consumer), handler_(handler), most_drained_(most_drained), spans_(spans) {}

  // Applies `records` and what waited for them (or for `unblocked` keys) through the handler. `rejected`
  // records are parked as failed. Sets `again` and returns CANCELLED when the handler parked a record with a
  // seq: roll back and call again with the `rejected` that has grown, since the later ones of its key may not
  // be applied. INTERNAL when the handler threw.
  absl::Status Apply(storage::Transaction& transaction, std::span<const events::Record> records,
                     const std::set<Key>& unblocked, absl::Time now, Rejected& rejected, bool& again,
                     SequencerCounts& counts);

  // The seq seen last of a key, its row locked; 0 when none was.
  absl::StatusOr<int64_t> Seen(storage::Transaction& transaction, const Key& key);
  absl::Status SetSeen(storage::Transaction& transaction, const std::map<Key, int64_t>& seqs);

 private:
  // A record that wants its turn: fresh from the log, or parked earlier.
  struct Candidate {
    int64_t seq = 0;
    const events::Record* record = nullptr;
    const ParkedHead* parked = nullptr;
  };
  // What is to be done in the transaction, and what of it depends on the content of parked records.
  struct Plan;

  absl::StatusOr<std::map<Key, int64_t>> LockSeen(storage::Transaction& transaction,
                                                  const std::set<Key>& keys);
  // Decides about the records of one key, sorted by seq. `last` is the seq seen, and becomes the one that is
  // seen then; positions beyond `upto` were not read.
  void Arrange(const Key& key, std::vector<Candidate>& candidates, int64_t upto, const Rejected& rejected,
               int64_t& last, Plan& plan) const;
  absl::Status Handle(storage::Transaction& transaction, Batch& batch) const;

  const std::string consumer_;
  Handler& handler_;
  const int64_t most_drained_;
  const BatchSpans& spans_;
};

}  // namespace finalmile::outbox
