#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/asset.pb.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/store/use_store.h"

namespace finalmile::catalog::usage {

// How these versions do, every one of them; without figures where nothing is known.
absl::StatusOr<std::map<store::VersionKey, v1::AssetPerformance>> Performances(
    storage::Transaction& transaction, const std::vector<store::VersionKey>& keys);

}  // namespace finalmile::catalog::usage
