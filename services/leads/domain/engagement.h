#pragma once

#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/leads/domain/activity.h"
#include "services/leads/domain/compiled_policy.h"
#include "services/leads/domain/fading.h"
#include "services/leads/domain/limit_state.h"

namespace finalmile::leads::domain {

// What a lead's activities amount to under one policy.
//
// The engagement does not depend on the order in which activities arrived (to 1e-9 of the value): limits
// count the earliest units by (event time, source, activity id), so a late activity takes a later one's
// place.
struct EngagementState {
  Engagement engagement;
  // Event time of the latest hand-raise; InfinitePast: none.
  absl::Time last_hand_raise = absl::InfinitePast();
  LimitState limits;
};

// Canonical order: by event time, source, activity id.
bool HappenedBefore(const Activity& a, const Activity& b);

// The activities that scoring looks at: those not after `as_of`, in canonical order, of equal (source,
// activity_id) only the first in that order. Pointers into `activities`.
std::vector<const Activity*> InOrder(absl::Span<const Activity> activities, absl::Time as_of);

// The truth: the state after exactly these activities of one lead, in any order. O(n log n).
EngagementState Recompute(const CompiledPolicy& policy, absl::Span<const Activity> activities);

enum class ApplyResult {
  // The activity matches no signal, or is outbound or automated: nothing to store but the activity itself.
  kIgnored,
  // Taken in: `state` equals Recompute of all activities so far.
  kApplied,
  // The state cannot tell, or belongs to another policy: load all activities of the lead and Recompute.
  // `state` is
  // unchanged.
  kNeedsRecompute,
};

// Takes one more activity into `state` without looking at the earlier ones. The activity's (source,
// activity_id) is new to the lead (its ledger saw to that). About a microsecond.
ApplyResult Apply(const CompiledPolicy& policy, const Activity& activity, EngagementState& state);

}  // namespace finalmile::leads::domain
