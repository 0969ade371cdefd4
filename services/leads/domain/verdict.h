#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/leads/domain/policy.h"
#include "services/leads/domain/readiness.h"

namespace finalmile::leads::domain {

// For each lane, in the policy's order, what it asks, what the lead has, and whether it lets the lead in at
// `now` or why not, for people: "engaged: fit 80.0 of 50, engagement 31.0 of 40; no: engagement is 9.0
// short". `state` is what Evaluate made of the lead at `now`.
std::vector<std::string> LaneVerdicts(const Policy& policy, const ReadinessInput& input,
                                      const ReadinessState& state, absl::Time now);

// When the lead may cross again by a scored lane, if that is after `now` and it is not sales-ready;
// InfinitePast: at once.
absl::Time MayRecrossAt(const Policy& policy, const ReadinessInput& input, const ReadinessState& state,
                        absl::Time now);

}  // namespace finalmile::leads::domain
