#include "services/leads/store/source_row_store.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"
#include "services/leads/store/source_row_encoding.h"

namespace finalmile::leads::store {
namespace {

using domain::ImportChange;
using storage::Row;
using storage::Value;

const storage::Table<StoredRow> kSourceRows(
    "source_rows", {"source", "identity"},
    {{"source", &StoredRow::source},
     {"identity", &StoredRow::identity},
     {"lead", &StoredRow::lead},
     {"import", storage::In(&StoredRow::row, &domain::SourceRow::import)},
     {"content", "TEXT", [](const StoredRow& stored) -> Value { return EncodeSourceRow(stored.row); },
      [](const Row& row, size_t column, StoredRow& stored) -> absl::Status {
        ASSIGN_OR_RETURN(stored.row, DecodeSourceRow(row.Text(column)));
        return absl::OkStatus();
      }}});

const storage::Table<ImportChange> kChanges(
    "import_changes", {"import", "identity"},
    {{"import", &ImportChange::import},
     {"identity", &ImportChange::identity},
     {"lead", &ImportChange::lead},
     {"content", "TEXT", [](const ImportChange& change) -> Value { return EncodeChange(change); },
      [](const Row& row, size_t column, ImportChange& change) {
        return DecodeChange(row.Text(column), change);
      }}});

std::vector<Row> Pairs(const Value& first, const std::vector<std::string>& seconds) {
  std::vector<Row> rows;
  for (const std::string& second : seconds) rows.emplace_back(std::vector<Value>{first, second});
  return rows;
}

std::vector<std::string> Identities(std::span<const ImportChange> changes) {
  std::vector<std::string> identities;
  for (const ImportChange& change : changes) identities.push_back(change.identity);
  return identities;
}

}  // namespace

absl::StatusOr<storage::Deferred> DeferSourceRows(storage::Transaction& transaction,
                                                  const std::string& source,
                                                  const std::vector<std::string>& identities) {
  static const std::string sql = fmt::format(R"sql(
SELECT {}
FROM {{rows: wanted_source TEXT, wanted TEXT}} AS r
JOIN source_rows ON source = r.wanted_source AND identity = r.wanted)sql",
                                             kSourceRows.columns());
  return transaction.DeferMany(sql, Pairs(source, identities));
}

absl::StatusOr<std::vector<StoredRow>> RowsOf(const storage::Result& read) {
  return kSourceRows.Records(read);
}

absl::StatusOr<std::vector<StoredRow>> SourceRowsAbout(storage::Transaction& transaction,
                                                       const std::vector<domain::LeadId>& leads) {
  static const std::string sql =
      fmt::format("{} WHERE lead IN (SELECT r.wanted FROM {{rows: wanted TEXT}} AS r)", kSourceRows.select());
  ASSIGN_OR_RETURN(const storage::Result read, transaction.ExecuteMany(sql, storage::IdRows(leads)));
  return kSourceRows.Records(read);
}

absl::Status WriteSourceRows(storage::Transaction& transaction, const std::vector<StoredRow>& rows) {
  return kSourceRows.InsertOrUpdate(transaction, storage::Pointers(rows));
}

absl::Status DeleteSourceRow(storage::Transaction& transaction, const std::string& source,
                             const std::string& identity) {
  return transaction.Defer("DELETE FROM source_rows WHERE source = $1 AND identity = $2", {source, identity})
      .status();
}

absl::StatusOr<storage::Deferred> DeferByEmail(storage::Transaction& transaction,
                                               const std::vector<std::string>& keys) {
  return transaction.DeferMany(R"sql(
SELECT r.wanted, p.lead
FROM {rows: wanted TEXT} AS r
JOIN profiles AS p ON p.email = r.wanted AND p.email <> '')sql",
                               storage::IdRows(keys));
}

absl::StatusOr<storage::Deferred> DeferByName(storage::Transaction& transaction,
                                              const std::vector<std::string>& keys) {
  return transaction.DeferMany(R"sql(
SELECT r.wanted, p.lead
FROM {rows: wanted TEXT} AS r
JOIN profiles AS p ON p.name_key = r.wanted AND p.name_key <> '')sql",
                               storage::IdRows(keys));
}

std::multimap<std::string, domain::LeadId> LeadsByKey(const storage::Result& read) {
  std::multimap<std::string, domain::LeadId> leads;
  for (const Row& row : read.rows) leads.emplace(row.Text(0), domain::LeadId(row.Text(1)));
  return leads;
}

absl::StatusOr<std::map<domain::LeadId, ActivitySums>> SumActivities(
    storage::Transaction& transaction, const std::string& source, const std::vector<domain::LeadId>& leads) {
  std::vector<Row> rows;
  for (const domain::LeadId& lead : leads) rows.emplace_back(std::vector<Value>{lead.text(), source});
  ASSIGN_OR_RETURN(const storage::Result read, transaction.ExecuteMany(R"sql(
SELECT a.lead, a.type, a.subject, CAST(SUM(a.count) AS BIGINT), SUM(a.seconds)
FROM {rows: wanted TEXT, wanted_source TEXT} AS r
JOIN activities AS a ON a.lead = r.wanted AND a.source = r.wanted_source
GROUP BY a.lead, a.type, a.subject)sql",
                                                                       rows));
  std::map<domain::LeadId, ActivitySums> sums;
  for (const Row& row : read.rows)
    sums[domain::LeadId(row.Text(0))][{row.Text(1), row.Text(2)}] = {static_cast<double>(row.Int(3)),
                                                                     row.Real(4)};
  return sums;
}

absl::StatusOr<std::vector<ImportChange>> ReadChanges(storage::Transaction& transaction, int64_t number,
                                                      const std::vector<std::string>& identities) {
  static const std::string sql = fmt::format(R"sql(
SELECT {}
FROM {{rows: wanted_import BIGINT, wanted TEXT}} AS r
JOIN import_changes ON import = r.wanted_import AND identity = r.wanted)sql",
                                             kChanges.columns());
  ASSIGN_OR_RETURN(const storage::Result read, transaction.ExecuteMany(sql, Pairs(number, identities)));
  return kChanges.Records(read);
}

absl::StatusOr<std::vector<ImportChange>> FirstChanges(storage::Transaction& transaction, int64_t number,
                                                       int limit) {
  static const std::string sql =
      fmt::format("{} WHERE import = $1 ORDER BY identity LIMIT $2", kChanges.select());
  ASSIGN_OR_RETURN(const storage::Result read, transaction.Execute(sql, {number, int64_t{limit}}));
  return kChanges.Records(read);
}

absl::Status WriteChanges(storage::Transaction& transaction, std::span<const ImportChange> changes) {
  std::vector<const ImportChange*> pointers;
  for (const ImportChange& change : changes) pointers.push_back(&change);
  return kChanges.InsertOrUpdate(transaction, pointers);
}

absl::Status DeleteChanges(storage::Transaction& transaction, std::span<const ImportChange> changes) {
  if (changes.empty()) return absl::OkStatus();
  return transaction
      .DeferMany(R"sql(
DELETE FROM import_changes
WHERE (import, identity) IN (
  SELECT r.wanted_import, r.wanted FROM {rows: wanted_import BIGINT, wanted TEXT} AS r))sql",
                 Pairs(changes.front().import, Identities(changes)))
      .status();
}

absl::StatusOr<int64_t> DeleteOldChanges(storage::Transaction& transaction, absl::Time time, int limit) {
  ASSIGN_OR_RETURN(const storage::Result deleted, transaction.Execute(R"sql(
DELETE FROM import_changes
WHERE (import, identity) IN (
  SELECT c.import, c.identity
  FROM import_changes AS c
  JOIN imports AS i ON i.number = c.import
  WHERE i.move_time < $1
  LIMIT $2))sql",
                                                                      {ToMicros(time), int64_t{limit}}));
  return deleted.affected;
}

}  // namespace finalmile::leads::store
