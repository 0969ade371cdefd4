// What a consumer does with the records that are parked.
#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/consumer.h"

namespace finalmile::outbox {

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
  // What follows keeps the trace that the record carries.
  const BatchSpans spans(nullptr, SpanKind::kConsumer, "process", log_.system());
  Sequencer sequencer(options_.name, handler_, 0, spans);
  Rejected rejected;
  SequencerCounts counts;
  bool again;
  // Whether the record was there, and whether it was its turn.
  bool found = false;
  bool tried = false;
  absl::Status status;
  do {
    again = false;
    status =
        database_.Transact({.deadline = deadline}, [&](storage::Transaction& transaction) -> absl::Status {
          again = found = tried = false;
          counts = {};
          // Read once for its key, and once behind the lock of the key.
          ASSIGN_OR_RETURN(ParkedRecord parked,
                           GetParked(transaction, options_.name, topic, partition, offset));
          const Key key{parked.record.topic, parked.record.key};
          ASSIGN_OR_RETURN(const int64_t seen, sequencer.Seen(transaction, key));
          ASSIGN_OR_RETURN(parked, GetParked(transaction, options_.name, topic, partition, offset));
          found = true;
          if (!apply) {
            // Giving up a record makes all before it count as seen.
            ASSIGN_OR_RETURN(const auto first,
                             FirstParkedBetween(transaction, options_.name, key, seen, parked.seq));
            if (first) {
              return RecordFault(fmt::format(
                  "seq {} of its key is parked before it, at partition {} offset {}: retry or skip that one "
                  "first",
                  first->seq, std::get<1>(first->position), std::get<2>(first->position)));
            }
          }
          tried = apply;
          RETURN_IF_ERROR(DeleteParked(transaction, options_.name, {PositionOf(parked.record)}));
          std::set<Key> unblocked;
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
          tried = still->state == kFailed;
          return RecordFault(still->reason);
        });
  } while (again);
  if (status.ok()) {
    // As far as the time allows; the consumer does the rest.
    if (counts.more) {
      absl::StatusOr<bool> drained = true;
      while (drained.ok() && *drained) drained = DrainOne(deadline);
      if (!drained.ok()) {
        draining_ = true;
        wake_->Set();
      }
    }
    return status;
  }
  if (IsRecordFault(status)) {
    // Nothing of the try was kept, so that it is counted in a transaction of its own.
    if (tried) {
      RETURN_IF_ERROR(
          database_.Transact({.deadline = deadline}, [&](storage::Transaction& transaction) -> absl::Status {
            return MarkFailed(transaction, options_.name,
                              {{Position{topic, partition, offset}, std::string(status.message())}});
          }));
    }
    return absl::FailedPreconditionError(status.message());
  }
  // Not to be taken for one of the answers above.
  const bool answer = absl::IsNotFound(status) || absl::IsFailedPrecondition(status);
  return found && answer ? absl::InternalError(status.message()) : status;
}

absl::StatusOr<bool> Consumer::DrainOne(absl::Duration deadline) {
  Rejected rejected;
  SequencerCounts counts;
  bool found;
  bool again;
  absl::Status status;
  // One by one once a record of the many has a fault, which is then that record's.
  int64_t most = Sequencer::kMostDrained;
  const BatchSpans spans(nullptr, SpanKind::kConsumer, "process", log_.system());
  while (true) {
    Sequencer sequencer(options_.name, handler_, most, spans);
    do {
      found = again = false;
      status = database_.Transact(
          {.deadline = deadline, .repeatable = true}, [&](storage::Transaction& transaction) -> absl::Status {
            found = again = false;
            counts = {};
            ASSIGN_OR_RETURN(const std::optional<ParkedRecord> ready, FirstReady(transaction, options_.name));
            if (!ready) return absl::OkStatus();
            found = true;
            return sequencer.Apply(transaction, {}, {{ready->record.topic, ready->record.key}}, clock_.Now(),
                                   rejected, again, counts);
          });
    } while (again);
    if (!IsRecordFault(status)) break;
    if (most > 1) {
      most = 1;
    } else if (counts.drained && rejected.emplace(*counts.drained, std::string(status.message())).second) {
      logger_.Error("parks a record", {{"consumer", options_.name},
                                       {"topic", std::get<0>(*counts.drained)},
                                       {"partition", std::to_string(std::get<1>(*counts.drained))},
                                       {"offset", std::to_string(std::get<2>(*counts.drained))}});
    } else {
      break;
    }
  }
  RETURN_IF_ERROR(status);
  std::lock_guard lock(mutex_);
  stats_.records += counts.applied;
  stats_.parked += counts.parked;
  stats_.duplicates += counts.duplicates;
  return found;
}

}  // namespace finalmile::outbox
