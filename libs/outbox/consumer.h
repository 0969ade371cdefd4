#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/step.h"
#include "libs/events/event_log.h"
#include "libs/outbox/sequencer.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

struct ConsumerOptions {
  // Consumer group and key of its rows: "leads.activities".
  std::string name;
  std::vector<std::string> topics;
  int max_records = 2000;
  // How long one batch's transaction may take.
  absl::Duration timeout = absl::Seconds(20);
};

// A consumer holds what it has read for so long at most, the last transaction included, before it gives its
// partitions back: the log puts a member out of its group after events::kPollPatience.
inline constexpr absl::Duration kLongestHold = absl::Seconds(50);
static_assert(kLongestHold < events::kPollPatience);

struct ConsumerStats {
  int64_t records = 0;
  int64_t batches = 0;
  int64_t parked = 0;
  // Records dropped because their seq had been seen.
  int64_t duplicates = 0;
  // Offsets that the log skipped.
  int64_t skipped_offsets = 0;
  // Batches rolled back because another member owns the partition.
  int64_t fenced = 0;
  // Assignments of partitions by the log, the first ones included.
  int64_t rebalances = 0;
  // Partitions that stand still now because the log no longer holds what comes next. An alarm.
  int64_t truncated = 0;
  // For how long a fault of the store or of the program, not of a record, has kept the consumer from going
  // on; zero when none does. An alarm, with its reason on one line.
  absl::Duration held = absl::ZeroDuration();
  std::string held_reason = {};
};

// Applies the records of a group's topics to the store with exactly-once effect: offsets live in the store,
// and each batch's transaction first moves them under a fence (offset and epoch), so that a member that lost
// its partitions cannot commit. Records with a seq are applied per key in order, after those not above the
// seq seen were dropped; a record after a hole waits in `parked` until the hole is filled. A record that
// cannot be applied (IsRecordFault) is parked, and the later ones of its key wait behind it. Any other error
// holds the batch until it can be applied: nothing is parked for it.
class Consumer final : public Step {
 public:
  // The references outlive the consumer, and so does `tracer`; null: nothing is recorded.
  Consumer(ConsumerOptions options, storage::Database& database, events::EventLog& log, Clock& clock,
           Log& logger, Handler& handler, Tracer* tracer = nullptr);
  ~Consumer() override;

  std::string_view name() const override { return options_.name; }
  const std::vector<std::string>& topics() const { return options_.topics; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

  // Thread-safe.
  ConsumerStats stats() const;

  // Applies a parked record again, and behind it those that waited for it, as far as `deadline` allows; the
  // consumer goes on with the rest by itself. NOT_FOUND; FAILED_PRECONDITION with the record's fault when it
  // fails again, which counts as one more try; any other error is the store's, and nothing is changed.
  // Thread-safe; blocks.
  absl::Status Retry(std::string_view topic, int32_t partition, int64_t offset, absl::Duration deadline);
  // Gives a parked record up: its seq counts as seen and those that waited for it are applied, as with Retry.
  // NOT_FOUND; FAILED_PRECONDITION while an earlier one of its key is parked. Thread-safe; blocks.
  absl::Status Skip(std::string_view topic, int32_t partition, int64_t offset, absl::Duration deadline);

 private:
  struct Owned {
    int64_t next_offset = 0;
    int64_t epoch = 0;
    // The log was asked once more for what it left out.
    bool sought = false;
  };
  absl::Duration Poll();
  void Note(const std::vector<events::PartitionOffset>& truncated);
  absl::Status TakeOver();
  // Reads what others may have changed. False: somebody has moved the place of an owned partition. True when
  // the store does not answer.
  bool LookAtStore();
  absl::Status Admit(std::vector<events::Record> records);
  absl::Duration Process();
  // One transaction over a prefix of what is pending. Sets `fenced` when it failed since another member moved
  // the offsets.
  absl::Status ProcessRecords(std::span<const events::Record> records, Rejected rejected, bool& fenced);
  // Rows of consumer_offsets for a batch: what they must hold, and what they become.
  std::vector<storage::Row> Moves(std::span<const events::Record> records) const;
  // Tells the log how far the group is, if it is time to.
  void Report();
  absl::Status Resolve(std::string_view topic, int32_t partition, int64_t offset, bool apply,
                       absl::Duration deadline);
  // Applies what is ready of one key in one transaction. False: nothing is ready.
  absl::StatusOr<bool> DrainOne(absl::Duration deadline);
  void Advance(std::span<const events::Record> records);
  void Abandon(std::string_view why);
  // The time by which a transaction has to have ended, so that the log is asked again soon enough.
  absl::Duration Deadline() const;
  bool MustPoll() const;
  // Notes that the consumer cannot go on, and why; and that it can.
  void Hold(const absl::Status& status);
  void GoOn();
  absl::Duration Backoff();

  const ConsumerOptions options_;
  storage::Database& database_;
  Clock& clock_;
  events::EventLog& log_;
  Log& logger_;
  Handler& handler_;
  Tracer* const tracer_;
  const std::unique_ptr<WaitEvent> wake_;
  std::unique_ptr<events::Consumer> member_;
  std::map<events::Partition, Owned> owned_;
  std::set<events::Partition> truncated_;
  // Reached and not yet reported.
  std::map<events::Partition, int64_t> unreported_;
  absl::Duration report_due_ = absl::ZeroDuration();
  // When to look whether somebody moved the places.
  absl::Duration look_due_ = absl::ZeroDuration();
  // Partitions assigned but not started yet: the store has to say where.
  std::optional<std::vector<events::Partition>> assigned_;
  // Held until it is applied.
  std::vector<events::Record> pending_;
  absl::Duration polled_at_ = absl::ZeroDuration();
  // So many of the pending records are run one by one, since the batch that held them failed.
  size_t singly_ = 0;
  int failures_ = 0;
  // Whether parked records may be ready. Set by Retry and Skip, too.
  std::atomic<bool> draining_ = false;
  bool drain_fails_ = false;
  bool held_by_batch_ = false;
  mutable std::mutex mutex_;
  ConsumerStats stats_;
  // Steady times: since when the consumer is held, and the last failure.
  std::optional<absl::Duration> held_since_;
  absl::Duration failed_at_ = absl::ZeroDuration();
};

}  // namespace finalmile::outbox
