#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/leads/domain/attributes.h"
#include "services/leads/domain/compiled_policy.h"
#include "services/leads/domain/engagement.h"
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

// The score of a lead at `as_of` and what it is made of. All of `activities` count, in any order: whoever
// asks for a past moment leaves out what was not recorded or had not happened by then.
Explanation Explain(const CompiledPolicy& policy, const LeadFacts& facts,
                    absl::Span<const Activity> activities, absl::Time as_of);

}  // namespace finalmile::leads::domain
