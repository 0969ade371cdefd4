#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/store/version_key.h"
#include "services/catalog/usage/domain/lead.h"
#include "services/catalog/usage/domain/recommend.h"

namespace finalmile::catalog::usage::store {

using catalog::store::VersionKey;

// A version that was offered to a lead, or withheld from it.
struct OfferRow {
  std::string id;
  catalog::domain::AssetId asset;
  int64_t version = 0;
  domain::LeadName lead;
  // AssetKind.
  int64_t kind = 0;
  // The lead's cycle, as LeadCycle gives it.
  int64_t cycle = 0;
  domain::Slot slot = domain::Slot::kRanked;
  double propensity = 1;
  std::string grade;
  std::string stage;
  std::string situation;
  absl::Time offer_time = absl::UnixEpoch();
};
// What was drawn at random is a trial.
absl::Status InsertOffers(storage::Transaction& transaction, const std::vector<OfferRow>& offers);

// What a lead, which is locked, has met in a cycle.
struct Met {
  // Offered in the cycle, or ever used with it.
  std::set<catalog::domain::AssetId> assets;
  // Withheld from it by a trial of the cycle.
  std::set<catalog::domain::AssetId> withheld;
};
absl::StatusOr<Met> MetBy(storage::Transaction& transaction, const domain::LeadName& lead, int64_t cycle);

}  // namespace finalmile::catalog::usage::store
