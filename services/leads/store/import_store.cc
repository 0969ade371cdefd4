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
          "rejected, aged FROM imports WHERE caller = $1 AND request_id = $2",
          {caller, request_id}));
  if (result.rows.empty()) return std::nullopt;
  const storage::Row& row = result.rows.front();
  return ImportProgress{caller,     request_id, row.Blob(0), FromMicros(row.Int(1)),
                        row.Int(2), row.Int(3), row.Int(4),  row.Int(5),
                        row.Int(6), row.Int(7), row.Int(8)};
}

absl::Status InsertImport(storage::Transaction& transaction, const ImportProgress& progress, absl::Time now) {
  return transaction
      .Execute(
          "INSERT INTO imports (caller, request_id, fingerprint, start_time, acknowledged_line, created, "
          "updated, unchanged, activities, rejected, aged, move_time) VALUES ($1, $2, $3, $4, $5, 0, 0, 0, "
          "0, "
          "0, 0, $6)",
          {progress.caller, progress.request_id, storage::Bytes{progress.fingerprint},
           ToMicros(progress.start_time), progress.acknowledged_line, ToMicros(now)})
      .status();
}

absl::StatusOr<bool> AdvanceImport(storage::Transaction& transaction, const ImportProgress& progress,
                                   int64_t from_line, absl::Time now) {
  ASSIGN_OR_RETURN(
      storage::Result moved,
      transaction.Execute(
          "UPDATE imports SET acknowledged_line = $3, created = $4, updated = $5, unchanged = $6, activities "
          "= $7, rejected = $8, aged = $9, move_time = $10 WHERE caller = $1 AND request_id = $2 AND "
          "acknowledged_line = $11",
          {progress.caller, progress.request_id, progress.acknowledged_line, progress.created,
           progress.updated, progress.unchanged, progress.activities, progress.rejected, progress.aged,
           ToMicros(now), from_line}));
  return moved.affected == 1;
}

absl::StatusOr<int64_t> DeleteImports(storage::Transaction& transaction, absl::Time time, absl::Time now,
                                      int limit) {
  RETURN_IF_ERROR(
      transaction.Defer("UPDATE imports SET move_time = $1 WHERE move_time IS NULL", {ToMicros(now)})
          .status());
  ASSIGN_OR_RETURN(
      const storage::Result deleted,
      transaction.Execute("DELETE FROM imports WHERE (caller, request_id) IN (SELECT caller, request_id FROM "
                          "imports WHERE move_time < $1 ORDER BY move_time LIMIT $2)",
                          {ToMicros(time), int64_t{limit}}));
  return deleted.affected;
}

}  // namespace finalmile::leads::store
