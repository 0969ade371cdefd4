#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "services/leads/scoring/policies.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::leads::scoring {

// Everything a lead's past scores follow from.
struct LeadPast {
  // In order of version; not empty.
  std::vector<store::FactVersion> facts;
  // In any order.
  std::vector<store::RecordedActivity> activities;
  // Those ever in force, in order of number; not empty.
  std::vector<PolicyPointer> policies;
};

struct PastChange {
  v1::Score before;
  v1::Score after;
  // "activity", "attributes", "policy", "fading".
  std::string cause;
  absl::Time time;
};

// What was known of a lead at `time`: from what was recorded by then.
struct PastState {
  PolicyPointer policy;
  const store::FactVersion* facts = nullptr;
  std::vector<domain::Activity> activities;
};
PastState StateAt(const LeadPast& past, absl::Time time);

// Plays the past again up to `now`: every change of the stored score and every crossing of a band edge, in
// order. A change of policy stands at its publication, though the rows were scored anew a moment later. Pure.
std::vector<PastChange> Replay(const LeadPast& past, absl::Time now);

}  // namespace finalmile::leads::scoring
