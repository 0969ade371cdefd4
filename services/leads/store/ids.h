#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/storage/value.h"

namespace finalmile::leads::store {

// The ids that a statement has read as its first column.
inline absl::StatusOr<std::vector<std::string>> Ids(const absl::StatusOr<storage::Result>& result) {
  if (!result.ok()) return result.status();
  std::vector<std::string> ids;
  for (const storage::Row& row : result->rows) ids.push_back(row.Text(0));
  return ids;
}

}  // namespace finalmile::leads::store
