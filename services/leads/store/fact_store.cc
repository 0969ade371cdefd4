#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "services/leads/store/encoding.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::leads::store {
namespace {

#define FACT_COLUMNS "version, record_time, gates, facts"
// The version of lead $1 that held at $2; NULL when that was before the first.
#define HELD_AT "(SELECT MAX(version) FROM fact_history WHERE lead = $1 AND record_time <= $2)"

absl::StatusOr<std::vector<FactVersion>> FromRows(const storage::Result& result, std::string_view lead) {
  std::vector<FactVersion> versions;
  for (const storage::Row& row : result.rows) {
    FactVersion& version = versions.emplace_back();
    version.lead = lead;
    version.version = row.Int(0);
    version.record_time = FromMicros(row.Int(1));
    version.gates = row.Int(2);
    ASSIGN_OR_RETURN(version.facts, DecodeFacts(row.Text(3)));
  }
  return versions;
}

}  // namespace

absl::Status AppendFacts(storage::Transaction& transaction, const std::vector<FactVersion>& versions) {
  std::vector<storage::Row> rows;
  rows.reserve(versions.size());
  for (const FactVersion& version : versions) {
    rows.emplace_back(std::vector<storage::Value>{version.lead, version.version,
                                                  ToMicros(version.record_time), version.gates,
                                                  EncodeFacts(version.facts)});
  }
  return transaction
      .DeferMany(
          "INSERT INTO fact_history (lead, version, record_time, gates, facts) SELECT r.* FROM {rows: lead "
          "TEXT, version "
          "BIGINT, record_time BIGINT, gates BIGINT, facts TEXT} AS r",
          rows)
      .status();
}

absl::StatusOr<std::vector<FactVersion>> FactHistory(storage::Transaction& transaction, std::string_view lead,
                                                     absl::Time since, int limit) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute("SELECT " FACT_COLUMNS
                                       " FROM fact_history WHERE lead = $1 AND version >= COALESCE(" HELD_AT
                                       ", 0) ORDER BY version LIMIT $3",
                                       {std::string(lead), ToMicros(since), int64_t{limit}}));
  return FromRows(result, lead);
}

absl::StatusOr<std::optional<FactVersion>> FactsAt(storage::Transaction& transaction, std::string_view lead,
                                                   absl::Time time) {
  ASSIGN_OR_RETURN(auto versions, FactHistory(transaction, lead, time, 1));
  if (versions.empty()) return std::nullopt;
  return std::move(versions.front());
}

absl::StatusOr<std::vector<std::string>> WithFactsBefore(storage::Transaction& transaction,
                                                         const std::vector<std::string>& leads,
                                                         absl::Time time) {
  std::vector<storage::Row> rows;
  for (const std::string& lead : leads) rows.emplace_back(std::vector<storage::Value>{lead, ToMicros(time)});
  // Two of them: one still holds.
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.ExecuteMany(
          "SELECT r.lead FROM {rows: lead TEXT, time BIGINT} AS r WHERE EXISTS (SELECT 1 FROM "
          "fact_history AS f WHERE f.lead = r.lead AND f.record_time <= r.time LIMIT 1 OFFSET 1)",
          rows));
  std::vector<std::string> found;
  for (const storage::Row& row : result.rows) found.push_back(row.Text(0));
  return found;
}

absl::StatusOr<int64_t> DeleteFacts(storage::Transaction& transaction, std::string_view lead, absl::Time time,
                                    int limit) {
  ASSIGN_OR_RETURN(
      const storage::Result deleted,
      transaction.Execute("DELETE FROM fact_history WHERE lead = $1 AND version IN (SELECT version FROM "
                          "fact_history WHERE lead = $1 AND version < " HELD_AT " ORDER BY version LIMIT $3)",
                          {std::string(lead), ToMicros(time), int64_t{limit}}));
  return deleted.affected;
}

}  // namespace finalmile::leads::store
