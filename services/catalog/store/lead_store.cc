#include "services/catalog/store/lead_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::catalog::store {

absl::StatusOr<std::map<std::string, bool>> LockLeads(storage::Transaction& transaction,
                                                      const std::vector<std::string>& leads) {
  // The update that changes nothing locks the row, in the order of the rows given.
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany("INSERT INTO leads (lead, erased) SELECT lead, FALSE FROM {rows: lead TEXT} AS "
                              "r WHERE TRUE ON CONFLICT (lead) DO UPDATE SET erased = leads.erased RETURNING "
                              "lead, erased",
                              storage::IdRows(leads)));
  std::map<std::string, bool> erased;
  for (const storage::Row& row : result.rows) erased[row.Text(0)] = row.Bool(1);
  return erased;
}

absl::Status EraseLeads(storage::Transaction& transaction, const std::vector<std::string>& leads) {
  const std::vector<storage::Row> rows = storage::IdRows(leads);
  constexpr char kTouches[] =
      "DELETE FROM meeting_touches WHERE chain IN (SELECT m.chain FROM {rows: id TEXT} AS r JOIN meetings AS "
      "m ON m.lead = r.id)";
  for (const char* sql :
       {"UPDATE leads SET erased = TRUE WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r)",
        "DELETE FROM uses WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r)",
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
      .Defer(
          "INSERT INTO permissions (lead, channel, allowed, since) VALUES ($1, $2, $3, $4) "
          "ON CONFLICT (lead, channel) DO UPDATE SET allowed = excluded.allowed, since = excluded.since",
          {permission.lead, permission.channel, *permission.allowed, ToMicros(permission.since)})
      .status();
}

absl::StatusOr<std::optional<bool>> Permitted(storage::Transaction& transaction, const std::string& lead,
                                              int64_t channel, absl::Time time) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("SELECT allowed FROM permissions WHERE lead = $1 AND channel = $2 AND since <= $3",
                          {lead, channel, ToMicros(time)}));
  if (result.rows.empty()) return std::nullopt;
  return result.rows[0].Bool(0);
}

}  // namespace finalmile::catalog::store
