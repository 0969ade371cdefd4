#include "libs/outbox/consumer.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace finalmile::outbox {
namespace {

constexpr absl::Duration kIdle = absl::Seconds(5);
// A transaction with less time than this is not begun.
constexpr absl::Duration kShortestTry = absl::Seconds(5);
// A fault of which nothing more is heard for so long is over: another member has the partitions.
constexpr absl::Duration kForgetFault = absl::Seconds(30);
constexpr size_t kLongestReason = 300;
// Telling the log costs it a write; lag displays do not look more often.
constexpr absl::Duration kReportInterval = absl::Seconds(1);

constexpr std::string_view kMoveOffsets =
    "UPDATE consumer_offsets SET next_offset = r.next FROM {rows: consumer TEXT, topic TEXT, partition "
    "BIGINT, expected BIGINT, epoch BIGINT, next BIGINT} AS r WHERE consumer_offsets.consumer = r.consumer "
    "AND consumer_offsets.topic = r.topic AND consumer_offsets.partition = r.partition AND "
    "consumer_offsets.next_offset = r.expected AND consumer_offsets.epoch = r.epoch";

// The trace that all records carry; nullopt: several, or none.
std::optional<TraceContext> OneTrace(std::span<const events::Record> records) {
  const std::optional<TraceContext> first = TraceOf(records.front().headers);
  const bool same = std::all_of(records.begin(), records.end(), [&](const events::Record& record) {
    return TraceOf(record.headers) == first;
  });
  return same ? first : std::nullopt;
}

}  // namespace

Consumer::Consumer(ConsumerOptions options, storage::Database& database, events::EventLog& log, Clock& clock,
                   Log& logger, Handler& handler, Tracer* tracer)
    : options_(std::move(options)),
      database_(database),
      clock_(clock),
      log_(log),
      logger_(logger),
      handler_(handler),
      tracer_(tracer),
      wake_(clock.NewWaitEvent()) {}

Consumer::~Consumer() = default;

ConsumerStats Consumer::stats() const {
  std::lock_guard lock(mutex_);
  ConsumerStats stats = stats_;
  if (held_since_) stats.held = std::max(clock_.Steady() - *held_since_, absl::Nanoseconds(1));
  return stats;
}

void Consumer::Hold(const absl::Status& status) {
  std::lock_guard lock(mutex_);
  failed_at_ = clock_.Steady();
  if (!held_since_) held_since_ = failed_at_;
  stats_.held_reason =
      Printable(fmt::format("{}: {}", absl::StatusCodeToString(status.code()), std::string(status.message())),
                kLongestReason);
}

void Consumer::GoOn() {
  failures_ = 0;
  held_by_batch_ = false;
  if (drain_fails_) return;
  std::lock_guard lock(mutex_);
  held_since_.reset();
  stats_.held_reason.clear();
}

absl::Duration Consumer::Deadline() const {
  return std::min(clock_.Steady() + options_.timeout, polled_at_ + kLongestHold);
}

bool Consumer::MustPoll() const { return clock_.Steady() + kShortestTry > polled_at_ + kLongestHold; }

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
    polled_at_ = clock_.Steady();
  }
  if (!pending_.empty()) return Process();
  if (!MustPoll() && draining_.exchange(false)) {
    const absl::StatusOr<bool> drained = DrainOne(Deadline());
    drain_fails_ = !drained.ok();
    if (!drained.ok()) {
      logger_.Warning("cannot apply what waited",
                      {{"consumer", options_.name}, {"error", drained.status().ToString()}});
      Hold(drained.status());
    }
    if (!drained.ok() || *drained) draining_ = true;
    // The log is asked all the same, so that other keys go on and a new assignment is heard of.
    const absl::Duration next = Poll();
    if (!drained.ok()) return pending_.empty() ? Backoff() : next;
    return *drained ? absl::ZeroDuration() : next;
  }
  return Poll();
}

absl::Duration Consumer::Poll() {
  polled_at_ = clock_.Steady();
  auto polled = member_->Poll(options_.max_records);
  if (!polled.ok()) {
    logger_.Warning("cannot read from the event log",
                    {{"consumer", options_.name}, {"error", polled.status().ToString()}});
    return Backoff();
  }
  if (polled->assigned) {
    owned_.clear();
    truncated_.clear();
    unreported_.clear();
    assigned_ = std::move(polled->partitions);
    std::lock_guard lock(mutex_);
    ++stats_.rebalances;
  }
  Note(polled->truncated);
  if (assigned_) {
    if (absl::Status taken = TakeOver(); !taken.ok()) {
      logger_.Warning("cannot take over partitions",
                      {{"consumer", options_.name}, {"error", taken.ToString()}});
      Hold(taken);
      return Backoff();
    }
    return absl::ZeroDuration();
  }
  if (!owned_.empty() && clock_.Steady() >= look_due_ && !LookAtStore()) {
    Abandon("its place was moved");
    return absl::ZeroDuration();
  }
  if (absl::Status admitted = Admit(std::move(polled->records)); !admitted.ok()) {
    logger_.Warning("cannot seek in the event log",
                    {{"consumer", options_.name}, {"error", admitted.ToString()}});
    Abandon("cannot seek");
    return Backoff();
  }
  if (!pending_.empty()) return Process();
  Report();
  if (clock_.Steady() - failed_at_ > kForgetFault) GoOn();
  const absl::Duration idle = clock_.Steady() + kIdle;
  return unreported_.empty() ? idle : std::min(idle, report_due_);
}

void Consumer::Note(const std::vector<events::PartitionOffset>& truncated) {
  for (const auto& [partition, first] : truncated) {
    logger_.Error("the log no longer holds what comes next; the partition stands still",
                  {{"consumer", options_.name},
                   {"topic", partition.topic},
                   {"partition", std::to_string(partition.partition)},
                   {"first_offset", std::to_string(first)}});
    truncated_.insert(partition);
  }
  std::lock_guard lock(mutex_);
  stats_.truncated = static_cast<int64_t>(truncated_.size());
}

bool Consumer::LookAtStore() {
  look_due_ = clock_.Steady() + kIdle;
  std::map<events::Partition, int64_t> epochs;
  std::optional<ParkedRecord> ready;
  const absl::Status read = database_.Transact(
      {.deadline = Deadline(), .read_only = true}, [&](storage::Transaction& transaction) -> absl::Status {
        epochs.clear();
        ASSIGN_OR_RETURN(
            const storage::Result result,
            transaction.Execute("SELECT topic, partition, epoch FROM consumer_offsets WHERE consumer = $1",
                                {options_.name}));
        for (const storage::Row& row : result.rows)
          epochs[{row.Text(0), static_cast<int32_t>(row.Int(1))}] = row.Int(2);
        ASSIGN_OR_RETURN(ready, FirstReady(transaction, options_.name));
        return absl::OkStatus();
      });
  if (!read.ok()) return true;
  // The process that made it ready did not learn that its commit took effect, or it ended before it went on.
  if (ready) {
    draining_ = true;
    wake_->Set();
  }
  return std::all_of(owned_.begin(), owned_.end(), [&](const auto& owned) {
    const auto epoch = epochs.find(owned.first);
    return epoch != epochs.end() && epoch->second == owned.second.epoch;
  });
}

absl::Status Consumer::TakeOver() {
  std::sort(assigned_->begin(), assigned_->end());
  std::map<events::Partition, Owned> owned;
  RETURN_IF_ERROR(database_.Transact(
      {.deadline = Deadline(), .repeatable = true}, [&](storage::Transaction& transaction) -> absl::Status {
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
  if (!held_by_batch_) GoOn();
  look_due_ = clock_.Steady() + kIdle;
  // Whoever had the partitions may have left something that is ready.
  draining_ = true;
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
  truncated_.clear();
  unreported_.clear();
  pending_.clear();
  assigned_.reset();
  singly_ = 0;
  if (absl::Status left = member_->Rejoin(); !left.ok()) member_.reset();
}

absl::Duration Consumer::Process() {
  if (MustPoll()) {
    // The rest is read again from where the store is.
    Abandon("it has held its records for too long");
    return absl::ZeroDuration();
  }
  const size_t count = singly_ > 0 ? 1 : pending_.size();
  const std::span<const events::Record> records(pending_.data(), count);
  const TraceScope scope(OneTrace(records));
  bool fenced = false;
  absl::Status processed = ProcessRecords(records, {}, fenced);
  if (IsRecordFault(processed)) {
    if (singly_ == 0) {
      singly_ = count;
      return absl::ZeroDuration();
    }
    logger_.Error("parks a record",
                  {{"consumer", options_.name},
                   {"topic", records[0].topic},
                   {"partition", std::to_string(records[0].partition)},
                   {"offset", std::to_string(records[0].offset)},
                   {"reason", Printable(std::string(processed.message()), kLongestReason)}});
    processed = ProcessRecords(records, {{PositionOf(records[0]), std::string(processed.message())}}, fenced);
  }
  if (processed.ok()) {
    Advance(records);
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(count));
    if (singly_ > 0) --singly_;
    GoOn();
    return absl::ZeroDuration();
  }
  if (fenced) {
    {
      std::lock_guard lock(mutex_);
      ++stats_.fenced;
    }
    GoOn();
    Abandon("another member moved the offsets");
    return absl::ZeroDuration();
  }
  logger_.Warning("holds a batch", {{"consumer", options_.name}, {"error", processed.ToString()}});
  Hold(processed);
  held_by_batch_ = true;
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

absl::Status Consumer::ProcessRecords(std::span<const events::Record> records, Rejected rejected,
                                      bool& fenced) {
  BatchSpans spans(tracer_, SpanKind::kConsumer, "process", log_.system());
  for (const events::Record& record : records) spans.Add(record.topic, record.headers);
  spans.Set("messaging.consumer.group.name", options_.name);
  // A fault of a record that runs alone must be its own.
  Sequencer sequencer(options_.name, handler_, singly_ > 0 ? 0 : Sequencer::kMostDrained, spans);
  SequencerCounts counts;
  const std::vector<storage::Row> moves = Moves(records);
  bool again;
  absl::Status status;
  do {
    // Set by the function only, which is not called when the store is away.
    again = fenced = false;
    status = database_.Transact(
        {.deadline = Deadline(), .repeatable = true}, [&](storage::Transaction& transaction) -> absl::Status {
          again = fenced = false;
          counts = {};
          ASSIGN_OR_RETURN(const storage::Deferred moved, transaction.DeferMany(kMoveOffsets, moves));
          absl::Status applied =
              sequencer.Apply(transaction, records, {}, clock_.Now(), rejected, again, counts);
          // The fence is looked at last, so that it costs no round trip, and counts
          // before what the handler says.
          if (!moved.answered()) RETURN_IF_ERROR(transaction.Settle());
          if (moved->affected == static_cast<int64_t>(moves.size())) return applied;
          again = false;
          fenced = true;
          return absl::CancelledError("another member has the partition");
        });
  } while (again);
  spans.End(status);
  if (status.ok()) {
    if (counts.more) draining_ = true;
    std::lock_guard lock(mutex_);
    stats_.records += counts.applied;
    stats_.parked += counts.parked;
    stats_.duplicates += counts.duplicates;
    ++stats_.batches;
  }
  return status;
}

}  // namespace finalmile::outbox
