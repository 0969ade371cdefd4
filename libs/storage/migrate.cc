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
constexpr absl::Duration kCheckLimit = absl::Seconds(10);

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

constexpr std::string_view kExpandName = "expand";
constexpr std::string_view kContractName = "contract";
std::string_view NameOf(Change change) { return change == Change::kExpand ? kExpandName : kContractName; }

// Stores of earlier programs do not say of a step what it is.
absl::StatusOr<bool> HasChanges(Transaction& transaction) {
  ASSIGN_OR_RETURN(
      const Result result,
      transaction.Execute(
          transaction.engine() == Engine::kPostgres
              ? "SELECT COUNT(*) FROM pg_attribute WHERE attrelid = to_regclass('schema_migrations') AND "
                "attname = 'change' AND NOT attisdropped"
              : "SELECT COUNT(*) FROM pragma_table_info('schema_migrations') WHERE name = 'change'"));
  return result.rows[0].Int(0) > 0;
}

// How many steps the store has; an error when they are neither a beginning of `migrations` nor newer by
// expand steps alone.
absl::StatusOr<size_t> AppliedSteps(Transaction& transaction, std::string_view component,
                                    std::span<const Migration> migrations) {
  ASSIGN_OR_RETURN(const bool has_changes, HasChanges(transaction));
  ASSIGN_OR_RETURN(
      Result applied,
      transaction.Execute(
          has_changes ? "SELECT version, checksum, name, change FROM schema_migrations WHERE component = $1 "
                        "ORDER BY version"
                      : "SELECT version, checksum, name, '' FROM schema_migrations WHERE component = $1 "
                        "ORDER BY version",
          {std::string(component)}));
  const size_t known = std::min(applied.rows.size(), migrations.size());
  for (size_t i = 0; i < known; ++i) {
    if (applied.rows[i].Int(0) != migrations[i].version ||
        applied.rows[i].Text(1) != Checksum(migrations[i].sql)) {
      return absl::FailedPreconditionError(fmt::format(
          "step {} of the schema of {} ({}) was applied with another text: a released step is never edited",
          migrations[i].version, component, migrations[i].name));
    }
  }
  for (size_t i = known; i < applied.rows.size(); ++i) {
    if (applied.rows[i].Text(3) == kExpandName) continue;
    return absl::FailedPreconditionError(fmt::format(
        "the schema of {} is at version {}, this program knows {}, and step {} ({}) is not one "
        "that older programs work with: run a newer program",
        component, applied.rows.size(), migrations.size(), applied.rows[i].Int(0), applied.rows[i].Text(2)));
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
              "change TEXT NOT NULL DEFAULT 'contract', PRIMARY KEY (component, version))")
          .status());
  ASSIGN_OR_RETURN(const bool has_changes, HasChanges(transaction));
  if (!has_changes) {
    RETURN_IF_ERROR(
        transaction
            .Execute("ALTER TABLE schema_migrations ADD COLUMN change TEXT NOT NULL DEFAULT 'contract'")
            .status());
  }
  RETURN_IF_ERROR(CheckOwner(transaction, owner));
  ASSIGN_OR_RETURN(const size_t applied, AppliedSteps(transaction, component, migrations));
  if (applied >= migrations.size()) return false;
  const Migration& next = migrations[applied];
  for (const std::string_view statement : SplitStatements(next.sql)) {
    if (absl::Status status = transaction.Execute(statement).status(); !status.ok()) {
      return absl::Status(status.code(), fmt::format("step {} of the schema of {} ({}): {}", next.version,
                                                     component, next.name, std::string(status.message())));
    }
  }
  RETURN_IF_ERROR(
      transaction
          .Execute("INSERT INTO schema_migrations (component, version, name, checksum, applied_at, change) "
                   "VALUES ($1, $2, $3, $4, $5, $6)",
                   {std::string(component), int64_t{next.version}, std::string(next.name), Checksum(next.sql),
                    ToMicros(clock.Now()), std::string(NameOf(next.change))})
          .status());
  return true;
}

// What an older program would trip over, as far as the text shows; empty: nothing.
std::string_view Contracting(std::string_view statement) {
  const std::string text = Lower(statement);
  for (const std::string_view words :
       {"drop table", "drop column", "rename", "alter column", "set not null", "add constraint"}) {
    if (text.find(words) != std::string::npos) return words;
  }
  const bool adds = text.find("add column") != std::string::npos;
  if (adds && text.find("not null") != std::string::npos && text.find("default") == std::string::npos)
    return "not null without a default";
  return {};
}

absl::Status CheckSteps(std::string_view component, std::span<const Migration> migrations) {
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].change == Change::kExpand) {
      for (const std::string_view statement : SplitStatements(migrations[i].sql)) {
        const std::string_view found = Contracting(statement);
        if (found.empty()) continue;
        return absl::InternalError(
            fmt::format("step {} of the schema of {} is no expand step: {}", i + 1, component, found));
      }
    }
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
  RETURN_IF_ERROR(CheckSteps(component, migrations));
  for (bool more = true; more;) {
    // Repeatable: what the store has is looked up first.
    const TransactOptions options{.deadline = clock.Steady() + kStepLimit, .repeatable = true};
    ASSIGN_OR_RETURN(more, Transact(database, options, [&](Transaction& transaction) {
                       return ApplyNext(transaction, clock, component, migrations, owner);
                     }));
  }
  return absl::OkStatus();
}

absl::Status CheckSchema(Database& database, Clock& clock, std::string_view component,
                         std::span<const Migration> migrations, const Owner& owner) {
  RETURN_IF_ERROR(CheckSteps(component, migrations));
  const TransactOptions options{.deadline = clock.Steady() + kCheckLimit, .read_only = true};
  return database.Transact(options, [&](Transaction& transaction) -> absl::Status {
    size_t applied = 0;
    ASSIGN_OR_RETURN(const bool has_table, HasTable(transaction));
    if (has_table) {
      RETURN_IF_ERROR(CheckOwner(transaction, owner));
      ASSIGN_OR_RETURN(applied, AppliedSteps(transaction, component, migrations));
    }
    if (applied >= migrations.size()) return absl::OkStatus();
    return absl::UnavailableError(
        fmt::format("the schema of {} is at version {}, this program needs {}: run `finalmile migrate`",
                    component, applied, migrations.size()));
  });
}

absl::StatusOr<std::map<std::string, int64_t>> SchemaVersions(Transaction& transaction) {
  std::map<std::string, int64_t> versions;
  ASSIGN_OR_RETURN(const bool has_table, HasTable(transaction));
  if (!has_table) return versions;
  ASSIGN_OR_RETURN(
      const Result result,
      transaction.Execute("SELECT component, MAX(version) FROM schema_migrations GROUP BY component"));
  for (const Row& row : result.rows) versions[row.Text(0)] = row.Int(1);
  return versions;
}

}  // namespace finalmile::storage
