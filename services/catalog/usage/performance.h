#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/asset.pb.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/store/use_store.h"

namespace finalmile::catalog::usage {

// How a version does; its rank is Credit::rank.
struct Performance {
  v1::AssetPerformance figures;
  double rank = 0;
};

// How these versions do, every one of them; without figures where nothing is known.
absl::StatusOr<std::map<store::VersionKey, Performance>> Performances(
    storage::Transaction& transaction, const std::vector<store::VersionKey>& keys);

// How the most used assets do, at most `limit`, all versions of each together: the highest lift that is known
// first; then by matured uses, uses, offers, and by name.
absl::StatusOr<std::vector<v1::AssetPerformance>> AssetPerformances(storage::Transaction& transaction,
                                                                    int limit);

// What offering brings: of all kinds together, then of each kind that had trials. Empty where none matured.
absl::StatusOr<std::vector<v1::Effect>> Effects(storage::Transaction& transaction);

}  // namespace finalmile::catalog::usage
