#include "libs/outbox/consumer.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/parked.h"

namespace finalmile::outbox {
namespace {

constexpr absl::Duration kIdle = absl::Seconds(5);
// Below the time after which the log puts a silent member out of its group.
constexpr absl::Duration kLongestHold = absl::Seconds(45);
// Telling the log costs it a write; lag displays do not look more often.
constexpr absl::Duration kReportInterval = absl::Seconds(1);

constexpr std::string_view kMoveOffsets =
    "UPDATE consumer_offsets SET next_offset = r.next FROM {rows: consumer TEXT, topic TEXT, partition "
    "BIGINT, expected BIGINT, epoch BIGINT, next BIGINT} AS r WHERE consumer_offsets.consumer = r.consumer "
    "AND consumer_offsets.topic = r.topic AND consumer_offsets.partition = r.partition AND "
    "consumer_offsets.next_offset = r.expected AND consumer_offsets.epoch = r.epoch";

// Whether the record itself is at fault rather than the store.
bool IsPermanent(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

// Giving up a record makes all before it count as seen.
absl::Status CheckFirstOfItsKey(storage::Transaction& transaction, const ParkedRecord& record, int64_t seen) {
  ASSIGN_OR_RETURN(const std::vector<ParkedRecord> parked,
                   ParkedOfKeys(transaction, record.consumer, record.record.topic, {record.record.key}));
  for (const ParkedRecord& other : parked) {
    if (other.seq <= seen || other.seq >= record.seq) continue;
    return absl::FailedPreconditionError(fmt::format(
        "seq {} of its key is parked before it, at partition {} offset {}: retry or skip that one first",
        other.seq, other.record.partition, other.record.offset));
  }
  return absl::OkStatus();
}

}  // namespace

Consumer::Consumer(ConsumerOptions options, storage::Database& database, events::EventLog& log, Clock& clock,
                   Log& logger, Handler& handler)
    : options_(std::move(options)),
      database_(database),
      clock_(clock),
      log_(log),
      logger_(logger),
      handler_(handler),
      wake_(clock.NewEvent()) {}

Consumer::~Consumer() = default;

ConsumerStats Consumer::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

absl::Duration Consumer::Backoff() {
  failures_ = std::min(failures_ + 1, 7);
  return clock_.Steady() + absl::Milliseconds(40) * (1 << failures_);
}

absl::Duration Consumer::Run() {
  if (!member_) {
    auto member = log_.Join(options_.name, options_.topics, *wake_);
    if (!member.ok()) {
      logger_.Warning("cannot join the consumer group",
                      {{"consumer", options_.name}, {"error", member.status().ToString()}});
      return Backoff();
    }
    member_ = *std::move(member);
  }
  return pending_.empty() ? Poll() : Process();
}

absl::Duration Consumer::Poll() {
  auto polled = member_->Poll(options_.max_records);
  if (!polled.ok()) {
    logger_.Warning("cannot read from the event log",
                    {{"consumer", options_.name}, {"error", polled.status().ToString()}});
    return Backoff();
  }
  if (polled->assigned) {
    owned_.clear();
    unreported_.clear();
    assigned_ = std::move(polled->partitions);
  }
  for (const events::PartitionOffset& truncated : polled->truncated) {
    logger_.Error("the log no longer holds what comes next; the partition stands still",
                  {{"consumer", options_.name},
                   {"topic", truncated.partition.topic},
                   {"partition", std::to_string(truncated.partition.partition)},
                   {"first_offset", std::to_string(truncated.offset)}});
    std::lock_guard lock(mutex_);
    ++stats_.truncated;
  }
  if (assigned_) {
    if (absl::Status taken = TakeOver(); !taken.ok()) {
      logger_.Warning("cannot take over partitions",
                      {{"consumer", options_.name}, {"error", taken.ToString()}});
      return Backoff();
    }
    return absl::ZeroDuration();
  }
  if (absl::Status admitted = Admit(std::move(polled->records)); !admitted.ok()) {
    logger_.Warning("cannot seek in the event log",
                    {{"consumer", options_.name}, {"error", admitted.ToString()}});
    Abandon("cannot seek");
    return Backoff();
  }
  if (pending_.empty()) {
    Report();
    const absl::Duration idle = clock_.Steady() + kIdle;
    return unreported_.empty() ? idle : std::min(idle, report_due_);
  }
  pending_since_ = clock_.Steady();
  return Process();
}

absl::Status Consumer::TakeOver() {
  std::sort(assigned_->begin(), assigned_->end());
  std::map<events::Partition, Owned> owned;
  RETURN_IF_ERROR(database_.Transact(
      {.deadline = clock_.Steady() + options_.timeout, .repeatable = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        owned.clear();
        for (const events::Partition& partition : *assigned_) {
          // The epoch shuts out whoever owned the partition before, even with a batch in flight.
          ASSIGN_OR_RETURN(
              storage::Result result,
              transaction.Execute("INSERT INTO consumer_offsets (consumer, topic, partition, next_offset, "
                                  "epoch) VALUES ($1, $2, $3, "
                                  "0, 1) ON CONFLICT (consumer, topic, partition) DO UPDATE SET epoch = "
                                  "consumer_offsets.epoch + 1 "
                                  "RETURNING next_offset, epoch",
                                  {options_.name, partition.topic, int64_t{partition.partition}}));
          owned[partition] = {result.rows.front().Int(0), result.rows.front().Int(1)};
        }
        return absl::OkStatus();
      }));
  std::vector<events::PartitionOffset> offsets;
  for (const auto& [partition, state] : owned) offsets.push_back({partition, state.next_offset});
  RETURN_IF_ERROR(member_->Start(offsets));
  owned_ = std::move(owned);
  assigned_.reset();
  failures_ = 0;
  return absl::OkStatus();
}

absl::Status Consumer::Admit(std::vector<events::Record> records) {
  std::map<events::Partition, int64_t> next;
  // Where the log left offsets out: asked for once more before it is believed.
  std::map<events::Partition, int64_t> seek;
  int64_t skipped = 0;
  pending_.clear();
  for (events::Record& record : records) {
    const events::Partition partition{record.topic, record.partition};
    const auto owned = owned_.find(partition);
    if (owned == owned_.end() || seek.contains(partition)) continue;
    int64_t& expected = next.try_emplace(partition, owned->second.next_offset).first->second;
    if (record.offset < expected) continue;
    if (record.offset > expected) {
      if (!owned->second.sought) {
        owned->second.sought = true;
        seek[partition] = expected;
        continue;
      }
      skipped += record.offset - expected;
    }
    owned->second.sought = false;
    expected = record.offset + 1;
    pending_.push_back(std::move(record));
  }
  if (skipped > 0) {
    std::lock_guard lock(mutex_);
    stats_.skipped_offsets += skipped;
  }
  std::vector<events::PartitionOffset> offsets;
  for (const auto& [partition, offset] : seek) offsets.push_back({partition, offset});
  return offsets.empty() ? absl::OkStatus() : member_->Start(offsets);
}

void Consumer::Abandon(std::string_view why) {
  logger_.Info("gives its partitions back", {{"consumer", options_.name}, {"reason", std::string(why)}});
  owned_.clear();
  unreported_.clear();
  pending_.clear();
  assigned_.reset();
  singly_ = 0;
  if (absl::Status left = member_->Rejoin(); !left.ok()) member_.reset();
}

absl::Duration Consumer::Process() {
  const size_t count = singly_ > 0 ? 1 : pending_.size();
  const std::span<const events::Record> records(pending_.data(), count);
  absl::Status processed = ProcessRecords(records, {});
  const bool internal = absl::IsInternal(processed);
  internal_failures_ = internal ? internal_failures_ + 1 : 0;
  if (IsPermanent(processed) || (internal && internal_failures_ >= options_.max_tries)) {
    internal_failures_ = 0;
    if (count > 1) {
      singly_ = count;
      return absl::ZeroDuration();
    }
    logger_.Error("parks a record", {{"consumer", options_.name},
                                     {"topic", records[0].topic},
                                     {"partition", std::to_string(records[0].partition)},
                                     {"offset", std::to_string(records[0].offset)},
                                     {"reason", std::string(processed.message())}});
    processed = ProcessRecords(records, {{PositionOf(records[0]), std::string(processed.message())}});
  }
  if (processed.ok()) {
    Advance(records);
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(count));
    if (singly_ > 0) --singly_;
    failures_ = 0;
    return absl::ZeroDuration();
  }
  if (absl::IsCancelled(processed)) {
    {
      std::lock_guard lock(mutex_);
      ++stats_.fenced;
    }
    Abandon("another member moved the offsets");
    return absl::ZeroDuration();
  }
  logger_.Warning("holds a batch", {{"consumer", options_.name}, {"error", processed.ToString()}});
  if (clock_.Steady() - pending_since_ > kLongestHold) Abandon("the store did not take the batch");
  return Backoff();
}

void Consumer::Advance(std::span<const events::Record> records) {
  for (const events::Record& record : records) {
    const events::Partition partition{record.topic, record.partition};
    owned_[partition].next_offset = unreported_[partition] = record.offset + 1;
  }
  Report();
}

void Consumer::Report() {
  if (unreported_.empty() || clock_.Steady() < report_due_) return;
  std::vector<events::PartitionOffset> offsets;
  for (const auto& [partition, next] : std::exchange(unreported_, {})) offsets.push_back({partition, next});
  member_->Report(offsets);
  report_due_ = clock_.Steady() + kReportInterval;
}

std::vector<storage::Row> Consumer::Moves(std::span<const events::Record> records) const {
  std::map<events::Partition, int64_t> reached;
  for (const events::Record& record : records) reached[{record.topic, record.partition}] = record.offset + 1;
  std::vector<storage::Row> rows;
  for (const auto& [partition, next] : reached) {
    const Owned& owned = owned_.at(partition);
    rows.emplace_back(std::vector<storage::Value>{
        options_.name, partition.topic, int64_t{partition.partition}, owned.next_offset, owned.epoch, next});
  }
  return rows;
}

absl::Status Consumer::ProcessRecords(std::span<const events::Record> records, Rejected rejected) {
  Sequencer sequencer(options_.name, handler_);
  SequencerCounts counts;
  const std::vector<storage::Row> moves = Moves(records);
  bool again;
  absl::Status status;
  do {
    // Set by the function only, which is not called when the store is away.
    again = false;
    status = database_.Transact(
        {.deadline = clock_.Steady() + options_.timeout, .repeatable = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          again = false;
          counts = {};
          ASSIGN_OR_RETURN(const storage::Deferred moved, transaction.DeferMany(kMoveOffsets, moves));
          absl::Status applied =
              sequencer.Apply(transaction, records, {}, clock_.Now(), rejected, again, counts);
          // The fence is looked at last, so that it costs no round trip, and counts
          // before what the handler says.
          if (!moved.answered()) RETURN_IF_ERROR(transaction.Settle());
          if (moved->affected == static_cast<int64_t>(moves.size())) return applied;
          again = false;
          return absl::CancelledError("fenced");
        });
  } while (again);
  if (status.ok()) {
    std::lock_guard lock(mutex_);
    stats_.records += counts.applied;
    stats_.parked += counts.parked;
    stats_.duplicates += counts.duplicates;
    ++stats_.batches;
  }
  return status;
}

absl::Status Consumer::Retry(std::string_view topic, int32_t partition, int64_t offset,
                             absl::Duration deadline) {
  return Resolve(topic, partition, offset, true, deadline);
}

absl::Status Consumer::Skip(std::string_view topic, int32_t partition, int64_t offset,
                            absl::Duration deadline) {
  return Resolve(topic, partition, offset, false, deadline);
}

absl::Status Consumer::Resolve(std::string_view topic, int32_t partition, int64_t offset, bool apply,
                               absl::Duration deadline) {
  Sequencer sequencer(options_.name, handler_);
  Rejected rejected;
  SequencerCounts counts;
  bool again;
  // Whether the record was there and came to its turn.
  bool tried = false;
  absl::Status status;
  do {
    again = false;
    status =
        database_.Transact({.deadline = deadline}, [&](storage::Transaction& transaction) -> absl::Status {
          again = false;
          counts = {};
          ASSIGN_OR_RETURN(ParkedRecord parked,
                           GetParked(transaction, options_.name, topic, partition, offset));
          tried = true;
          const Sequencer::Key key{parked.record.topic, parked.record.key};
          ASSIGN_OR_RETURN(const int64_t seen, sequencer.Seen(transaction, key));
          if (!apply) RETURN_IF_ERROR(CheckFirstOfItsKey(transaction, parked, seen));
          RETURN_IF_ERROR(DeleteParked(transaction, {parked}));
          std::set<Sequencer::Key> unblocked;
          std::span<const events::Record> records;
          if (apply) {
            records = {&parked.record, 1};
          } else if (parked.seq > 0) {
            if (parked.seq > seen) RETURN_IF_ERROR(sequencer.SetSeen(transaction, {{key, parked.seq}}));
            unblocked.insert(key);
          }
          RETURN_IF_ERROR(
              sequencer.Apply(transaction, records, unblocked, clock_.Now(), rejected, again, counts));
          if (!apply) return absl::OkStatus();
          // A retry that would only park the record again changes nothing.
          auto still = GetParked(transaction, options_.name, topic, partition, offset);
          if (!still.ok()) return absl::IsNotFound(still.status()) ? absl::OkStatus() : still.status();
          tried = still->state != kWaiting;
          return absl::FailedPreconditionError(still->reason);
        });
  } while (again);
  if (!apply || !tried || !(IsPermanent(status) || absl::IsInternal(status))) return status;
  // Nothing of the try was kept, so that it is counted in a transaction of its own.
  absl::Status fault = absl::FailedPreconditionError(status.message());
  RETURN_IF_ERROR(
      database_.Transact({.deadline = deadline}, [&](storage::Transaction& transaction) -> absl::Status {
        return CountTry(transaction, options_.name, topic, partition, offset, std::string(fault.message()));
      }));
  return fault;
}

}  // namespace finalmile::outbox
