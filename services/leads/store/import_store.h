#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"

namespace finalmile::leads::store {

// How far an import has come, and what came of it since it was first started.
struct ImportProgress {
  std::string caller;
  std::string request_id;
  // Of mapping and header: an import may only be resumed with the same.
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
};

absl::StatusOr<std::optional<ImportProgress>> ReadImport(storage::Transaction& transaction,
                                                         const std::string& caller,
                                                         const std::string& request_id);
// ALREADY_EXISTS.
absl::Status InsertImport(storage::Transaction& transaction, const ImportProgress& progress, absl::Time now);
// Moves the import on from `from_line`; false: it does not stand there any more, another stream moves it.
absl::StatusOr<bool> AdvanceImport(storage::Transaction& transaction, const ImportProgress& progress,
                                   int64_t from_line, absl::Time now);
// Deletes at most `limit` imports that last moved on before `time`. One of which that is not known, because
// an older program began it, counts from `now`.
absl::StatusOr<int64_t> DeleteImports(storage::Transaction& transaction, absl::Time time, absl::Time now,
                                      int limit);

}  // namespace finalmile::leads::store
