#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/cache/near_cache.h"
#include "libs/storage/database.h"
#include "services/catalog/assets/asset_batch.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::assets {

// Assets as serialised v1.Asset, by id and version (0: the published one, or the newest where none was ever
// published); the version of an entry is the asset's revision. Version 0 comes out of the near cache. The
// others, which few ask for, come from the store: each of them says which one is published and which is the
// newest, so that a write would have to bury them all. Thread-safe.
class HotAssets {
 public:
  // Both outlive it.
  HotAssets(cache::NearCache& cache, storage::Database& database) : cache_(cache), database_(database) {}

  // As NearCache::TryGet and Get, in their errors too. A null value: there is no such asset or version.
  std::optional<cache::Entry> TryGet(const domain::AssetId& id, int64_t version, int64_t min_revision);
  absl::StatusOr<cache::Entry> Get(const domain::AssetId& id, int64_t version, int64_t min_revision,
                                   absl::Duration deadline);

  // To be called after the commit.
  void Wrote(const std::vector<Changed>& changed);
  // The asset changed somewhere, or may have.
  void Invalidate(const domain::AssetId& id);

 private:
  absl::StatusOr<cache::Entry> Load(const domain::AssetId& id, int64_t version, absl::Duration deadline);

  cache::NearCache& cache_;
  storage::Database& database_;
};

}  // namespace finalmile::catalog::assets
