#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/asset.pb.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::assets {

// Which version of an asset; 0: the published one, or the newest where none was ever published. −1: the
// newest.
struct Wanted {
  domain::AssetId id;
  int64_t version = 0;
};
inline constexpr int64_t kLatest = -1;

struct Read {
  // 0: there is no such asset.
  int64_t revision = 0;
  // Absent: there is no such asset or version.
  std::optional<v1::Asset> asset;
};

// NOT_FOUND / ASSET_NOT_FOUND for the version, or for the asset where `version` is 0.
absl::Status NoSuchAsset(const domain::AssetId& id, int64_t version);

// Assets that a list reads at once at first, without their long texts; each has up to 2.5 MB.
inline constexpr int kHeadsAtOnce = 16;

// Assets as the wire shows them, in the order of `wanted`; without `bodies`, as lists show them.
absl::StatusOr<std::vector<Read>> ReadAssets(storage::Transaction& transaction,
                                             const std::vector<Wanted>& wanted, bool bodies);
// The whole of a version; NoSuchAsset where there is none.
absl::StatusOr<v1::Asset> ReadAsset(storage::Transaction& transaction, const Wanted& wanted);

}  // namespace finalmile::catalog::assets
