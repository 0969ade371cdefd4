#include "services/catalog/publishing/reading.h"

#include <map>

#include "libs/base/status.h"
#include "services/catalog/publishing/convert.h"

namespace finalmile::catalog::publishing {

absl::StatusOr<std::vector<Read>> ReadAssets(storage::Transaction& transaction,
                                             const std::vector<Wanted>& wanted, bool bodies) {
  std::map<std::string, store::AssetRow> rows;
  std::vector<std::string> ids;
  for (const Wanted& one : wanted) {
    if (rows.try_emplace(one.id).second) ids.push_back(one.id);
  }
  ASSIGN_OR_RETURN(std::vector<store::AssetRow> read, store::ReadAssets(transaction, ids));
  for (store::AssetRow& row : read) {
    std::string id = row.id;
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

}  // namespace finalmile::catalog::publishing
