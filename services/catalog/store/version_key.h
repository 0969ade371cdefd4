#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libs/storage/value.h"

namespace finalmile::catalog::store {

// (asset, version).
using VersionKey = std::pair<std::string, int64_t>;

// Rows for {rows: asset TEXT, version BIGINT}.
inline std::vector<storage::Row> KeyRows(const std::vector<VersionKey>& keys) {
  std::vector<storage::Row> rows;
  rows.reserve(keys.size());
  for (const auto& [asset, version] : keys) rows.push_back(storage::Row({asset, version}));
  return rows;
}

}  // namespace finalmile::catalog::store
