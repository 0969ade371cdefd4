#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/domain/life.h"
#include "services/catalog/domain/sketch.h"
#include "services/catalog/store/version_key.h"

namespace finalmile::catalog::store {

// A publication leaves the version's sketch and the period in which it could be used, by which uses are
// judged.

// With the hashes by which they are found; those that are there already stay as they are.
absl::Status InsertSketches(storage::Transaction& transaction,
                            const std::vector<domain::SketchCandidate>& sketches);
// The published versions that share most of `hashes` (ProbeHashes of a message), at most kMaxCandidates.
absl::StatusOr<std::vector<domain::SketchCandidate>> FindSketches(storage::Transaction& transaction,
                                                                  const std::vector<int64_t>& hashes);
// The sketches of these versions; versions without one are left out.
absl::StatusOr<std::vector<domain::SketchCandidate>> ReadSketches(storage::Transaction& transaction,
                                                                  const std::vector<VersionKey>& keys);

// Ends the asset's live periods at `now`; those that were still to begin go.
absl::Status EndPeriods(storage::Transaction& transaction, const std::vector<domain::AssetId>& assets,
                        absl::Time now);
struct PeriodRow {
  domain::AssetId asset;
  int64_t version = 0;
  domain::Period period;
};
// After EndPeriods.
absl::Status InsertPeriods(storage::Transaction& transaction, const std::vector<PeriodRow>& periods);
// The latest period of a version that began by `time`; where none did, one that never begins.
absl::StatusOr<domain::Period> PeriodAt(storage::Transaction& transaction, const VersionKey& key,
                                        absl::Time time);
// Every period that reaches into [from, to), by asset.
absl::StatusOr<std::vector<PeriodRow>> PeriodsWithin(storage::Transaction& transaction, absl::Time from,
                                                     absl::Time to);

}  // namespace finalmile::catalog::store
