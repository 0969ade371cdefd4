#include "libs/storage/migrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/storage/sql.h"
#include "libs/storage/transact.h"

namespace finalmile::storage {
namespace {

// An index over a large table takes a while.
constexpr absl::Duration kStepLimit = absl::Minutes(30);
constexpr absl::Duration kCheckLimit = absl::Seconds(30);

// It finds an edit, not an attack.
std::string Checksum(std::string_view text) { return fmt::format("{:016x}", Fnv1a(text)); }

absl::StatusOr<bool> HasTable(Transaction& transaction) {
  ASSIGN_OR_RETURN(
      Result result,
      transaction.Execute(transaction.engine() == Engine::kPostgres
                              ? "SELECT to_regclass('schema_migrations') IS NOT NULL"
                              : "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_migrations'"));
  return result.rows[0].Bool(0);
}

// The version that stands; an error when what stands is not a beginning of `migrations`.
absl::StatusOr<size_t> Standing(Transaction& transaction, std::string_view component,
                                std::span<const Migration> migrations) {
  ASSIGN_OR_RETURN(
      Result applied,
      transaction.Execute(
          "SELECT version, checksum FROM schema_migrations WHERE component = $1 ORDER BY version",
          {std::string(component)}));
  if (applied.rows.size() > migrations.size()) {
    return absl::FailedPreconditionError(
        fmt::format("the schema of {} is at version {}, this program knows {}: run a newer program",
                    component, applied.rows.size(), migrations.size()));
  }
  for (size_t i = 0; i < applied.rows.size(); ++i) {
    if (applied.rows[i].Int(0) != migrations[i].version ||
        applied.rows[i].Text(1) != Checksum(migrations[i].sql)) {
      return absl::FailedPreconditionError(fmt::format(
          "step {} of the schema of {} ({}) was applied with another text: a released step is never edited",
          migrations[i].version, component, migrations[i].name));
    }
  }
  return applied.rows.size();
}

absl::Status CheckOwner(Transaction& transaction, const Owner& owner) {
  if (owner.service.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const Result held,
      transaction.Execute("SELECT DISTINCT component FROM schema_migrations ORDER BY component"));
  for (const Row& row : held.rows) {
    const std::string& component = row.Text(0);
    if (component == owner.service || std::ranges::find(owner.libraries, component) != owner.libraries.end())
      continue;
    return absl::FailedPreconditionError(
        fmt::format("this store holds the tables of {}, so {} cannot use it: each service has a store of its "
                    "own; give {} another database",
                    component, owner.service, owner.service));
  }
  return absl::OkStatus();
}

// Applies the step that is due, if one is. Only one process gets past the first statement at a time.
absl::StatusOr<bool> ApplyNext(Transaction& transaction, Clock& clock, std::string_view component,
                               std::span<const Migration> migrations, const Owner& owner) {
  if (transaction.engine() == Engine::kPostgres) {
    RETURN_IF_ERROR(
        transaction.Execute("SELECT 1 FROM pg_advisory_xact_lock(hashtextextended('schema_migrations', 0))")
            .status());
  }
  RETURN_IF_ERROR(
      transaction
          .Execute(
              "CREATE TABLE IF NOT EXISTS schema_migrations (component TEXT NOT NULL, version BIGINT NOT "
              "NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, "
              "PRIMARY KEY (component, version))")
          .status());
  RETURN_IF_ERROR(CheckOwner(transaction, owner));
  ASSIGN_OR_RETURN(const size_t standing, Standing(transaction, component, migrations));
  if (standing == migrations.size()) return false;
  const Migration& next = migrations[standing];
  for (const std::string_view statement : SplitStatements(next.sql)) {
    if (absl::Status status = transaction.Execute(statement).status(); !status.ok()) {
      return absl::Status(status.code(), fmt::format("step {} of the schema of {} ({}): {}", next.version,
                                                     component, next.name, std::string(status.message())));
    }
  }
  RETURN_IF_ERROR(
      transaction
          .Execute("INSERT INTO schema_migrations (component, version, name, checksum, applied_at) "
                   "VALUES ($1, $2, $3, $4, $5)",
                   {std::string(component), int64_t{next.version}, std::string(next.name), Checksum(next.sql),
                    ToMicros(clock.Now())})
          .status());
  return true;
}

absl::Status CheckNumbering(std::string_view component, std::span<const Migration> migrations) {
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].version != static_cast<int>(i) + 1) {
      return absl::InternalError(
          fmt::format("step {} of the schema of {} is numbered {}", i + 1, component, migrations[i].version));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Migrate(Database& database, Clock& clock, std::string_view component,
                     std::span<const Migration> migrations, const Owner& owner) {
  RETURN_IF_ERROR(CheckNumbering(component, migrations));
  for (bool more = true; more;) {
    // Repeatable: what stands is looked up first.
    const TransactOptions options{.deadline = clock.Steady() + kStepLimit, .repeatable = true};
    ASSIGN_OR_RETURN(more, Transact(database, options, [&](Transaction& transaction) {
                       return ApplyNext(transaction, clock, component, migrations, owner);
                     }));
  }
  return absl::OkStatus();
}

absl::Status CheckSchema(Database& database, Clock& clock, std::string_view component,
                         std::span<const Migration> migrations, const Owner& owner) {
  RETURN_IF_ERROR(CheckNumbering(component, migrations));
  const TransactOptions options{.deadline = clock.Steady() + kCheckLimit, .read_only = true};
  return database.Transact(options, [&](Transaction& transaction) -> absl::Status {
    size_t standing = 0;
    ASSIGN_OR_RETURN(const bool has_table, HasTable(transaction));
    if (has_table) {
      RETURN_IF_ERROR(CheckOwner(transaction, owner));
      ASSIGN_OR_RETURN(standing, Standing(transaction, component, migrations));
    }
    if (standing == migrations.size()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        fmt::format("the schema of {} is at version {}, this program needs {}: run `finalmile migrate`",
                    component, standing, migrations.size()));
  });
}

}  // namespace finalmile::storage
