#include "libs/outbox/parked.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/outbox.h"

namespace finalmile::outbox {
namespace {

#define PARKED_COLUMNS                                                                            \
  "p.consumer, p.topic, p.partition, p.record_offset, p.key, p.seq, p.state, p.reason, p.tries, " \
  "p.parked_time, p.record_time, "                                                                \
  "p.value, p.headers"

absl::StatusOr<ParkedRecord> FromRow(const storage::Row& row) {
  ParkedRecord parked;
  parked.consumer = row.Text(0);
  parked.record.topic = row.Text(1);
  parked.record.partition = static_cast<int32_t>(row.Int(2));
  parked.record.offset = row.Int(3);
  parked.record.key = row.Text(4);
  parked.seq = row.Int(5);
  parked.state = row.Text(6);
  parked.reason = row.Text(7);
  parked.tries = row.Int(8);
  parked.parked_time = FromMicros(row.Int(9));
  parked.record.time = FromMicros(row.Int(10));
  parked.record.value = row.Blob(11);
  ASSIGN_OR_RETURN(parked.record.headers, DecodeHeaders(row.Blob(12)));
  return parked;
}

absl::StatusOr<std::vector<ParkedRecord>> FromRows(const storage::Result& result) {
  std::vector<ParkedRecord> records;
  records.reserve(result.rows.size());
  for (const storage::Row& row : result.rows) {
    ASSIGN_OR_RETURN(records.emplace_back(), FromRow(row));
  }
  return records;
}

}  // namespace

absl::Status InsertParked(storage::Transaction& transaction, const std::vector<ParkedRecord>& records) {
  std::vector<storage::Row> rows;
  rows.reserve(records.size());
  for (const ParkedRecord& parked : records) {
    rows.emplace_back(std::vector<storage::Value>{
        parked.consumer, parked.record.topic, int64_t{parked.record.partition}, parked.record.offset,
        parked.record.key, parked.seq, parked.state, parked.reason, parked.tries,
        ToMicros(parked.parked_time), ToMicros(parked.record.time), storage::Bytes{parked.record.value},
        storage::Bytes{EncodeHeaders(parked.record.headers)}});
  }
  return transaction
      .DeferMany(
          "INSERT INTO parked (consumer, topic, partition, record_offset, key, seq, state, reason, tries, "
          "parked_time, "
          "record_time, value, headers) SELECT p.* FROM {rows: consumer TEXT, topic TEXT, partition BIGINT, "
          "record_offset BIGINT, "
          "key TEXT, seq BIGINT, state TEXT, reason TEXT, tries BIGINT, parked_time BIGINT, record_time "
          "BIGINT, value BYTES, "
          "headers BYTES} AS p WHERE TRUE ON CONFLICT (consumer, topic, partition, record_offset) DO UPDATE "
          "SET "
          "state = excluded.state, reason = excluded.reason, tries = parked.tries + 1",
          rows)
      .status();
}

absl::Status DeleteParked(storage::Transaction& transaction, const std::vector<ParkedRecord>& records) {
  std::vector<storage::Row> rows;
  for (const ParkedRecord& parked : records) {
    rows.emplace_back(std::vector<storage::Value>{parked.consumer, parked.record.topic,
                                                  int64_t{parked.record.partition}, parked.record.offset});
  }
  return transaction
      .DeferMany(
          "DELETE FROM parked WHERE (consumer, topic, partition, record_offset) IN (SELECT r.consumer, "
          "r.topic, "
          "r.partition, r.record_offset FROM {rows: consumer TEXT, topic TEXT, partition BIGINT, "
          "record_offset BIGINT} "
          "AS r)",
          rows)
      .status();
}

absl::StatusOr<ParkedRecord> GetParked(storage::Transaction& transaction, std::string_view consumer,
                                       std::string_view topic, int32_t partition, int64_t offset) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute(
          "SELECT " PARKED_COLUMNS
          " FROM parked AS p WHERE consumer = $1 AND topic = $2 AND partition = $3 AND record_offset = "
          "$4 {for_update}",
          {std::string(consumer), std::string(topic), int64_t{partition}, offset}));
  if (result.rows.empty()) {
    return absl::NotFoundError(
        fmt::format("no parked record {}/{}/{} of consumer {}", topic, partition, offset, consumer));
  }
  return FromRow(result.rows.front());
}

absl::Status CountTry(storage::Transaction& transaction, std::string_view consumer, std::string_view topic,
                      int32_t partition, int64_t offset, std::string_view reason) {
  return transaction
      .Defer(
          "UPDATE parked SET tries = tries + 1, reason = $5 WHERE consumer = $1 AND topic = $2 AND "
          "partition = $3 AND record_offset = $4",
          {std::string(consumer), std::string(topic), int64_t{partition}, offset, std::string(reason)})
      .status();
}

absl::StatusOr<std::vector<ParkedRecord>> ListParked(storage::Transaction& transaction, int limit,
                                                     const ParkedRecord* after) {
  storage::Result result;
  if (after == nullptr) {
    ASSIGN_OR_RETURN(result, transaction.Execute(
                                 "SELECT " PARKED_COLUMNS
                                 " FROM parked AS p ORDER BY parked_time, consumer {sorted}, topic {sorted}, "
                                 "partition, record_offset LIMIT $1",
                                 {int64_t{limit}}));
  } else {
    ASSIGN_OR_RETURN(
        result,
        transaction.Execute(
            "SELECT " PARKED_COLUMNS " FROM parked AS p WHERE parked_time > $1 OR (parked_time = $1 AND "
            "(consumer {sorted} > $2 OR (consumer = $2 AND "
            "(topic {sorted} > $3 OR (topic = $3 AND (partition > $4 OR (partition = $4 AND record_offset > "
            "$5))))))) "
            "ORDER BY parked_time, consumer {sorted}, topic {sorted}, partition, record_offset LIMIT $6",
            {ToMicros(after->parked_time), after->consumer, after->record.topic,
             int64_t{after->record.partition}, after->record.offset, int64_t{limit}}));
  }
  return FromRows(result);
}

absl::StatusOr<std::vector<ParkedRecord>> ParkedOfKeys(storage::Transaction& transaction,
                                                       std::string_view consumer, std::string_view topic,
                                                       const std::vector<std::string>& keys) {
  std::vector<storage::Row> rows;
  rows.reserve(keys.size());
  for (const std::string& key : keys) {
    rows.emplace_back(std::vector<storage::Value>{std::string(consumer), std::string(topic), key});
  }
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany(
          "SELECT " PARKED_COLUMNS
          " FROM {rows: consumer TEXT, topic TEXT, key TEXT} AS r JOIN parked AS p ON p.consumer "
          "= r.consumer AND p.topic = r.topic AND p.key = r.key",
          rows));
  return FromRows(result);
}

absl::StatusOr<ParkedDepth> GetParkedDepth(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("SELECT state, COUNT(*), MIN(parked_time) FROM parked GROUP BY state"));
  ParkedDepth depth;
  for (const storage::Row& row : result.rows) {
    (row.Text(0) == kFailed ? depth.failed : depth.waiting) = row.Int(1);
    const absl::Time oldest = FromMicros(row.Int(2));
    if (depth.oldest == absl::InfinitePast() || oldest < depth.oldest) depth.oldest = oldest;
  }
  return depth;
}

}  // namespace finalmile::outbox
