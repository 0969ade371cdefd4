#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/touch.h"

namespace finalmile::appointments::store {

struct TouchRow {
  // "leads/…".
  std::string lead;
  domain::Touch touch;
};

// The same touch again is none.
absl::Status AddTouches(storage::Transaction& transaction, const std::vector<TouchRow>& touches);
// Of these leads, drops what is older than `oldest`, and all but the newest kMostKept of each. Deferred.
inline constexpr int kMostKept = 500;
absl::Status TrimTouches(storage::Transaction& transaction, const std::vector<std::string>& leads,
                         absl::Time oldest);
absl::StatusOr<std::vector<domain::Touch>> TouchesOf(storage::Transaction& transaction,
                                                     const std::string& lead);
// Deferred.
absl::Status DeleteTouches(storage::Transaction& transaction, const std::string& lead);
// The touches of a lead that was merged are those of the other one. Deferred.
absl::Status MoveTouches(storage::Transaction& transaction, const std::string& lead, const std::string& into);

}  // namespace finalmile::appointments::store
