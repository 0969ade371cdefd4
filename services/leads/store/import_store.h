#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"

namespace finalmile::leads::store {

// How far an import has come, and its results since it was first started.
struct ImportProgress {
  std::string caller;
  std::string request_id;
  // Digest of mapping and header: an import may only be resumed with the same.
  std::string fingerprint;
  absl::Time start_time;
  // Every row up to this line is stored or rejected.
  int64_t acknowledged_line = 1;
  int64_t created = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t activities = 0;
  int64_t rejected = 0;
  // Activities that came too late to be taken.
  int64_t aged = 0;
  absl::Time move_time;
  // 1, 2, 3, …; 0: an older program began it.
  int64_t number = 0;
  // "import:{name}".
  std::string source;
  std::string file_name;
  // InfinitePast: it was not taken back.
  absl::Time undo_time = absl::InfinitePast();
  // See ImportLeadsResponse.
  int64_t not_taken = 0;
  int64_t conflicts = 0;
  int64_t kept_denials = 0;
  int64_t fallen_counters = 0;
  int64_t known_activities = 0;
  int64_t repeated_rows = 0;
};

// Adds the counts of `more`.
void AddCounts(const ImportProgress& more, ImportProgress& progress);

absl::StatusOr<std::optional<ImportProgress>> ReadImport(storage::Transaction& transaction,
                                                         const std::string& caller,
                                                         const std::string& request_id);
// The import of this number.
absl::StatusOr<std::optional<ImportProgress>> ReadImport(storage::Transaction& transaction, int64_t number);
// At most `limit` imports with numbers below `before`, the highest first.
absl::StatusOr<std::vector<ImportProgress>> ListImports(storage::Transaction& transaction, int64_t before,
                                                        int limit);
// The number of an import that begins now. Two that begin at once get the same: InsertImport tells.
absl::StatusOr<int64_t> NextImportNumber(storage::Transaction& transaction);
// Marks an import as taken back, which frees its request id.
absl::Status MarkUndone(storage::Transaction& transaction, const ImportProgress& progress, absl::Time now);
// ALREADY_EXISTS. Awaited.
absl::Status InsertImport(storage::Transaction& transaction, const ImportProgress& progress);
// Moves the import on from `from_line`; false: it is no longer there, because another stream moved it.
absl::StatusOr<bool> AdvanceImport(storage::Transaction& transaction, const ImportProgress& progress,
                                   int64_t from_line);
// Deletes at most `limit` imports that last moved on before `time`, and returns how many. An import that an
// older program began without a move_time counts from `now`. The one with the highest number stays, so that
// no number comes twice.
absl::StatusOr<int64_t> DeleteImports(storage::Transaction& transaction, absl::Time time, absl::Time now,
                                      int limit);

}  // namespace finalmile::leads::store
