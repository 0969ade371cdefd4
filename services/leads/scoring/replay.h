#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "services/leads/scoring/policies.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/fact_store.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::leads::scoring {

// The past that a lead's changes of the last domain::kHistory follow from.
struct LeadPast {
  // The version that held at `since`, if the lead is that old, and all later ones; not empty.
  std::vector<store::FactVersion> facts;
  // In any order.
  std::vector<store::RecordedActivity> activities;
  // All that were ever in force, in order of number; not empty.
  std::vector<PolicyPointer> policies;
  // The sum of earlier activities, under `aged_policy`; null: there are none.
  domain::EngagementState aged;
  PolicyPointer aged_policy;
  // When requests of its crossings ended, in any order.
  struct Ending {
    absl::Time time;
    absl::Time quiet_until;
  };
  std::vector<Ending> endings;
  // Changes before this are no longer known.
  absl::Time since = absl::InfinitePast();
};

struct PastChange {
  v1::Score before;
  v1::Score after;
  // "activity", "attributes", "policy", "fading".
  std::string cause;
  absl::Time time;
};

struct Replayed {
  // In order.
  std::vector<PastChange> changes;
  // The lead as it was at the end, and the policy in force then.
  store::LeadState state;
  PolicyPointer policy;
};

// Plays the past again from `since` up to `now`: what LeadScoreChanged told, at the moments for which it told
// it (IsNews). For a lead that is older than `since` its readiness then is evaluated afresh. `check` is asked
// now and then; its error ends the play.
absl::StatusOr<Replayed> Replay(const LeadPast& past, absl::Time now,
                                const std::function<absl::Status()>& check);

}  // namespace finalmile::leads::scoring
