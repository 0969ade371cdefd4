#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libs/storage/value.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::store {

// (asset, version).
using VersionKey = std::pair<domain::AssetId, int64_t>;

// Follows a SELECT from a table with the columns asset and version: only the rows with these keys. A join,
// because SQLite would enter an index for `(asset, version) IN …` by the asset alone.
inline constexpr char kJoinKeys[] = R"sql(
JOIN {rows: key_asset TEXT, key_version BIGINT} AS r
  ON asset = r.key_asset AND version = r.key_version)sql";

// The rows of kJoinKeys, and of {rows: asset TEXT, version BIGINT}.
inline std::vector<storage::Row> KeyRows(const std::vector<VersionKey>& keys) {
  std::vector<storage::Row> rows;
  rows.reserve(keys.size());
  for (const auto& [asset, version] : keys) rows.push_back(storage::Row({asset.text(), version}));
  return rows;
}

}  // namespace finalmile::catalog::store
