#include "services/catalog/store/version_store.h"

#include "libs/base/status.h"

namespace finalmile::catalog::store {
namespace {

const storage::Table<VersionRow> kVersions("asset_versions", {"asset", "version"},
                                           {{"asset", &VersionRow::asset},
                                            {"version", &VersionRow::version},
                                            {"head", storage::kAsBytes, &VersionRow::head},
                                            {"body", storage::kAsBytes, &VersionRow::body},
                                            {"reviewer", &VersionRow::reviewer},
                                            {"create_time", &VersionRow::create_time}});
const storage::Table<VersionRow> kHeads = kVersions.Part({"head", "reviewer", "create_time"});
const storage::Table<VersionRow> kReviewers = kVersions.Part({"reviewer"});

}  // namespace

absl::Status InsertVersions(storage::Transaction& transaction, const std::vector<VersionRow>& versions) {
  return kVersions.Insert(transaction, storage::Pointers(versions));
}

absl::Status SetReviewers(storage::Transaction& transaction, const std::vector<VersionRow>& versions) {
  return kReviewers.Update(transaction, storage::Pointers(versions));
}

absl::StatusOr<std::map<VersionKey, VersionRow>> ReadVersions(storage::Transaction& transaction,
                                                              const std::vector<VersionKey>& keys,
                                                              bool bodies) {
  const storage::Table<VersionRow>& table = bodies ? kVersions : kHeads;
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.ExecuteMany(table.select() + kJoinKeys, KeyRows(keys)));
  ASSIGN_OR_RETURN(std::vector<VersionRow> rows, table.Records(result));
  std::map<VersionKey, VersionRow> versions;
  for (VersionRow& row : rows) {
    VersionKey key{row.asset, row.version};
    versions.emplace(std::move(key), std::move(row));
  }
  return versions;
}

absl::StatusOr<std::vector<VersionRow>> ListVersions(storage::Transaction& transaction,
                                                     const domain::AssetId& asset, int64_t before,
                                                     int limit) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(kHeads.select() + R"sql(
WHERE asset = $1 AND version < $2
ORDER BY version DESC
LIMIT $3)sql",
                                                                     {asset.text(), before, int64_t{limit}}));
  return kHeads.Records(result);
}

}  // namespace finalmile::catalog::store
