#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/asset.pb.h"
#include "libs/storage/database.h"

namespace finalmile::catalog::publishing {

// Which version of an asset; 0: the published one, or the newest where none was ever published. −1: the
// newest.
struct Wanted {
  std::string id;
  int64_t version = 0;
};
inline constexpr int64_t kLatest = -1;

struct Read {
  // 0: there is no such asset.
  int64_t revision = 0;
  // Absent: there is no such asset or version.
  std::optional<v1::Asset> asset;
};

// Assets as the wire shows them, in the order of `wanted`; without `bodies`, as lists show them.
absl::StatusOr<std::vector<Read>> ReadAssets(storage::Transaction& transaction,
                                             const std::vector<Wanted>& wanted, bool bodies);

}  // namespace finalmile::catalog::publishing
