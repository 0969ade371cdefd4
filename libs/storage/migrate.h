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

// The one service that a store belongs to, and the libraries whose components it may hold beside the
// service's.
struct Owner {
  // Empty: anybody's; nothing is refused.
  std::string_view service;
  std::span<const std::string_view> libraries;
};

// Brings `component` ("leads", "outbox") to its last version. Safe to run from several processes at once: one
// migrates, the others wait. FAILED_PRECONDITION when the store is newer than `migrations`, when an applied
// step's text differs, or when the store holds a component that `owner` does not name: another service's.
absl::Status Migrate(Database& database, Clock& clock, std::string_view component,
                     std::span<const Migration> migrations, const Owner& owner = {});

// OK when the store has exactly `migrations`; FAILED_PRECONDITION says which version stands and to run
// `finalmile migrate`, or that it is another service's as Migrate does.
absl::Status CheckSchema(Database& database, Clock& clock, std::string_view component,
                         std::span<const Migration> migrations, const Owner& owner = {});

}  // namespace finalmile::storage
