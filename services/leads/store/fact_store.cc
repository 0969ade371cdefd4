#include "services/leads/store/fact_store.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"
#include "services/leads/store/encoding.h"

namespace finalmile::leads::store {
namespace {

// The version of lead $1 that held at $2; NULL when that was before the first.
constexpr std::string_view kHeldAt =
    "(SELECT MAX(version) FROM fact_history WHERE lead = $1 AND record_time <= $2)";

const storage::Table<FactVersion> kFacts("fact_history", {"lead", "version"},
                                         {{"lead", &FactVersion::lead},
                                          {"version", &FactVersion::version},
                                          {"record_time", &FactVersion::record_time},
                                          {"gates", &FactVersion::gates},
                                          {"facts", "TEXT",
                                           [](const FactVersion& version) -> storage::Value {
                                             return EncodeFacts(version.facts);
                                           },
                                           [](const storage::Row& row, size_t column, FactVersion& version) {
                                             return DecodeFacts(row.Text(column), version.facts);
                                           }}});

}  // namespace

absl::Status AppendFacts(storage::Transaction& transaction, const std::vector<FactVersion>& versions) {
  return kFacts.Insert(transaction, storage::Pointers(versions));
}

absl::StatusOr<std::vector<FactVersion>> FactHistory(storage::Transaction& transaction,
                                                     const domain::LeadId& lead, absl::Time since,
                                                     int limit) {
  static const std::string sql = fmt::format(R"sql(
{}
WHERE lead = $1 AND version >= COALESCE({}, 0)
ORDER BY version
LIMIT $3)sql",
                                             kFacts.select(), kHeldAt);
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(sql, {lead.text(), ToMicros(since), int64_t{limit}}));
  return kFacts.Records(result);
}

absl::StatusOr<std::map<domain::LeadId, std::vector<FactVersion>>> FactHistories(
    storage::Transaction& transaction, const std::vector<domain::LeadId>& leads, absl::Time since, int most) {
  std::vector<storage::Row> rows;
  for (const domain::LeadId& lead : leads)
    rows.emplace_back(std::vector<storage::Value>{lead.text(), ToMicros(since), int64_t{most}});
  // The inner query finds the first version, and whether there are too many after it.
  constexpr std::string_view kSql = R"sql(
SELECT f.lead, f.version, f.record_time, f.gates, f.facts
FROM (
  SELECT r.id, r.most, COALESCE((
    SELECT MAX(h.version) FROM fact_history AS h WHERE h.lead = r.id AND h.record_time <= r.since), 0) AS held
  FROM {rows: id TEXT, since BIGINT, most BIGINT} AS r) AS wanted
JOIN fact_history AS f ON f.lead = wanted.id AND f.version >= wanted.held
WHERE (
  SELECT COUNT(*) FROM fact_history AS c WHERE c.lead = wanted.id AND c.version >= wanted.held) <= wanted.most
ORDER BY f.lead {sorted}, f.version)sql";
  ASSIGN_OR_RETURN(const storage::Result read, transaction.ExecuteMany(kSql, rows));
  ASSIGN_OR_RETURN(std::vector<FactVersion> versions, kFacts.Records(read));
  std::map<domain::LeadId, std::vector<FactVersion>> histories;
  for (FactVersion& version : versions) histories[version.lead].push_back(std::move(version));
  return histories;
}

absl::StatusOr<std::optional<FactVersion>> FactsAt(storage::Transaction& transaction,
                                                   const domain::LeadId& lead, absl::Time time) {
  ASSIGN_OR_RETURN(auto versions, FactHistory(transaction, lead, time, 1));
  if (versions.empty()) return std::nullopt;
  return std::move(versions.front());
}

absl::StatusOr<std::vector<domain::LeadId>> WithFactsBefore(storage::Transaction& transaction,
                                                            const std::vector<domain::LeadId>& leads,
                                                            absl::Time time) {
  std::vector<storage::Row> rows;
  for (const domain::LeadId& lead : leads)
    rows.emplace_back(std::vector<storage::Value>{lead.text(), ToMicros(time)});
  // Two versions, because the later one still holds.
  constexpr std::string_view kSql = R"sql(
SELECT r.lead FROM {rows: lead TEXT, time BIGINT} AS r
WHERE EXISTS (
  SELECT 1 FROM fact_history AS f
  WHERE f.lead = r.lead AND f.record_time <= r.time
  LIMIT 1 OFFSET 1))sql";
  return storage::FirstTexts<domain::LeadId>(transaction.ExecuteMany(kSql, rows));
}

absl::StatusOr<int64_t> DeleteFacts(storage::Transaction& transaction, const domain::LeadId& lead,
                                    absl::Time time, int limit) {
  static const std::string sql = fmt::format(R"sql(
DELETE FROM fact_history
WHERE lead = $1 AND version IN (
  SELECT version FROM fact_history
  WHERE lead = $1 AND version < {}
  ORDER BY version
  LIMIT $3))sql",
                                             kHeldAt);
  ASSIGN_OR_RETURN(const storage::Result deleted,
                   transaction.Execute(sql, {lead.text(), ToMicros(time), int64_t{limit}}));
  return deleted.affected;
}

}  // namespace finalmile::leads::store
