#pragma once

#include "absl/time/time.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "services/leads/domain/readiness.h"
#include "services/leads/scoring/policies.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::leads::scoring {

// What the readiness of a lead follows from, beside its policy and its state so far.
domain::ReadinessInput InputOf(const store::LeadState& lead);

// The score of a lead at `now`, as the wire shows it.
v1::Score ToScore(const store::LeadState& lead, const PublishedPolicy& policy, absl::Time now);

// A score as it is told: of this row, under this policy, at this moment. The row outlives it.
struct Told {
  const store::LeadState* lead = nullptr;
  PolicyPointer policy;
  absl::Time time;
};
// Whether `next` is news to those who were told `last`: a stored value, the grade, the lane or the time of
// the next band differs. Fading as such is none, nor is a policy under which all of these stay as they are.
bool IsNews(const Told& last, const Told& next);

}  // namespace finalmile::leads::scoring
