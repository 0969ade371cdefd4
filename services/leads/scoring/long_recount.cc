#include "services/leads/scoring/long_recount.h"

#include "libs/base/status.h"
#include "services/leads/scoring/counting.h"

namespace finalmile::leads::scoring {

absl::StatusOr<LongRecount::Progress> LongRecount::CountPage(storage::Transaction& transaction,
                                                             Policies& policies, EventContext context,
                                                             int rows) {
  LeadBatch batch(transaction, policies, context);
  RETURN_IF_ERROR(batch.Lock({lead_}, LeadBatch::Absent::kLeaveOut));
  const store::LeadState* lead = batch.Find(lead_);
  if (lead == nullptr || !store::IsSetAside(*lead)) return Progress::kGone;
  Progress progress = Progress::kGoesOn;
  if (!count_ || policy_->number != batch.policy()->number || lead->recount != mark_) {
    if (count_) progress = Progress::kBeganAgain;
    policy_ = batch.policy();
    ASSIGN_OR_RETURN(const std::optional<store::Aged> aged, store::ReadAged(transaction, lead_));
    ASSIGN_OR_RETURN(domain::EngagementState start,
                     AgedUnder(transaction, policies, aged, policy_->compiled));
    count_.emplace(policy_->compiled, std::move(start));
    last_.reset();
    counted_ = 0;
  }
  ASSIGN_OR_RETURN(const std::vector<store::RecordedActivity> page,
                   store::ActivitiesInOrder(transaction, lead_, last_ ? &*last_ : nullptr, {}, rows));
  for (const store::RecordedActivity& one : page) count_->Count(one.activity);
  counted_ += static_cast<int64_t>(page.size());
  if (static_cast<int>(page.size()) == rows) {
    last_ = page.back().activity;
    mark_ = last_->event_time + absl::Microseconds(static_cast<int64_t>(context.rng.Below(1'000'000)));
    RETURN_IF_ERROR(store::SetRecount(transaction, lead_, mark_));
    return progress;
  }
  batch.Recounted(lead_, count_->Row());
  RETURN_IF_ERROR(batch.Write("policy"));
  return Progress::kDone;
}

}  // namespace finalmile::leads::scoring
