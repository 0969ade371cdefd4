#include "services/leads/scoring/counting.h"

#include "libs/base/status.h"

namespace finalmile::leads::scoring {
namespace {

constexpr int kPage = 2'000;

absl::Status ForEach(storage::Transaction& transaction, const domain::LeadId& lead, const store::Which& which,
                     const std::function<absl::Status()>& check,
                     const std::function<void(const domain::Activity&)>& take) {
  std::vector<store::RecordedActivity> page;
  do {
    RETURN_IF_ERROR(check());
    ASSIGN_OR_RETURN(
        page, store::ActivitiesInOrder(transaction, lead, page.empty() ? nullptr : &page.back().activity,
                                       which, kPage));
    for (const store::RecordedActivity& one : page) take(one.activity);
  } while (page.size() == kPage);
  return absl::OkStatus();
}

int64_t CountOf(const std::optional<store::Aged>& aged) { return aged ? aged->activities : 0; }

}  // namespace

absl::Status ForEachActivity(storage::Transaction& transaction, const domain::LeadId& lead,
                             const store::History& history, const std::function<absl::Status()>& check,
                             const std::function<void(const domain::Activity&)>& take) {
  if (history.is_long) return ForEach(transaction, lead, {}, check, take);
  for (const domain::Activity* activity : domain::InOrder(history.activities, absl::InfiniteFuture()))
    take(*activity);
  return absl::OkStatus();
}

absl::StatusOr<domain::EngagementState> AgedUnder(storage::Transaction& transaction, Policies& policies,
                                                  const std::optional<store::Aged>& aged,
                                                  const domain::CompiledPolicy& policy) {
  if (!aged) return domain::EngagementState();
  ASSIGN_OR_RETURN(const PolicyPointer counted_under, policies.ByNumber(transaction, aged->policy));
  return domain::Under(aged->state, counted_under->compiled, policy);
}

absl::StatusOr<domain::Explainer> ReadExplainer(storage::Transaction& transaction, Policies& policies,
                                                const domain::LeadId& lead,
                                                const domain::CompiledPolicy& policy, absl::Time as_of,
                                                const store::Which& which,
                                                const std::function<absl::Status()>& check) {
  ASSIGN_OR_RETURN(const std::optional<store::Aged> aged, store::ReadAged(transaction, lead));
  ASSIGN_OR_RETURN(domain::EngagementState start, AgedUnder(transaction, policies, aged, policy));
  domain::Explainer explainer(policy, as_of, std::move(start), CountOf(aged));
  RETURN_IF_ERROR(ForEach(transaction, lead, which, check,
                          [&](const domain::Activity& activity) { explainer.Count(activity); }));
  return explainer;
}

absl::StatusOr<domain::EngagementState> RecomputeAll(storage::Transaction& transaction, Policies& policies,
                                                     const domain::LeadId& lead,
                                                     const store::History& history,
                                                     const domain::CompiledPolicy& policy,
                                                     const std::function<absl::Status()>& check) {
  ASSIGN_OR_RETURN(domain::EngagementState start, AgedUnder(transaction, policies, history.aged, policy));
  if (!history.is_long) return domain::Recompute(policy, history.activities, start);
  domain::Recount recount(policy, std::move(start));
  RETURN_IF_ERROR(ForEach(transaction, lead, {}, check,
                          [&](const domain::Activity& activity) { recount.Count(activity); }));
  return recount.Row();
}

absl::StatusOr<domain::Explainer> ExplainerOf(storage::Transaction& transaction, Policies& policies,
                                              const store::History& history,
                                              const domain::CompiledPolicy& policy, absl::Time as_of) {
  ASSIGN_OR_RETURN(domain::EngagementState start, AgedUnder(transaction, policies, history.aged, policy));
  domain::Explainer explainer(policy, as_of, std::move(start), CountOf(history.aged));
  for (const domain::Activity* activity : domain::InOrder(history.activities, absl::InfiniteFuture()))
    explainer.Count(*activity);
  return explainer;
}

absl::StatusOr<domain::Explanation> ExplainHistory(storage::Transaction& transaction, Policies& policies,
                                                   const store::History& history,
                                                   const domain::CompiledPolicy& policy,
                                                   const domain::Lead& facts, absl::Time as_of) {
  ASSIGN_OR_RETURN(const domain::Explainer explainer,
                   ExplainerOf(transaction, policies, history, policy, as_of));
  return explainer.Explain(facts);
}

}  // namespace finalmile::leads::scoring
