#include "services/leads/store/import_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace finalmile::leads::store {

absl::StatusOr<std::optional<ImportProgress>> ReadImport(storage::Transaction& transaction,
                                                         const std::string& caller,
                                                         const std::string& request_id) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute(
          "SELECT fingerprint, start_time, acknowledged_line, created, updated, unchanged, activities, "
          "rejected FROM imports WHERE caller = $1 AND request_id = $2",
          {caller, request_id}));
  if (result.rows.empty()) return std::nullopt;
  const storage::Row& row = result.rows.front();
  return ImportProgress{caller,     request_id, row.Blob(0), FromMicros(row.Int(1)),
                        row.Int(2), row.Int(3), row.Int(4),  row.Int(5),
                        row.Int(6), row.Int(7)};
}

absl::Status InsertImport(storage::Transaction& transaction, const ImportProgress& progress) {
  return transaction
      .Execute(
          "INSERT INTO imports (caller, request_id, fingerprint, start_time, acknowledged_line, created, "
          "updated, unchanged, "
          "activities, rejected) VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, 0)",
          {progress.caller, progress.request_id, storage::Bytes{progress.fingerprint},
           ToMicros(progress.start_time), progress.acknowledged_line})
      .status();
}

absl::StatusOr<bool> AdvanceImport(storage::Transaction& transaction, const ImportProgress& progress,
                                   int64_t from_line) {
  ASSIGN_OR_RETURN(
      storage::Result moved,
      transaction.Execute(
          "UPDATE imports SET acknowledged_line = $3, created = $4, updated = $5, unchanged = $6, activities "
          "= $7, "
          "rejected = $8 WHERE caller = $1 AND request_id = $2 AND acknowledged_line = $9",
          {progress.caller, progress.request_id, progress.acknowledged_line, progress.created,
           progress.updated, progress.unchanged, progress.activities, progress.rejected, from_line}));
  return moved.affected == 1;
}

}  // namespace finalmile::leads::store
