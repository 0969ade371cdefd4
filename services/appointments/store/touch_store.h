#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/ids.h"
#include "services/appointments/domain/touch.h"

namespace finalmile::appointments::store {

struct TouchRow {
  domain::LeadName lead;
  domain::Touch touch;
};

// The same touch again is none.
absl::Status AddTouches(storage::Transaction& transaction, const std::vector<TouchRow>& touches);
// Drops touches of these leads that are older than `oldest`, and all but the newest kMostKept of each.
// Deferred.
inline constexpr int kMostKept = 500;
absl::Status TrimTouches(storage::Transaction& transaction, const std::vector<domain::LeadName>& leads,
                         absl::Time oldest);
// The touches come in any order; TouchesIn has them once the transaction has settled.
absl::StatusOr<storage::Deferred> DeferTouchesOf(storage::Transaction& transaction,
                                                 const domain::LeadName& lead);
absl::StatusOr<std::vector<domain::Touch>> TouchesIn(const storage::Result& read);
// Deferred.
absl::Status DeleteTouches(storage::Transaction& transaction, const domain::LeadName& lead);
// The touches of a lead that was merged are those of the other one. Deferred.
absl::Status MoveTouches(storage::Transaction& transaction, const domain::LeadName& lead,
                         const domain::LeadName& into);

}  // namespace finalmile::appointments::store
