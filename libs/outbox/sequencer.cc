#include "libs/outbox/sequencer.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <typeinfo>

#include "libs/base/status.h"
#include "libs/outbox/keys.h"
#include "libs/outbox/outbox.h"

namespace finalmile::outbox {
namespace {

// Positions of parked records that a transaction reads beyond what its own records reach, over all keys, and
// the fewest for one key.
constexpr int64_t kWindow = 1024;
constexpr int64_t kLeastWindow = 4;

}  // namespace

struct Sequencer::Plan {
  Plan(std::string_view consumer, absl::Time now, int64_t most_drained)
      : consumer_(consumer), now_(now), most_drained_(most_drained) {}

  void Park(const events::Record& record, int64_t seq, std::string_view state, std::string reason) {
    to_park.push_back({std::string(consumer_), record, seq, std::string(state), std::move(reason), 1, now_});
  }
  // Whether a parked record of so many bytes still fits into the transaction.
  bool Drain(int64_t bytes) {
    if (drained_ == most_drained_ || (drained_ > 0 && drained_bytes_ + bytes > kMostDrainedBytes))
      return false;
    ++drained_;
    drained_bytes_ += bytes;
    return true;
  }

  // In the order in which they are handed over.
  std::vector<Candidate> to_apply;
  std::vector<ParkedRecord> to_park;
  // Parked records that are parked no more, that were ready and are not, and that fail now.
  std::vector<Position> to_delete;
  std::vector<Position> to_wait;
  std::map<Position, std::string> to_fail;
  // Keys whose seq grows, and the next seq of those of which more may be ready.
  std::map<Key, int64_t> seen;
  std::map<Key, int64_t> cut;
  int64_t duplicates = 0;

 private:
  const std::string_view consumer_;
  const absl::Time now_;
  const int64_t most_drained_;
  int64_t drained_ = 0;
  int64_t drained_bytes_ = 0;
};

absl::StatusOr<std::map<Key, int64_t>> Sequencer::LockSeen(storage::Transaction& transaction,
                                                           const std::set<Key>& keys) {
  std::vector<storage::Row> rows;
  rows.reserve(keys.size());
  std::map<std::pair<std::string, std::string>, Key> names;
  for (const Key& key : keys) {
    std::string name = KeyName(key.second);
    names.emplace(std::pair(key.first, name), key);
    rows.emplace_back(std::vector<storage::Value>{consumer_, key.first, std::move(name)});
  }
  // A row for every key, so that a retry and the consumer meet on its lock.
  RETURN_IF_ERROR(
      transaction
          .DeferMany("INSERT INTO consumer_seqs (consumer, topic, key, seq) SELECT r.consumer, r.topic, "
                     "r.key, 0 FROM {rows: consumer TEXT, topic TEXT, key TEXT} AS r WHERE TRUE ON CONFLICT "
                     "DO NOTHING",
                     rows)
          .status());
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany(
          "SELECT s.topic, s.key, s.seq FROM {rows: consumer TEXT, topic TEXT, key TEXT} AS r JOIN "
          "consumer_seqs AS s ON s.consumer = r.consumer AND s.topic = r.topic AND s.key = r.key "
          "ORDER BY s.topic, s.key {for_update}",
          rows));
  std::map<Key, int64_t> seen;
  for (const storage::Row& row : result.rows) seen[names.at({row.Text(0), row.Text(1)})] = row.Int(2);
  return seen;
}

absl::StatusOr<int64_t> Sequencer::Seen(storage::Transaction& transaction, const Key& key) {
  ASSIGN_OR_RETURN(auto seen, LockSeen(transaction, {key}));
  return seen[key];
}

absl::Status Sequencer::SetSeen(storage::Transaction& transaction, const std::map<Key, int64_t>& seqs) {
  std::vector<storage::Row> rows;
  for (const auto& [key, seq] : seqs)
    rows.emplace_back(std::vector<storage::Value>{consumer_, key.first, KeyName(key.second), seq});
  return transaction
      .DeferMany(
          "UPDATE consumer_seqs SET seq = r.seq FROM {rows: consumer TEXT, topic TEXT, key TEXT, seq BIGINT} "
          "AS r WHERE consumer_seqs.consumer = r.consumer AND consumer_seqs.topic = r.topic AND "
          "consumer_seqs.key = r.key",
          rows)
      .status();
}

void Sequencer::Arrange(const Key& key, std::vector<Candidate>& candidates, int64_t upto,
                        const Rejected& rejected, int64_t& last, Plan& plan) const {
  const int64_t before = last;
  bool blocked = false;
  bool cut = false;
  for (const Candidate& candidate : candidates) {
    const Position position =
        candidate.parked == nullptr ? PositionOf(*candidate.record) : candidate.parked->position;
    if (candidate.seq <= last) {
      ++plan.duplicates;
      if (candidate.parked != nullptr) plan.to_delete.push_back(position);
      continue;
    }
    const auto fault = rejected.find(position);
    // Whatever is wrong with a record, behind another one it waits: given up before its turn, it would take
    // those before it along.
    const bool behind = blocked || candidate.seq - 1 > last;
    const bool failed = fault != rejected.end() || (candidate.parked != nullptr && candidate.parked->failed);
    if (!behind && !failed) {
      cut = candidate.seq > upto || (candidate.parked != nullptr && !plan.Drain(candidate.parked->bytes));
    }
    blocked = behind || failed || cut;
    if (!blocked) {
      plan.to_apply.push_back(candidate);
      if (candidate.parked != nullptr) plan.to_delete.push_back(position);
      last = candidate.seq;
    } else if (fault != rejected.end() && !behind) {
      if (candidate.parked == nullptr) {
        plan.Park(*candidate.record, candidate.seq, kFailed, fault->second);
      } else {
        plan.to_fail.emplace(position, fault->second);
      }
    } else if (candidate.parked == nullptr) {
      plan.Park(*candidate.record, candidate.seq, kWaiting,
                fmt::format("waits for seq {} of its key", last + 1));
    } else if (candidate.parked->ready) {
      plan.to_wait.push_back(position);
    }
  }
  if (last > before) plan.seen[key] = last;
  // What is next may be parked beyond the positions read.
  if (cut || last >= upto) plan.cut[key] = last + 1;
}

absl::Status Sequencer::Handle(storage::Transaction& transaction, Batch& batch) const {
  const SpanScope scope(spans_.tracer(), batch.trace());
  // Its text may quote the record, and so is not passed on.
  try {
    return handler_.Apply(transaction, batch);
  } catch (const std::exception& thrown) {
    return absl::InternalError(
        fmt::format("the handler threw an exception of type {}", typeid(thrown).name()));
  } catch (...) {
    return absl::InternalError("the handler threw an exception");
  }
}

absl::Status Sequencer::Apply(storage::Transaction& transaction, std::span<const events::Record> records,
                              const std::set<Key>& unblocked, absl::Time now, Rejected& rejected, bool& again,
                              SequencerCounts& counts) {
  Plan plan(consumer_, now, most_drained_);
  std::map<Key, std::vector<Candidate>> sequenced;
  for (const Key& key : unblocked) sequenced[key];
  for (const events::Record& record : records) {
    const auto seq = SeqOf(record);
    const auto fault = rejected.find(PositionOf(record));
    if (!seq.ok()) {
      plan.Park(record, 0, kFailed, std::string(seq.status().message()));
    } else if (*seq > 0) {
      sequenced[{record.topic, record.key}].push_back({*seq, &record});
    } else if (fault != rejected.end()) {
      plan.Park(record, 0, kFailed, fault->second);
    } else {
      plan.to_apply.push_back({0, &record});
    }
  }

  std::map<Key, std::vector<ParkedHead>> heads;
  if (!sequenced.empty()) {
    std::set<Key> keys;
    for (const auto& [key, candidates] : sequenced) keys.insert(key);
    ASSIGN_OR_RETURN(auto seen, LockSeen(transaction, keys));
    const int64_t window = kLeastWindow + kWindow / static_cast<int64_t>(keys.size());
    std::map<Key, int64_t> upto;
    for (auto& [key, candidates] : sequenced) {
      std::sort(candidates.begin(), candidates.end(),
                [](const Candidate& a, const Candidate& b) { return a.seq < b.seq; });
      int64_t reached = seen[key];
      for (const Candidate& candidate : candidates) {
        if (candidate.seq == reached + 1) ++reached;
      }
      upto[key] = reached + window;
    }
    ASSIGN_OR_RETURN(heads, ParkedUpTo(transaction, consumer_, upto));
    for (auto& [key, candidates] : sequenced) {
      for (const ParkedHead& head : heads[key]) candidates.push_back({head.seq, nullptr, &head});
      std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
        return std::pair(a.seq, a.parked == nullptr) < std::pair(b.seq, b.parked == nullptr);
      });
      Arrange(key, candidates, upto[key], rejected, seen[key], plan);
    }
  }

  std::vector<Position> to_load;
  for (const Candidate& candidate : plan.to_apply) {
    if (candidate.parked != nullptr) to_load.push_back(candidate.parked->position);
  }
  if (!to_load.empty()) counts.drained = to_load.front();
  std::map<Position, ParkedRecord> loaded;
  if (!to_load.empty()) {
    ASSIGN_OR_RETURN(loaded, LoadParked(transaction, consumer_, to_load));
  }
  std::vector<Delivery> deliveries;
  const auto deliver = [&](const events::Record& record, int64_t seq) {
    deliveries.push_back({&record, seq, spans_.TraceFor(record.topic, record.headers)});
  };
  for (const Candidate& candidate : plan.to_apply) {
    if (candidate.parked == nullptr) {
      deliver(*candidate.record, candidate.seq);
      continue;
    }
    // Whoever deletes it holds the lock of its key, as this transaction does.
    const auto record = loaded.find(candidate.parked->position);
    if (record == loaded.end()) return storage::Conflict("a parked record was removed meanwhile");
    deliver(record->second.record, candidate.seq);
  }

  counts.duplicates = plan.duplicates;
  counts.applied = static_cast<int64_t>(deliveries.size());
  counts.more = !plan.cut.empty();
  if (!deliveries.empty()) {
    Batch batch(std::move(deliveries));
    RETURN_IF_ERROR(Handle(transaction, batch));
    for (const auto& [index, reason] : batch.parked()) {
      const Delivery& delivery = batch.deliveries()[index];
      --counts.applied;
      if (delivery.seq == 0) {
        plan.Park(*delivery.record, 0, kFailed, reason);
      } else {
        rejected.emplace(PositionOf(*delivery.record), reason);
        again = true;
      }
    }
    if (again) return absl::CancelledError("a record with a seq was parked");
  }
  counts.parked = static_cast<int64_t>(plan.to_park.size() + plan.to_fail.size());
  RETURN_IF_ERROR(SetSeen(transaction, plan.seen));
  RETURN_IF_ERROR(DeleteParked(transaction, consumer_, plan.to_delete));
  RETURN_IF_ERROR(MarkWaiting(transaction, consumer_, plan.to_wait));
  RETURN_IF_ERROR(MarkFailed(transaction, consumer_, plan.to_fail));
  RETURN_IF_ERROR(InsertParked(transaction, plan.to_park));
  return MarkReady(transaction, consumer_, plan.cut);
}

}  // namespace finalmile::outbox
