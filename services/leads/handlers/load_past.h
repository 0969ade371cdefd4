#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/leads/scoring/policies.h"
#include "services/leads/scoring/replay.h"

namespace finalmile::leads::handlers {

// Reads the past that a lead's changes from `since` on follow from. NOT_FOUND for a lead that was never
// created; FAILED_PRECONDITION / HISTORY_TOO_LONG for one with more than 10,000 activities or changes.
absl::StatusOr<scoring::LeadPast> LoadPast(storage::Transaction& transaction, scoring::Policies& policies,
                                           const domain::LeadId& id, absl::Time since);

}  // namespace finalmile::leads::handlers
