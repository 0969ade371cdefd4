#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/domain/credit.h"
#include "services/catalog/usage/store/offer_store.h"

namespace finalmile::catalog::usage::store {

// Fills in grade and stage of `touch`, as at the lead's first use of that version by `time` that belongs to
// no meeting, else at the first offer. Such uses belong to `chain` from now on; those of them that had
// matured, and are counted by the meeting instead, are added to `matured`.
absl::Status ClaimUses(storage::Transaction& transaction, const std::string& chain, const std::string& lead,
                       absl::Time time, domain::Touch& touch, std::vector<domain::Touch>& matured);
// Marks as matured the uses of assets that began by `time` and belong to no meeting, at most `limit`.
absl::StatusOr<std::vector<domain::Touch>> MatureUses(storage::Transaction& transaction, absl::Time time,
                                                      int limit);
// When the first use, trial or meeting that has not matured began; InfiniteFuture: there is none.
absl::StatusOr<absl::Time> FirstToMature(storage::Transaction& transaction);

// Adds to the cells of versions, and to those of all versions.
absl::Status AddCells(storage::Transaction& transaction, const std::vector<domain::CreditChange>& changes);
absl::Status AddArms(storage::Transaction& transaction, const std::map<ArmKey, domain::Arm>& changes);

absl::StatusOr<std::map<VersionKey, std::vector<domain::CellCount>>> ReadCells(
    storage::Transaction& transaction, const std::vector<VersionKey>& keys);
// The cells of all versions together.
absl::StatusOr<std::vector<domain::CellCount>> ReadAllCells(storage::Transaction& transaction);
absl::StatusOr<std::map<ArmKey, domain::Arm>> ReadArms(storage::Transaction& transaction,
                                                       const std::vector<VersionKey>& keys);

// Deletes what was last touched before `time`, at most `limit` rows of each kind; how many.
absl::StatusOr<int64_t> DeleteUsage(storage::Transaction& transaction, absl::Time time, int limit);

}  // namespace finalmile::catalog::usage::store
