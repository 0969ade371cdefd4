#include "services/catalog/assets/read_assets.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/store/version_store.h"

namespace finalmile::catalog::assets {

absl::Status NoSuchAsset(const domain::AssetId& id, int64_t version) {
  return rpc::NotFound(
      version == 0 ? domain::AssetName(id) : fmt::format("assets/{}/versions/{}", id, version), "asset");
}

absl::StatusOr<std::vector<Read>> ReadAssets(storage::Transaction& transaction,
                                             const std::vector<Wanted>& wanted, bool bodies) {
  std::map<domain::AssetId, store::AssetRow> rows;
  std::vector<domain::AssetId> ids;
  for (const Wanted& one : wanted) {
    if (rows.try_emplace(one.id).second) ids.push_back(one.id);
  }
  ASSIGN_OR_RETURN(std::vector<store::AssetRow> read, store::ReadAssets(transaction, ids));
  for (store::AssetRow& row : read) {
    domain::AssetId id = row.id;
    rows[id] = std::move(row);
  }
  std::vector<store::VersionKey> keys;
  for (const Wanted& one : wanted) {
    const domain::Life& life = rows[one.id].life;
    const int64_t version = one.version == 0         ? store::ShownVersion(life)
                            : one.version == kLatest ? life.latest_version
                                                     : one.version;
    keys.emplace_back(one.id, version);
  }
  ASSIGN_OR_RETURN(auto versions, store::ReadVersions(transaction, keys, bodies));
  std::vector<Read> result;
  result.reserve(keys.size());
  for (const store::VersionKey& key : keys) {
    const store::AssetRow& row = rows[key.first];
    Read& one = result.emplace_back();
    one.revision = row.revision;
    const auto found = versions.find(key);
    if (row.revision == 0 || found == versions.end()) continue;
    ASSIGN_OR_RETURN(one.asset, ToProto(row, found->second));
  }
  return result;
}

absl::StatusOr<v1::Asset> ReadAsset(storage::Transaction& transaction, const Wanted& wanted) {
  ASSIGN_OR_RETURN(std::vector<Read> read, ReadAssets(transaction, {wanted}, /*bodies=*/true));
  if (!read[0].asset) return NoSuchAsset(wanted.id, std::max<int64_t>(wanted.version, 0));
  return *std::move(read[0].asset);
}

}  // namespace finalmile::catalog::assets
