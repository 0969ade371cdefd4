#include "libs/outbox/parked.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/events/headers.h"
#include "libs/outbox/keys.h"

namespace finalmile::outbox {
namespace {

constexpr size_t kLongestReason = 1000;

#define PARKED_HEAD                                                                                   \
  "p.consumer, p.topic, p.partition, p.record_offset, p.key, p.key_bytes, p.seq, p.state, p.reason, " \
  "p.tries, p.parked_time, p.record_time"
#define PARKED_COLUMNS PARKED_HEAD ", p.value, p.headers"

// From PARKED_HEAD.
ParkedRecord HeadFromRow(const storage::Row& row) {
  ParkedRecord parked;
  parked.consumer = row.Text(0);
  parked.record.topic = row.Text(1);
  parked.record.partition = static_cast<int32_t>(row.Int(2));
  parked.record.offset = row.Int(3);
  // Absent where the name of the key is the key.
  parked.record.key = row.Null(5) ? row.Text(4) : row.Blob(5);
  parked.seq = row.Int(6);
  parked.state = row.Text(7);
  parked.reason = row.Text(8);
  parked.tries = row.Int(9);
  parked.parked_time = FromMicros(row.Int(10));
  parked.record.time = FromMicros(row.Int(11));
  return parked;
}

// From PARKED_COLUMNS.
absl::StatusOr<ParkedRecord> FromRow(const storage::Row& row) {
  ParkedRecord parked = HeadFromRow(row);
  parked.record.value = row.Blob(12);
  ASSIGN_OR_RETURN(parked.record.headers, events::DecodeHeaders(row.Blob(13)));
  return parked;
}

std::vector<storage::Row> RowsOf(std::string_view consumer, const std::vector<Position>& records) {
  std::vector<storage::Row> rows;
  rows.reserve(records.size());
  for (const auto& [topic, partition, offset] : records) {
    rows.emplace_back(std::vector<storage::Value>{std::string(consumer), topic, int64_t{partition}, offset});
  }
  return rows;
}

std::vector<storage::Row> RowsOf(std::string_view consumer, const std::map<Key, int64_t>& seqs) {
  std::vector<storage::Row> rows;
  rows.reserve(seqs.size());
  for (const auto& [key, seq] : seqs) {
    rows.emplace_back(
        std::vector<storage::Value>{std::string(consumer), key.first, KeyName(key.second), seq});
  }
  return rows;
}

}  // namespace

absl::Status InsertParked(storage::Transaction& transaction, const std::vector<ParkedRecord>& records) {
  std::vector<storage::Row> rows;
  rows.reserve(records.size());
  for (const ParkedRecord& parked : records) {
    const events::Record& record = parked.record;
    std::string name = KeyName(record.key);
    storage::Value bytes;
    if (name != record.key) bytes = storage::Bytes{record.key};
    rows.emplace_back(std::vector<storage::Value>{
        parked.consumer, record.topic, int64_t{record.partition}, record.offset, std::move(name),
        std::move(bytes), parked.seq, parked.state, Printable(parked.reason, kLongestReason), parked.tries,
        ToMicros(parked.parked_time), ToMicros(record.time), storage::Bytes{record.value},
        storage::Bytes{events::EncodeHeaders(record.headers)}});
  }
  return transaction
      .DeferMany(
          "INSERT INTO parked (consumer, topic, partition, record_offset, key, key_bytes, seq, state, "
          "reason, "
          "tries, parked_time, record_time, value, headers) SELECT p.* FROM {rows: consumer TEXT, topic "
          "TEXT, "
          "partition BIGINT, record_offset BIGINT, key TEXT, key_bytes BYTES, seq BIGINT, state TEXT, reason "
          "TEXT, tries BIGINT, parked_time BIGINT, record_time BIGINT, value BYTES, headers BYTES} AS p "
          "WHERE "
          "TRUE ON CONFLICT (consumer, topic, partition, record_offset) DO UPDATE SET state = "
          "excluded.state, "
          "reason = excluded.reason, tries = parked.tries + 1",
          rows)
      .status();
}

absl::Status DeleteParked(storage::Transaction& transaction, std::string_view consumer,
                          const std::vector<Position>& records) {
  return transaction
      .DeferMany(
          "DELETE FROM parked WHERE (consumer, topic, partition, record_offset) IN (SELECT r.consumer, "
          "r.topic, r.partition, r.record_offset FROM {rows: consumer TEXT, topic TEXT, partition BIGINT, "
          "record_offset BIGINT} AS r)",
          RowsOf(consumer, records))
      .status();
}

absl::StatusOr<std::map<Position, ParkedRecord>> LoadParked(storage::Transaction& transaction,
                                                            std::string_view consumer,
                                                            const std::vector<Position>& records) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.ExecuteMany(
          "SELECT " PARKED_COLUMNS " FROM {rows: consumer TEXT, topic TEXT, partition BIGINT, record_offset "
          "BIGINT} AS r JOIN parked AS p ON p.consumer = r.consumer AND p.topic = r.topic "
          "AND p.partition = r.partition AND p.record_offset = r.record_offset",
          RowsOf(consumer, records)));
  std::map<Position, ParkedRecord> loaded;
  for (const storage::Row& row : result.rows) {
    ASSIGN_OR_RETURN(ParkedRecord parked, FromRow(row));
    const Position position = PositionOf(parked.record);
    loaded.emplace(position, std::move(parked));
  }
  return loaded;
}

absl::StatusOr<ParkedRecord> GetParked(storage::Transaction& transaction, std::string_view consumer,
                                       std::string_view topic, int32_t partition, int64_t offset) {
  const Position position{topic, partition, offset};
  ASSIGN_OR_RETURN(auto loaded, LoadParked(transaction, consumer, {position}));
  if (loaded.empty()) {
    return absl::NotFoundError(
        fmt::format("no parked record {}/{}/{} of consumer {}", topic, partition, offset, consumer));
  }
  return std::move(loaded.begin()->second);
}

absl::Status MarkFailed(storage::Transaction& transaction, std::string_view consumer,
                        const std::map<Position, std::string>& reasons) {
  std::vector<storage::Row> rows;
  rows.reserve(reasons.size());
  for (const auto& [position, reason] : reasons) {
    const auto& [topic, partition, offset] = position;
    rows.emplace_back(std::vector<storage::Value>{std::string(consumer), topic, int64_t{partition}, offset,
                                                  std::string(kFailed), Printable(reason, kLongestReason)});
  }
  return transaction
      .DeferMany(
          "UPDATE parked SET tries = tries + 1, state = r.state, reason = r.reason FROM {rows: consumer "
          "TEXT, "
          "topic TEXT, partition BIGINT, record_offset BIGINT, state TEXT, reason TEXT} AS r WHERE "
          "parked.consumer = r.consumer AND parked.topic = r.topic AND parked.partition = r.partition AND "
          "parked.record_offset = r.record_offset",
          rows)
      .status();
}

absl::StatusOr<std::vector<ParkedRecord>> ListParked(storage::Transaction& transaction,
                                                     const ParkedFilter& filter, int limit,
                                                     const ParkedRecord* after) {
  std::vector<storage::Value> values;
  std::string where = "TRUE";
  const auto add = [&](std::string_view condition, storage::Value value) {
    values.push_back(std::move(value));
    where += fmt::format(fmt::runtime(condition), values.size());
  };
  if (!filter.consumer.empty()) add(" AND p.consumer = ${}", filter.consumer);
  if (!filter.topic.empty()) add(" AND p.topic = ${}", filter.topic);
  if (!filter.key.empty()) add(" AND p.key = ${}", KeyName(filter.key));
  if (!filter.state.empty()) add(" AND p.state = ${}", filter.state);
  // A part that could not be stored is in no reason.
  if (!filter.reason.empty()) {
    const bool sqlite = transaction.engine() == storage::Engine::kSqlite;
    add(sqlite ? " AND INSTR(p.reason, ${}) > 0" : " AND STRPOS(p.reason, ${}) > 0",
        Printable(filter.reason, kLongestReason));
  }
  if (after != nullptr) {
    const size_t first = values.size();
    for (storage::Value value :
         {storage::Value(ToMicros(after->parked_time)), storage::Value(after->consumer),
          storage::Value(after->record.topic), storage::Value(int64_t{after->record.partition}),
          storage::Value(after->record.offset)}) {
      values.push_back(std::move(value));
    }
    where += fmt::format(
        " AND (p.parked_time, p.consumer {{sorted}}, p.topic {{sorted}}, p.partition, p.record_offset) > "
        "(${}, ${}, ${}, ${}, ${})",
        first + 1, first + 2, first + 3, first + 4, first + 5);
  }
  values.emplace_back(int64_t{limit});
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(
                       fmt::format("SELECT {} FROM parked AS p WHERE {} ORDER BY p.parked_time, p.consumer "
                                   "{{sorted}}, p.topic {{sorted}}, p.partition, p.record_offset LIMIT ${}",
                                   PARKED_HEAD, where, values.size()),
                       values));
  std::vector<ParkedRecord> records;
  records.reserve(result.rows.size());
  for (const storage::Row& row : result.rows) records.push_back(HeadFromRow(row));
  return records;
}

absl::StatusOr<std::map<Key, std::vector<ParkedHead>>> ParkedUpTo(storage::Transaction& transaction,
                                                                  std::string_view consumer,
                                                                  const std::map<Key, int64_t>& seqs) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.ExecuteMany(
          "SELECT p.topic, p.key, p.partition, p.record_offset, p.seq, p.state, CAST(LENGTH(p.value) AS "
          "BIGINT) FROM {rows: consumer TEXT, topic TEXT, key TEXT, seq BIGINT} AS r JOIN parked AS p ON "
          "p.consumer = r.consumer AND p.topic = r.topic AND p.key = r.key AND p.seq > 0 AND p.seq <= r.seq",
          RowsOf(consumer, seqs)));
  std::map<std::pair<std::string, std::string>, const Key*> keys;
  for (const auto& [key, seq] : seqs) keys.emplace(std::pair(key.first, KeyName(key.second)), &key);
  std::map<Key, std::vector<ParkedHead>> heads;
  for (const storage::Row& row : result.rows) {
    const Key& key = *keys.at({row.Text(0), row.Text(1)});
    heads[key].push_back({.position = {row.Text(0), static_cast<int32_t>(row.Int(2)), row.Int(3)},
                          .seq = row.Int(4),
                          .failed = row.Text(5) == kFailed,
                          .ready = row.Text(5) == kReady,
                          .bytes = row.Int(6)});
  }
  for (auto& [key, of_key] : heads) {
    std::sort(of_key.begin(), of_key.end(), [](const ParkedHead& a, const ParkedHead& b) {
      return std::tie(a.seq, a.position) < std::tie(b.seq, b.position);
    });
  }
  return heads;
}

absl::StatusOr<std::optional<ParkedHead>> FirstParkedBetween(storage::Transaction& transaction,
                                                             std::string_view consumer, const Key& key,
                                                             int64_t after, int64_t before) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute("SELECT partition, record_offset, seq, state FROM parked WHERE consumer "
                          "= $1 AND topic = $2 AND key = $3 AND seq > $4 AND seq < $5 ORDER BY seq "
                          "LIMIT 1",
                          {std::string(consumer), key.first, KeyName(key.second), after, before}));
  if (result.rows.empty()) return std::nullopt;
  const storage::Row& row = result.rows.front();
  return ParkedHead{.position = {key.first, static_cast<int32_t>(row.Int(0)), row.Int(1)},
                    .seq = row.Int(2),
                    .failed = row.Text(3) == kFailed,
                    .ready = row.Text(3) == kReady};
}

absl::Status MarkReady(storage::Transaction& transaction, std::string_view consumer,
                       const std::map<Key, int64_t>& seqs) {
  return transaction
      .DeferMany(
          "UPDATE parked SET state = 'ready' FROM {rows: consumer TEXT, topic TEXT, key TEXT, seq "
          "BIGINT} AS r WHERE parked.consumer = r.consumer AND parked.topic = r.topic AND parked.key = "
          "r.key AND parked.seq = r.seq AND parked.state = 'waiting'",
          RowsOf(consumer, seqs))
      .status();
}

absl::Status MarkWaiting(storage::Transaction& transaction, std::string_view consumer,
                         const std::vector<Position>& records) {
  return transaction
      .DeferMany(
          "UPDATE parked SET state = 'waiting' FROM {rows: consumer TEXT, topic TEXT, partition BIGINT, "
          "record_offset BIGINT} AS r WHERE parked.consumer = r.consumer AND parked.topic = r.topic AND "
          "parked.partition = r.partition AND parked.record_offset = r.record_offset",
          RowsOf(consumer, records))
      .status();
}

absl::StatusOr<std::optional<ParkedRecord>> FirstReady(storage::Transaction& transaction,
                                                       std::string_view consumer) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute("SELECT " PARKED_HEAD " FROM parked AS p WHERE p.state = 'ready' AND "
                                       "p.consumer = $1 ORDER BY p.parked_time LIMIT 1",
                                       {std::string(consumer)}));
  if (result.rows.empty()) return std::nullopt;
  return HeadFromRow(result.rows.front());
}

absl::StatusOr<ParkedDepth> GetParkedDepth(storage::Transaction& transaction) {
  ParkedDepth depth;
  for (const std::string_view state : {kFailed, kWaiting, kReady}) {
    ASSIGN_OR_RETURN(
        const storage::Result result,
        transaction.Execute("SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM parked WHERE state = $1 "
                            "LIMIT $2) AS counted), (SELECT MIN(parked_time) FROM parked WHERE state "
                            "= $1)",
                            {std::string(state), kDepthCap}));
    const storage::Row& row = result.rows.front();
    (state == kFailed ? depth.failed : depth.waiting) += row.Int(0);
    if (row.Null(1)) continue;
    const absl::Time oldest = FromMicros(row.Int(1));
    if (depth.oldest == absl::InfinitePast() || oldest < depth.oldest) depth.oldest = oldest;
  }
  depth.waiting = std::min(depth.waiting, kDepthCap);
  return depth;
}

}  // namespace finalmile::outbox
