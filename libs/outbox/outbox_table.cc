#include "libs/outbox/outbox_table.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/status.h"
#include "libs/events/headers.h"

namespace finalmile::outbox {

absl::StatusOr<storage::Deferred> InsertRows(storage::Transaction& transaction,
                                             const std::vector<events::Message>& messages) {
  std::vector<storage::Row> rows;
  rows.reserve(messages.size());
  for (const events::Message& message : messages) {
    rows.emplace_back(std::vector<storage::Value>{message.topic, message.key, storage::Bytes{message.value},
                                                  storage::Bytes{events::EncodeHeaders(message.headers)}});
  }
  return transaction.DeferMany(
      "INSERT INTO outbox (topic, key, value, headers) SELECT r.topic, r.key, r.value, r.headers FROM {rows: "
      "topic TEXT, key TEXT, value BYTES, headers BYTES} AS r RETURNING topic, key, id",
      rows);
}

absl::StatusOr<storage::Deferred> NewestRows(storage::Transaction& transaction,
                                             const std::vector<events::Message>& messages) {
  std::set<std::pair<std::string_view, std::string_view>> keys;
  for (const events::Message& message : messages) keys.emplace(message.topic, message.key);
  std::vector<storage::Row> rows;
  rows.reserve(keys.size());
  for (const auto& [topic, key] : keys)
    rows.emplace_back(std::vector<storage::Value>{std::string(topic), std::string(key)});
  return transaction.DeferMany(
      "SELECT r.topic, r.key, (SELECT MAX(o.id) FROM outbox AS o WHERE o.topic = r.topic AND o.key = r.key) "
      "FROM {rows: topic TEXT, key TEXT} AS r",
      rows);
}

absl::Status DeleteRows(storage::Transaction& transaction, const std::vector<int64_t>& ids) {
  std::vector<storage::Row> rows;
  rows.reserve(ids.size());
  for (const int64_t id : ids) rows.emplace_back(std::vector<storage::Value>{id});
  return transaction
      .DeferMany(
          "DELETE FROM outbox WHERE id IN (SELECT o.id FROM outbox AS o JOIN {rows: id BIGINT} AS r ON o.id "
          "= "
          "r.id {skip_locked})",
          rows)
      .status();
}

absl::StatusOr<std::vector<UnsentRow>> ReadRows(storage::Transaction& transaction, int64_t last,
                                                int64_t limit) {
  ASSIGN_OR_RETURN(
      const storage::Result read,
      transaction.Execute(
          "SELECT id, topic, key, value, headers FROM outbox WHERE id <= $1 ORDER BY id LIMIT $2",
          {last, limit}));
  std::vector<UnsentRow> rows;
  rows.reserve(read.rows.size());
  for (const storage::Row& row : read.rows) {
    ASSIGN_OR_RETURN(events::Headers headers, events::DecodeHeaders(row.Blob(4)));
    rows.push_back({row.Int(0), {row.Text(1), row.Text(2), row.Blob(3), std::move(headers)}});
  }
  return rows;
}

absl::StatusOr<int64_t> NewestRow(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(const storage::Result read, transaction.Execute("SELECT MAX(id) FROM outbox"));
  return read.rows.front().OptionalInt(0).value_or(0);
}

}  // namespace finalmile::outbox
