#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "libs/storage/database.h"

namespace finalmile::storage {

// One step of a schema. Never edited once released; a later step mends it.
struct Migration {
  // 1, 2, 3, … without holes.
  int version;
  std::string_view name;
  // Statements separated by semicolons, run in one transaction with the entry in schema_migrations.
  std::string_view sql;
};

// Brings `component` ("leads", "outbox") to its last version. Safe to run from several processes at once: one
// migrates, the others wait. FAILED_PRECONDITION when the store is newer than `migrations`, or when an
// applied step's text differs.
absl::Status Migrate(Database& database, Clock& clock, std::string_view component,
                     std::span<const Migration> migrations);

// OK when the store has exactly `migrations`; FAILED_PRECONDITION says which version stands and to run
// `finalmile migrate`.
absl::Status CheckSchema(Database& database, Clock& clock, std::string_view component,
                         std::span<const Migration> migrations);

}  // namespace finalmile::storage
