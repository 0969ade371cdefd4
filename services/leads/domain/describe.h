#pragma once

#include <string>

#include "services/leads/domain/policy.h"
#include "services/leads/domain/readiness.h"

namespace finalmile::leads::domain {

// Sentences for people, without a full stop at the end.

// "pricing page: 15 points, half of them gone in 7 days, at most 2 per week".
std::string Describe(const Signal& signal);
// "email is not at gmail.com, outlook.com or 12 others"; "staff is at least 200 and below 5001".
std::string Describe(const Condition& condition);
// "staff: 200 to 5,000 staff 20, 50 to 199 or more than 5,000 staff 12, under 10 staff -15".
std::string Describe(const FitCriterion& criterion);
// "engaged: fit at least 50 and engagement at least 40".
std::string Describe(const Lane& lane);
// "sales-ready: engaged", "cooled: engagement faded", "B1 became B2".
std::string Describe(const Transition& transition);

}  // namespace finalmile::leads::domain
