#include "libs/storage/diagnose.h"

#include <fmt/format.h>

#include <filesystem>

#include "libs/storage/database.h"
#include "libs/storage/migrate.h"
#include "libs/storage/postgres/diagnose.h"
#include "libs/storage/transact.h"

namespace finalmile::storage {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

Finding SchemaOf(Database& database, Clock& clock, const StoreNeeds::Component& component, int64_t version,
                 const Owner& owner) {
  const absl::Status status = CheckSchema(database, clock, component.name, component.migrations, owner);
  const auto known = static_cast<int64_t>(component.migrations.size());
  const std::string versions = fmt::format("{} is at version {}", component.name, version);
  if (status.ok() && version <= known) return {Verdict::kOk, "schema", versions};
  if (status.ok()) {
    return {
        Verdict::kWarn, "schema",
        fmt::format("{}, this program knows {}; what is newer only adds, so that it works", versions, known),
        "run the release that migrated the store, unless you are rolling it back"};
  }
  if (!absl::IsUnavailable(status) || version >= known)
    return {VerdictOf(status), "schema", std::string(status.message())};
  if (database.engine() == Engine::kSqlite) {
    return {Verdict::kOk, "schema",
            fmt::format("{}, and is brought to version {} at the next start", versions, known)};
  }
  return {Verdict::kFail, "schema", fmt::format("{}, this program needs {}", versions, known),
          fmt::format("run `finalmile migrate --service {}` as the owner of the tables", owner.service)};
}

}  // namespace

bool DiagnoseFile(const std::string& path, std::vector<Finding>& findings) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    findings.push_back(
        {Verdict::kOk, "file", fmt::format("{} is not there yet, and is made at the start", path)});
    return false;
  }
  const absl::StatusOr<std::string> holder = HolderOf(path);
  if (absl::IsNotFound(holder.status())) {
    findings.push_back({Verdict::kOk, "file", fmt::format("{} is there, and no process holds it", path)});
    return true;
  }
  if (holder.ok()) {
    findings.push_back(
        {Verdict::kOk, "file", fmt::format("{} is held by the process that answers at {}", path, *holder)});
  } else if (absl::IsUnavailable(holder.status())) {
    findings.push_back({Verdict::kOk, "file",
                        fmt::format("{} is held by a process that does not say where it answers", path)});
  } else {
    findings.push_back({Verdict::kFail, "file", std::string(holder.status().message())});
  }
  return false;
}

void DiagnoseSchema(Database& database, Clock& clock, const StoreNeeds& needs, absl::Duration patience,
                    std::vector<Finding>& findings) {
  auto versions = Read(database, clock.Steady() + patience,
                       [](Transaction& transaction) { return SchemaVersions(transaction); });
  if (!versions.ok()) {
    findings.push_back({VerdictOf(versions.status()), "schema", std::string(versions.status().message())});
    return;
  }
  for (const StoreNeeds::Component& component : needs.components) {
    Finding finding =
        SchemaOf(database, clock, component, (*versions)[std::string(component.name)], needs.owner);
    // One finding about the owner of the store is enough.
    if (findings.empty() || findings.back() != finding) findings.push_back(std::move(finding));
  }
}

StoreDiagnosis Diagnose(std::string_view url, Clock& clock, const StoreNeeds& needs,
                        absl::Duration patience) {
  if (!url.starts_with(kSqlite)) return postgres::Diagnose(url, clock, needs, patience);
  StoreDiagnosis diagnosis;
  std::vector<Finding>& findings = diagnosis.findings;
  if (!DiagnoseFile(std::string(url.substr(kSqlite.size())), findings)) {
    Skip({"schema"}, "it is looked at when a process opens the file", findings);
    return diagnosis;
  }
  const auto database = Open(url, clock, {.connections = 1});
  if (database.ok()) {
    DiagnoseSchema(**database, clock, needs, patience, findings);
  } else {
    findings.push_back({Verdict::kFail, "schema", std::string(database.status().message())});
  }
  return diagnosis;
}

}  // namespace finalmile::storage
