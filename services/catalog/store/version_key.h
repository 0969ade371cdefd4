#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libs/storage/value.h"

namespace finalmile::catalog::store {

// (asset, version).
using VersionKey = std::pair<std::string, int64_t>;

// The end of a SELECT from a table with the columns asset and version: only the rows of KeyRows.
inline constexpr char kWhereKeyIn[] =
    " WHERE (asset, version) IN (SELECT r.asset, r.version FROM {rows: asset TEXT, version BIGINT} AS r)";

// Rows for {rows: asset TEXT, version BIGINT}.
inline std::vector<storage::Row> KeyRows(const std::vector<VersionKey>& keys) {
  std::vector<storage::Row> rows;
  rows.reserve(keys.size());
  for (const auto& [asset, version] : keys) rows.push_back(storage::Row({asset, version}));
  return rows;
}

}  // namespace finalmile::catalog::store
