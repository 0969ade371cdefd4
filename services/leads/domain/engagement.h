#pragma once

#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/leads/domain/activity.h"
#include "services/leads/domain/compiled_policy.h"
#include "services/leads/domain/fading.h"
#include "services/leads/domain/limit_state.h"

namespace finalmile::leads::domain {

// The sum of a lead's activities under one policy.
//
// It does not depend on the order in which activities arrived (to 1e-9 of the value): limits count the
// earliest units by (event time, source, activity id), so a late activity takes the place of a later one.
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

// A state under `from`, as the start of a count under `to`: points stay as they were counted;
// LimitState::Under says what limits keep.
EngagementState Under(const EngagementState& state, const CompiledPolicy& from, const CompiledPolicy& to);

// What counts of an activity.
struct Counted {
  // Null: no signal counts the activity.
  const CompiledSignal* signal = nullptr;
  // Units of the activity that count.
  double units = 0;
};

// Counts the activities of one lead one after the other, in canonical order; so a history is counted in pages
// and memory does not grow with it.
class Recount {
 public:
  // Counts on top of `aged`, the sum of activities before all others, whose limits are those of this policy.
  // The policy outlives the count.
  explicit Recount(const CompiledPolicy& policy, EngagementState aged = {});

  Counted Count(const Activity& activity);

  // The state to go on counting from.
  const EngagementState& state() const { return state_; }
  // The same for the lead's row, which keeps fewer buckets.
  EngagementState Row() const;

 private:
  const CompiledPolicy* policy_;
  EngagementState state_;
};

// The truth: the state after exactly these activities of one lead, in any order, on top of `aged`.
// O(n log n).
EngagementState Recompute(const CompiledPolicy& policy, absl::Span<const Activity> activities,
                          const EngagementState& aged = {});

enum class ApplyResult {
  // The activity matches no signal, or is outbound or automated. `state` is unchanged.
  kIgnored,
  // `state` equals Recompute of all activities so far.
  kApplied,
  // The state does not decide it, or belongs to another policy: load all activities of the lead and
  // Recompute. `state` is unchanged.
  kNeedsRecompute,
};

// Adds one more activity to `state` without looking at the earlier ones. The caller has made sure that its
// (source, activity_id) is new to the lead. Takes about a microsecond. `counted`, where it is given, tells
// what counted; no units unless kApplied.
ApplyResult Apply(const CompiledPolicy& policy, const Activity& activity, EngagementState& state,
                  Counted* counted = nullptr);

}  // namespace finalmile::leads::domain
