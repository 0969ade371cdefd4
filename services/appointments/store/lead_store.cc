#include "services/appointments/store/lead_store.h"

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/appointments/store/encoding.h"

namespace finalmile::appointments::store {

const storage::Table<LeadRow> kLeads(
    "leads", {"id"},
    {{"id", &LeadRow::id},
     {"erased", &LeadRow::erased},
     {"merged_into", &LeadRow::merged_into},
     {"last_ready_seq", &LeadRow::last_ready_seq},
     {"quiet_until", &LeadRow::quiet_until, absl::InfinitePast()},
     {"allowed", &LeadRow::allowed},
     {"denied", &LeadRow::denied},
     {"permission_times", "TEXT",
      [](const LeadRow& row) -> storage::Value { return EncodePermissionTimes(row.permission_times); },
      [](const storage::Row& row, size_t column, LeadRow& record) -> absl::Status {
        ASSIGN_OR_RETURN(record.permission_times, DecodePermissionTimes(row.Text(column)));
        return absl::OkStatus();
      }}});

absl::StatusOr<std::map<domain::LeadName, LeadRow>> LockLeads(storage::Transaction& transaction,
                                                              const std::vector<domain::LeadName>& inserted,
                                                              const std::vector<domain::LeadName>& others) {
  std::vector<LeadRow> blank(inserted.size());
  for (size_t i = 0; i < inserted.size(); ++i) blank[i].id = inserted[i];
  if (!blank.empty()) RETURN_IF_ERROR(kLeads.InsertAbsent(transaction, storage::Pointers(blank)));
  std::vector<domain::LeadName> named = inserted;
  named.insert(named.end(), others.begin(), others.end());
  // With the leads that these were merged into, and so on.
  static const std::string sql = kLeads.select() + R"sql(
WHERE id IN (
  WITH RECURSIVE named AS (
    SELECT r.id FROM {rows: id TEXT} AS r
    UNION
    SELECT l.merged_into FROM named AS n JOIN leads AS l ON l.id = n.id WHERE l.merged_into <> '')
  SELECT id FROM named)
ORDER BY id {for_update})sql";
  ASSIGN_OR_RETURN(const storage::Deferred locked, transaction.DeferMany(sql, storage::IdRows(named)));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<LeadRow> rows, kLeads.Records(*locked));
  std::map<domain::LeadName, LeadRow> by_name;
  for (LeadRow& row : rows) {
    domain::LeadName name = row.id;
    by_name.emplace(std::move(name), std::move(row));
  }
  for (const auto& [name, row] : by_name) {
    if (!row.merged_into.empty() && !by_name.contains(row.merged_into))
      return storage::Conflict("a lead was merged meanwhile");
  }
  return by_name;
}

absl::StatusOr<std::vector<LeadRow>> ReadLeads(storage::Transaction& transaction,
                                               const std::vector<domain::LeadName>& leads) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kLeads.DeferRead(transaction, leads));
  RETURN_IF_ERROR(transaction.Settle());
  return kLeads.Records(*read);
}

}  // namespace finalmile::appointments::store
