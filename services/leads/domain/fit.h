#pragma once

#include <string>
#include <vector>

#include "services/leads/domain/compiled_policy.h"
#include "services/leads/domain/lead.h"
#include "services/leads/domain/reason.h"

namespace finalmile::leads::domain {

// Fit in points, 0..100: the sum of the groups, each cut at its cap, the whole cut to 0..100 (domain.md,
// "Fit"). Does not fade.
double Fit(const CompiledPolicy& policy, const Lead& facts);

// Appends the addends of Fit to `reasons` and returns Fit; they sum to it but for rounding. One per criterion
// that gives or takes points, "cap:{group}" (negative) where a cap takes points back, "clamp" where the whole
// was cut to 0..100.
double ExplainFit(const CompiledPolicy& policy, const Lead& facts, std::vector<Reason>& reasons);

// The facts that the policy's conditions read and that are not known of the lead, by name, in the order in
// which they are read.
std::vector<std::string> UnknownFacts(const CompiledPolicy& policy, const Lead& facts);

}  // namespace finalmile::leads::domain
