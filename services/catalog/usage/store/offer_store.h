#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/store/version_key.h"
#include "services/catalog/usage/domain/recommend.h"

namespace finalmile::catalog::usage::store {

using catalog::store::VersionKey;

// A version that was offered to a lead, or withheld from it.
struct OfferRow {
  std::string id;
  std::string asset;
  int64_t version = 0;
  std::string lead;
  domain::Slot slot = domain::Slot::kRanked;
  double propensity = 1;
  std::string grade;
  std::string stage;
  std::string situation;
  absl::Time offer_time = absl::UnixEpoch();
};
// The first draw at random of a version for a lead becomes a trial.
absl::Status InsertOffers(storage::Transaction& transaction, const std::vector<OfferRow>& offers);

// An arm of the trials of a version; `withheld` is the last of the key.
using ArmKey = std::pair<VersionKey, bool>;
// The lead's trials in (from, to] that have not matured belong to `chain` from now on.
absl::Status ClaimTrials(storage::Transaction& transaction, const std::string& chain, const std::string& lead,
                         absl::Time from, absl::Time to);
// The trials of a chain.
absl::StatusOr<std::vector<ArmKey>> TrialsOf(storage::Transaction& transaction, const std::string& chain);
// Marks as matured the trials that began by `time` and belong to no meeting, at most `limit`.
absl::StatusOr<std::vector<ArmKey>> MatureTrials(storage::Transaction& transaction, absl::Time time,
                                                 int limit);

}  // namespace finalmile::catalog::usage::store
