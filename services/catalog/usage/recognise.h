#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/domain/sketch.h"

namespace finalmile::catalog::usage {

// The version that a message is made of.
struct Recognised {
  catalog::domain::Match match = catalog::domain::Match::kNone;
  // Empty for kNone.
  catalog::domain::AssetId asset;
  int64_t version = 0;
  // Share of the asset that the message keeps; absent: either is too short to tell.
  std::optional<double> similarity;
};

// Compares `message` (WholeSketchOf its text) with the published versions that share shingles with it.
absl::StatusOr<Recognised> Recognise(storage::Transaction& transaction,
                                     const catalog::domain::Sketch& message);
// The share of that version that the message keeps; absent: either is too short to tell.
absl::StatusOr<std::optional<double>> KeptOf(storage::Transaction& transaction,
                                             const catalog::domain::AssetId& asset, int64_t version,
                                             const catalog::domain::Sketch& message);

}  // namespace finalmile::catalog::usage
