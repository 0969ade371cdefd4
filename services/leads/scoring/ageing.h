#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::scoring {

// Removes the first `rows`, at most, of a lead's activities that happened before `time`, and adds them to the
// sum of aged ones (store::Aged), under the policy in force. That fixes their points: another policy later
// leaves them as they are. False: there may be more of them. The lead's own score stays as it is, since it is
// the same sum.
absl::StatusOr<bool> AgeActivities(storage::Transaction& transaction, Policies& policies,
                                   const domain::LeadId& lead, absl::Time time, int rows);

}  // namespace finalmile::leads::scoring
