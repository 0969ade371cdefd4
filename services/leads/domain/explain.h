#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/leads/domain/compiled_policy.h"
#include "services/leads/domain/engagement.h"
#include "services/leads/domain/lead.h"
#include "services/leads/domain/reason.h"

namespace finalmile::leads::domain {

struct Explanation {
  double fit = 0;
  double engagement = 0;
  // fit + engagement.
  double score = 0;
  // "A1" … "D4".
  std::string grade;
  // Fit first, then engagement, both in the policy's order. Their points sum to `score` within 1e-9 of its
  // size. A hand-raise is named even when it gives no points.
  std::vector<Reason> reasons;
};

// What activities give to a score at one moment, by signal. The policy outlives it.
class SignalTallies {
 public:
  SignalTallies(const CompiledPolicy& policy, absl::Time as_of);

  // So many of the units of an activity at `time` counted.
  void Add(const CompiledSignal& signal, int64_t units, double counted, absl::Time time);
  // Takes away what `other`, of the same policy and moment, holds.
  void Subtract(const SignalTallies& other);
  // One reason per signal, in the policy's order. Signals that give no points and are no hand-raise are left
  // out.
  void AppendReasons(std::vector<Reason>& reasons) const;

 private:
  struct Tally {
    double points = 0;
    int64_t units = 0;
    int64_t counted = 0;
    absl::Time last = absl::InfinitePast();
  };
  static std::string Text(const Signal& signal, const Tally& tally);

  const CompiledPolicy& policy_;
  const absl::Time as_of_;
  // By position of the signal.
  std::vector<Tally> tallies_;
};

// Explains a score from activities that come one after the other, in canonical order (engagement.h); so its
// memory does not grow with the history.
class Explainer {
 public:
  // Counts on top of `aged`, the sum of `aged_activities` before all others. The policy outlives the
  // explainer.
  Explainer(const CompiledPolicy& policy, absl::Time as_of, EngagementState aged = {},
            int64_t aged_activities = 0);

  void Count(const Activity& activity);
  Explanation Explain(const Lead& facts) const;
  const SignalTallies& tallies() const { return tallies_; }
  // The sum of the activities, for the lead's row.
  EngagementState Row() const { return recount_.Row(); }

 private:
  const CompiledPolicy& policy_;
  const absl::Time as_of_;
  const Engagement aged_;
  const int64_t aged_activities_;
  Recount recount_;
  SignalTallies tallies_;
};

// The score of a lead at `as_of`, with its reasons. All of `activities` count, in any order: for a past
// moment the caller leaves out those that were not recorded or had not happened by then.
Explanation Explain(const CompiledPolicy& policy, const Lead& facts, absl::Span<const Activity> activities,
                    absl::Time as_of);

// The same where the activities are too many to be read: one reason gives their sum.
Explanation ExplainInSum(const CompiledPolicy& policy, const Lead& facts, const Engagement& engagement,
                         absl::Time as_of);

}  // namespace finalmile::leads::domain
