#include "services/leads/scoring/ageing.h"

#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "services/leads/scoring/counting.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::leads::scoring {

absl::StatusOr<bool> AgeActivities(storage::Transaction& transaction, Policies& policies,
                                   const domain::LeadId& lead, absl::Time time, int rows) {
  ASSIGN_OR_RETURN(const storage::Deferred locked, store::kLeads.DeferLock(transaction, std::vector{lead}));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(const std::vector<store::LeadState> states, store::kLeads.Records(*locked));
  if (states.empty()) return true;
  ASSIGN_OR_RETURN(const PolicyPointer policy, policies.InForce(transaction));
  ASSIGN_OR_RETURN(std::optional<store::Aged> aged, store::ReadAged(transaction, lead));
  ASSIGN_OR_RETURN(const std::vector<store::RecordedActivity> old,
                   store::ActivitiesInOrder(transaction, lead, nullptr,
                                            {.happened_by = time - absl::Microseconds(1)}, rows));
  if (old.empty()) return true;
  ASSIGN_OR_RETURN(domain::EngagementState start, AgedUnder(transaction, policies, aged, policy->compiled));
  domain::Recount recount(policy->compiled, std::move(start));
  for (const store::RecordedActivity& one : old) recount.Count(one.activity);

  const bool all = static_cast<int>(old.size()) < rows;
  store::Aged next{.lead = lead,
                   .policy = policy->number,
                   .activities = static_cast<int64_t>(old.size()) + (aged ? aged->activities : 0),
                   // Other activities may have happened at the very moment of the last one.
                   .until = all ? time : old.back().activity.event_time + absl::Microseconds(1),
                   .state = recount.state()};
  if (aged) next.until = std::max(next.until, aged->until);
  next.state.limits.ForgetWeeksBefore(domain::IsoWeek(ToMicros(next.until)));
  RETURN_IF_ERROR(store::WriteAged(transaction, next));
  RETURN_IF_ERROR(store::DeleteActivities(transaction, old));
  // A count in pages that has begun knows them one by one.
  if (store::IsSetAside(states.front())) {
    RETURN_IF_ERROR(store::SetRecount(transaction, lead, store::LeadState::kFromTheStart));
  }
  return all;
}

}  // namespace finalmile::leads::scoring
