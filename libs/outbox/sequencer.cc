#include "libs/outbox/sequencer.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/outbox.h"
#include "libs/outbox/parked.h"

namespace finalmile::outbox {
namespace {

// A record that wants its turn: fresh from the log, or parked earlier.
struct Candidate {
  const events::Record* record = nullptr;
  int64_t seq = 0;
  const ParkedRecord* parked = nullptr;
};

}  // namespace

absl::StatusOr<std::map<Sequencer::Key, int64_t>> Sequencer::LockSeen(storage::Transaction& transaction,
                                                                      const std::set<Key>& keys) {
  std::vector<storage::Row> rows;
  rows.reserve(keys.size());
  for (const auto& [topic, key] : keys) rows.emplace_back(std::vector<storage::Value>{consumer_, topic, key});
  // A row for every key, so that a retry and the consumer meet on its lock.
  RETURN_IF_ERROR(
      transaction
          .DeferMany("INSERT INTO consumer_seqs (consumer, topic, key, seq) SELECT r.consumer, r.topic, "
                     "r.key, 0 FROM "
                     "{rows: consumer TEXT, topic TEXT, key TEXT} AS r WHERE TRUE ON CONFLICT DO NOTHING",
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
  for (const storage::Row& row : result.rows) seen[{row.Text(0), row.Text(1)}] = row.Int(2);
  return seen;
}

absl::StatusOr<int64_t> Sequencer::Seen(storage::Transaction& transaction, const Key& key) {
  ASSIGN_OR_RETURN(auto seen, LockSeen(transaction, {key}));
  return seen[key];
}

absl::Status Sequencer::SetSeen(storage::Transaction& transaction, const std::map<Key, int64_t>& seqs) {
  std::vector<storage::Row> rows;
  for (const auto& [key, seq] : seqs)
    rows.emplace_back(std::vector<storage::Value>{consumer_, key.first, key.second, seq});
  return transaction
      .DeferMany(
          "UPDATE consumer_seqs SET seq = r.seq FROM {rows: consumer TEXT, topic TEXT, key TEXT, seq BIGINT} "
          "AS r WHERE "
          "consumer_seqs.consumer = r.consumer AND consumer_seqs.topic = r.topic AND consumer_seqs.key = "
          "r.key",
          rows)
      .status();
}

absl::Status Sequencer::Apply(storage::Transaction& transaction, std::span<const events::Record> records,
                              const std::set<Key>& unblocked, absl::Time now, Rejected& rejected, bool& again,
                              SequencerCounts& counts) {
  std::vector<Delivery> deliveries;
  std::vector<ParkedRecord> to_park;
  std::vector<ParkedRecord> drained;
  auto park = [&](const Candidate& candidate, std::string_view state, std::string reason) {
    to_park.push_back(
        {consumer_, *candidate.record, candidate.seq, std::string(state), std::move(reason), 1, now});
  };

  std::map<Key, std::vector<Candidate>> sequenced;
  for (const Key& key : unblocked) sequenced[key];
  for (const events::Record& record : records) {
    const auto seq = SeqOf(record);
    const auto fault = rejected.find(PositionOf(record));
    if (!seq.ok()) {
      park({&record}, kFailed, std::string(seq.status().message()));
    } else if (*seq > 0) {
      sequenced[{record.topic, record.key}].push_back({&record, *seq});
    } else if (fault != rejected.end()) {
      park({&record}, kFailed, fault->second);
    } else {
      deliveries.push_back({&record, 0});
    }
  }

  std::deque<ParkedRecord> waiting;
  std::map<Key, int64_t> advanced;
  if (!sequenced.empty()) {
    std::set<Key> keys;
    std::map<std::string, std::vector<std::string>> by_topic;
    for (const auto& [key, candidates] : sequenced) {
      keys.insert(key);
      by_topic[key.first].push_back(key.second);
    }
    ASSIGN_OR_RETURN(auto seen, LockSeen(transaction, keys));
    for (const auto& [topic, names] : by_topic) {
      ASSIGN_OR_RETURN(std::vector<ParkedRecord> parked, ParkedOfKeys(transaction, consumer_, topic, names));
      for (ParkedRecord& record : parked) {
        if (record.seq == 0) continue;
        const ParkedRecord& kept = waiting.emplace_back(std::move(record));
        sequenced[{topic, kept.record.key}].push_back({&kept.record, kept.seq, &kept});
      }
    }
    for (auto& [key, candidates] : sequenced) {
      std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
        return std::pair(a.seq, a.parked == nullptr) < std::pair(b.seq, b.parked == nullptr);
      });
      int64_t last = seen[key];
      bool blocked = false;
      for (const Candidate& candidate : candidates) {
        if (candidate.seq <= last) {
          ++counts.duplicates;
          if (candidate.parked != nullptr) drained.push_back(*candidate.parked);
          continue;
        }
        const auto fault = rejected.find(PositionOf(*candidate.record));
        const bool failed =
            fault != rejected.end() || (candidate.parked != nullptr && candidate.parked->state == kFailed);
        // Whatever is wrong with a record, behind another one it waits: given up before its turn, it would
        // take those before it along.
        const bool behind = blocked || candidate.seq > last + 1;
        blocked = behind || failed;
        if (!blocked) {
          deliveries.push_back({candidate.record, candidate.seq});
          if (candidate.parked != nullptr) drained.push_back(*candidate.parked);
          last = candidate.seq;
        } else if (fault != rejected.end() && !behind) {
          park(candidate, kFailed, fault->second);
        } else if (candidate.parked == nullptr) {
          park(candidate, kWaiting, fmt::format("waits for seq {} of its key", last + 1));
        }
      }
      if (last > seen[key]) advanced[key] = last;
    }
  }

  counts.applied = static_cast<int64_t>(deliveries.size());
  if (!deliveries.empty()) {
    Batch batch(std::move(deliveries));
    RETURN_IF_ERROR(handler_.Apply(transaction, batch));
    for (const auto& [index, reason] : batch.parked()) {
      const Delivery& delivery = batch.deliveries()[index];
      --counts.applied;
      if (delivery.seq == 0) {
        park({delivery.record}, kFailed, reason);
      } else {
        rejected.emplace(PositionOf(*delivery.record), reason);
        again = true;
      }
    }
    if (again) return absl::CancelledError("a record with a seq was parked");
  }
  counts.parked = static_cast<int64_t>(to_park.size());
  RETURN_IF_ERROR(SetSeen(transaction, advanced));
  if (!drained.empty()) RETURN_IF_ERROR(DeleteParked(transaction, drained));
  return to_park.empty() ? absl::OkStatus() : InsertParked(transaction, to_park);
}

}  // namespace finalmile::outbox
