#include "services/leads/store/import_store.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/table.h"

namespace finalmile::leads::store {
namespace {

storage::Value NumberOf(const ImportProgress& progress) {
  if (progress.number == 0) return std::monostate();
  return progress.number;
}
absl::Status ReadNumber(const storage::Row& row, size_t column, ImportProgress& progress) {
  progress.number = row.OptionalInt(column).value_or(0);
  return absl::OkStatus();
}

const storage::Table<ImportProgress> kImports(
    "imports", {"caller", "request_id"},
    {{"caller", &ImportProgress::caller},
     {"request_id", &ImportProgress::request_id},
     {"fingerprint", storage::kAsBytes, &ImportProgress::fingerprint},
     {"start_time", &ImportProgress::start_time},
     {"acknowledged_line", &ImportProgress::acknowledged_line},
     {"created", &ImportProgress::created},
     {"updated", &ImportProgress::updated},
     {"unchanged", &ImportProgress::unchanged},
     {"activities", &ImportProgress::activities},
     {"rejected", &ImportProgress::rejected},
     {"aged", &ImportProgress::aged},
     {"move_time", &ImportProgress::move_time, absl::UnixEpoch()},
     {"number", "BIGINT", NumberOf, ReadNumber},
     {"source", &ImportProgress::source},
     {"file_name", &ImportProgress::file_name},
     {"undo_time", &ImportProgress::undo_time, absl::InfinitePast()},
     {"not_taken", &ImportProgress::not_taken},
     {"conflicts", &ImportProgress::conflicts},
     {"kept_denials", &ImportProgress::kept_denials},
     {"fallen_counters", &ImportProgress::fallen_counters},
     {"known_activities", &ImportProgress::known_activities},
     {"repeated_rows", &ImportProgress::repeated_rows}});

constexpr int64_t ImportProgress::*kCounts[] = {
    &ImportProgress::created,         &ImportProgress::updated,          &ImportProgress::unchanged,
    &ImportProgress::activities,      &ImportProgress::rejected,         &ImportProgress::aged,
    &ImportProgress::not_taken,       &ImportProgress::conflicts,        &ImportProgress::kept_denials,
    &ImportProgress::fallen_counters, &ImportProgress::known_activities, &ImportProgress::repeated_rows};

}  // namespace

void AddCounts(const ImportProgress& more, ImportProgress& progress) {
  for (int64_t ImportProgress::*const count : kCounts) progress.*count += more.*count;
}

absl::StatusOr<std::optional<ImportProgress>> ReadImport(storage::Transaction& transaction,
                                                         const std::string& caller,
                                                         const std::string& request_id) {
  static const std::string sql = fmt::format("{} WHERE caller = $1 AND request_id = $2", kImports.select());
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, {caller, request_id}));
  if (result.rows.empty()) return std::nullopt;
  return kImports.RecordOf(result.rows.front());
}

absl::StatusOr<std::optional<ImportProgress>> ReadImport(storage::Transaction& transaction, int64_t number) {
  static const std::string sql = fmt::format("{} WHERE number = $1", kImports.select());
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, {number}));
  if (result.rows.empty()) return std::nullopt;
  return kImports.RecordOf(result.rows.front());
}

absl::StatusOr<std::vector<ImportProgress>> ListImports(storage::Transaction& transaction, int64_t before,
                                                        int limit) {
  static const std::string sql =
      fmt::format("{} WHERE number < $1 ORDER BY number DESC LIMIT $2", kImports.select());
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, {before, int64_t{limit}}));
  return kImports.Records(result);
}

absl::StatusOr<int64_t> NextImportNumber(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute("SELECT COALESCE(MAX(number), 0) + 1 FROM imports"));
  return result.rows.front().Int(0);
}

absl::Status MarkUndone(storage::Transaction& transaction, const ImportProgress& progress, absl::Time now) {
  return transaction
      .Defer("UPDATE imports SET undo_time = $2, request_id = $3 WHERE number = $1",
             {progress.number, ToMicros(now), fmt::format("undone:{}", progress.number)})
      .status();
}

absl::Status InsertImport(storage::Transaction& transaction, const ImportProgress& progress) {
  const ImportProgress* rows[] = {&progress};
  RETURN_IF_ERROR(kImports.Insert(transaction, rows));
  return transaction.Settle();
}

absl::StatusOr<bool> AdvanceImport(storage::Transaction& transaction, const ImportProgress& progress,
                                   int64_t from_line) {
  ASSIGN_OR_RETURN(const storage::Result moved, transaction.Execute(R"sql(
UPDATE imports SET acknowledged_line = $3
WHERE caller = $1 AND request_id = $2 AND acknowledged_line = $4)sql",
                                                                    {progress.caller, progress.request_id,
                                                                     progress.acknowledged_line, from_line}));
  if (moved.affected != 1) return false;
  const ImportProgress* rows[] = {&progress};
  RETURN_IF_ERROR(kImports.Update(transaction, rows));
  return true;
}

absl::StatusOr<int64_t> DeleteImports(storage::Transaction& transaction, absl::Time time, absl::Time now,
                                      int limit) {
  RETURN_IF_ERROR(
      transaction.Defer("UPDATE imports SET move_time = $1 WHERE move_time IS NULL", {ToMicros(now)})
          .status());
  ASSIGN_OR_RETURN(const storage::Result deleted, transaction.Execute(R"sql(
DELETE FROM imports
WHERE (caller, request_id) IN (
  SELECT caller, request_id FROM imports
  WHERE move_time < $1 AND (number IS NULL OR number < (SELECT MAX(number) FROM imports))
  ORDER BY move_time
  LIMIT $2))sql",
                                                                      {ToMicros(time), int64_t{limit}}));
  return deleted.affected;
}

}  // namespace finalmile::leads::store
