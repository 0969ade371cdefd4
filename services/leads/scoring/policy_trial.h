#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/scoring_service.pb.h"
#include "libs/storage/database.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::scoring {

// Judges every lead afresh at `now` under `policy` and under the one in force, plays the last 13 weeks under
// both, and writes nothing: v1::PolicyTrial. `weekly_capacity`: leads that people can work in a week, for
// which a threshold is suggested; 0: none is. ALREADY_EXISTS as PublishPolicy. Reads the leads in chunks,
// each in a transaction of its own, until the steady time `deadline`. `check` is asked between them; its
// error ends the trial.
absl::StatusOr<v1::PolicyTrial> TryPolicy(storage::Database& database, Policies& policies,
                                          const v1::Policy& policy, int64_t weekly_capacity, absl::Time now,
                                          absl::Duration deadline,
                                          const std::function<absl::Status()>& check);

}  // namespace finalmile::leads::scoring
