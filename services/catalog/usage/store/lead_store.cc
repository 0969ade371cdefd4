#include "services/catalog/usage/store/lead_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::catalog::usage::store {
namespace {

int64_t DayOf(absl::Time time) {
  constexpr int64_t kMicrosPerDay = int64_t{24} * 3'600 * 1'000'000;
  return ToMicros(time) / kMicrosPerDay * kMicrosPerDay;
}

}  // namespace

absl::StatusOr<std::map<std::string, bool>> InsertAndLockLeads(storage::Transaction& transaction,
                                                               const std::vector<std::string>& leads,
                                                               absl::Time now) {
  // Mostly the update changes nothing, so that no index is written; it locks the row, in the order of the
  // rows given.
  std::vector<storage::Row> rows;
  rows.reserve(leads.size());
  for (const std::string& lead : leads) rows.push_back(storage::Row({lead, DayOf(now)}));
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(R"sql(
INSERT INTO leads (lead, erased, named_time)
SELECT lead, FALSE, named_time FROM {rows: lead TEXT, named_time BIGINT} AS r
WHERE TRUE
ON CONFLICT (lead) DO UPDATE SET named_time = excluded.named_time
RETURNING lead, erased)sql",
                                                                         rows));
  std::map<std::string, bool> erased;
  for (const storage::Row& row : result.rows) erased[row.Text(0)] = row.Bool(1);
  return erased;
}

absl::Status LockLeads(storage::Transaction& transaction, const std::vector<std::string>& leads) {
  return transaction
      .ExecuteMany(R"sql(
SELECT l.lead FROM leads AS l
WHERE l.lead IN (SELECT r.id FROM {rows: id TEXT} AS r)
ORDER BY l.lead
{for_update})sql",
                   storage::IdRows(leads))
      .status();
}

absl::Status BeginCycle(storage::Transaction& transaction, const std::string& lead) {
  return transaction
      .Defer(R"sql(
UPDATE leads SET cycle = cycle + 1, cycle_ended = FALSE WHERE lead = $1 AND cycle_ended)sql",
             {lead})
      .status();
}

absl::Status EndCycle(storage::Transaction& transaction, const std::string& lead) {
  return transaction.Defer("UPDATE leads SET cycle_ended = TRUE WHERE lead = $1 AND NOT cycle_ended", {lead})
      .status();
}

absl::StatusOr<int64_t> LeadCycle(storage::Transaction& transaction, const std::string& lead) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute("SELECT cycle FROM leads WHERE lead = $1", {lead}));
  return result.rows.empty() ? 0 : result.rows[0].Int(0);
}

absl::StatusOr<int64_t> DeleteIdleLeads(storage::Transaction& transaction, absl::Time time, int limit) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(R"sql(
DELETE FROM leads
WHERE NOT erased AND lead IN (
  SELECT lead FROM leads
  WHERE NOT erased AND named_time < $1
  ORDER BY named_time
  LIMIT $2 {skip_locked}))sql",
                                                                     {DayOf(time), int64_t{limit}}));
  return result.affected;
}

absl::Status EraseLeads(storage::Transaction& transaction, const std::vector<std::string>& leads) {
  const std::vector<storage::Row> rows = storage::IdRows(leads);
  constexpr char kTouches[] = R"sql(
DELETE FROM meeting_touches
WHERE chain IN (SELECT m.chain FROM {rows: id TEXT} AS r JOIN meetings AS m ON m.lead = r.id))sql";
  constexpr char kHashes[] = R"sql(
DELETE FROM own_text_hashes
WHERE id IN (SELECT t.id FROM {rows: id TEXT} AS r JOIN own_texts AS t ON t.lead = r.id))sql";
  for (const char* sql :
       {"UPDATE leads SET erased = TRUE WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r)",
        "DELETE FROM uses WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r)", kHashes,
        "DELETE FROM own_texts WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r)",
        "DELETE FROM offers WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r)", kTouches,
        "DELETE FROM meetings WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r)",
        "DELETE FROM permissions WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r)"}) {
    RETURN_IF_ERROR(transaction.DeferMany(sql, rows).status());
  }
  return absl::OkStatus();
}

absl::Status SetPermission(storage::Transaction& transaction, const PermissionRow& permission) {
  if (!permission.allowed) {
    return transaction
        .Defer("DELETE FROM permissions WHERE lead = $1 AND channel = $2",
               {permission.lead, permission.channel})
        .status();
  }
  return transaction
      .Defer(R"sql(
INSERT INTO permissions (lead, channel, allowed, since)
VALUES ($1, $2, $3, $4)
ON CONFLICT (lead, channel) DO UPDATE SET allowed = excluded.allowed, since = excluded.since)sql",
             {permission.lead, permission.channel, *permission.allowed, ToMicros(permission.since)})
      .status();
}

absl::StatusOr<std::optional<bool>> Permitted(storage::Transaction& transaction, const std::string& lead,
                                              int64_t channel, absl::Time time) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute("SELECT allowed FROM permissions WHERE lead = $1 AND channel = $2 AND since <= $3",
                          {lead, channel, ToMicros(time)}));
  if (result.rows.empty()) return std::nullopt;
  return result.rows[0].Bool(0);
}

}  // namespace finalmile::catalog::usage::store
