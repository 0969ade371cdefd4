#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/storage/database.h"

namespace finalmile::storage {

// What a step does to the programs of the release before, which may still run beside it or come back after
// it.
enum class Change {
  // They work with it as they did: tables, indexes and columns that they do not name, which have a default
  // where a row must have a value.
  kExpand,
  // They do not: it removes, renames or forbids what they use.
  kContract,
};

// One step of a schema. Never edited once released; a later step mends it.
struct Migration {
  // 1, 2, 3, … without holes.
  int version;
  std::string_view name;
  // Statements separated by semicolons, run in one transaction with the entry in schema_migrations.
  std::string_view sql;
  // INTERNAL, from Migrate and CheckSchema, for an expand step whose text drops or renames a table or column,
  // alters a column, or adds one that is NOT NULL without a default.
  Change change = Change::kContract;
};

// The one service that a store belongs to, and the libraries whose components it may hold beside the
// service's.
struct Owner {
  // Empty: anybody's; nothing is refused.
  std::string_view service;
  std::span<const std::string_view> libraries;
};

// Brings `component` ("leads", "outbox") to its last version. Safe to run from several processes at once: one
// migrates, the others wait. A store that is newer by expand steps alone stays as it is, so that a release
// can be rolled back. FAILED_PRECONDITION when it is newer by a contract step, when an applied step's text
// differs, or when the store holds a component that `owner` does not name: another service's.
absl::Status Migrate(Database& database, Clock& clock, std::string_view component,
                     std::span<const Migration> migrations, const Owner& owner = {});

// OK when the store has `migrations`, and beyond them expand steps alone. UNAVAILABLE when steps are missing:
// it says to run `finalmile migrate`, which mends it. FAILED_PRECONDITION as Migrate.
absl::Status CheckSchema(Database& database, Clock& clock, std::string_view component,
                         std::span<const Migration> migrations, const Owner& owner = {});

// The version that each component of the store has, by name; nothing where no component was ever migrated.
absl::StatusOr<std::map<std::string, int64_t>> SchemaVersions(Transaction& transaction);

}  // namespace finalmile::storage
