#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/store/version_key.h"
#include "services/catalog/usage/domain/credit.h"
#include "services/catalog/usage/domain/lead.h"

namespace finalmile::catalog::usage::store {

using catalog::store::VersionKey;

// The uses of assets by these leads, and their trials, by lead; without meetings. The leads are locked.
absl::StatusOr<std::map<domain::LeadName, domain::LeadFacts>> ReadFacts(
    storage::Transaction& transaction, const std::vector<domain::LeadName>& leads);
// Leads with a use or a trial that began by `time` and is not counted; at most `limit` uses and trials are
// looked at. Sorted.
absl::StatusOr<std::vector<domain::LeadName>> LeadsToCount(storage::Transaction& transaction, absl::Time time,
                                                           int limit);
// When the first use or trial that is not counted began; InfiniteFuture: there is none.
absl::StatusOr<absl::Time> FirstToCount(storage::Transaction& transaction);
// Marks uses and trials, by id, as counted.
absl::Status MarkCounted(storage::Transaction& transaction, const std::vector<std::string>& uses,
                         const std::vector<std::string>& trials);

// Adds to the sums of versions, to those of their assets, and to those of all assets.
absl::Status AddSums(storage::Transaction& transaction, const domain::Sums& sums);
// By version; version 0: of all versions of the asset; asset "": of all assets.
absl::StatusOr<std::map<VersionKey, std::vector<domain::CellCount>>> ReadCells(
    storage::Transaction& transaction, const std::vector<VersionKey>& keys);
absl::StatusOr<std::map<domain::ArmKey, domain::Arm>> ReadArms(storage::Transaction& transaction);

// Deletes what was last touched before `time`, at most `limit` rows of each kind; how many.
absl::StatusOr<int64_t> DeleteUsage(storage::Transaction& transaction, absl::Time time, int limit);

}  // namespace finalmile::catalog::usage::store
