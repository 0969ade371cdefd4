#include "services/leads/handlers/policy_handlers.h"

#include <fmt/format.h>

#include <limits>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/violations.h"
#include "services/leads/domain/policy.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/policy_trial.h"
#include "services/leads/scoring/publish_policy.h"
#include "services/leads/store/lead_store.h"
#include "services/leads/store/policy_store.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;

constexpr std::string_view kInForce = "policies/-";

absl::Status PolicyNotFound(const std::string& name) {
  return rpc::Error(absl::StatusCode::kNotFound, "POLICY_NOT_FOUND",
                    fmt::format("{} was never published", name));
}

}  // namespace

absl::StatusOr<v1::Policy> PolicyHandlers::GetPolicy(rpc::CallContext& context,
                                                     const v1::GetPolicyRequest& request) {
  return outbox::Read<v1::Policy>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::Policy> {
        ASSIGN_OR_RETURN(int64_t in_force, store::PolicyInForce(transaction));
        int64_t number = in_force;
        if (request.name() != kInForce) {
          ASSIGN_OR_RETURN(auto row, store::PolicyByName(transaction, request.name()));
          if (!row) return PolicyNotFound(request.name());
          number = row->number;
        }
        ASSIGN_OR_RETURN(scoring::PolicyPointer policy, d_.policies.ByNumber(transaction, number));
        return scoring::ToShown(policy->message, policy->publish_time, number == in_force);
      });
}

absl::StatusOr<v1::ListPoliciesResponse> PolicyHandlers::ListPolicies(
    rpc::CallContext& context, const v1::ListPoliciesRequest& request) {
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(context.answers(), request, {int64_t{}}));
  using Entries = std::vector<rpc::PageEntry<v1::Policy>>;
  return outbox::Read<v1::ListPoliciesResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListPoliciesResponse> {
        v1::ListPoliciesResponse response;
        ASSIGN_OR_RETURN(int64_t in_force, store::PolicyInForce(transaction));
        const auto read = [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
          const int64_t before =
              cursor.empty() ? std::numeric_limits<int64_t>::max() : std::get<int64_t>(cursor[0]);
          ASSIGN_OR_RETURN(auto rows, store::ListPolicies(transaction, before, count));
          Entries entries;
          for (const store::PolicyRow& row : rows) {
            ASSIGN_OR_RETURN(scoring::PolicyPointer policy, d_.policies.ByNumber(transaction, row.number));
            entries.push_back(
                {scoring::ToShown(policy->message, row.publish_time, row.number == in_force), {row.number}});
          }
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_policies(), read));
        return response;
      });
}

absl::StatusOr<v1::PublishPolicyResponse> PolicyHandlers::PublishPolicy(
    rpc::CallContext& context, const v1::PublishPolicyRequest& request) {
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(scoring::FromProto(request.policy())), "policy"));
  if (request.weekly_capacity() < 0) return rpc::InvalidField("weekly_capacity", "must not be negative");
  if (request.dry_run()) {
    v1::PublishPolicyResponse response;
    *response.mutable_policy() = scoring::ToStored(request.policy());
    ASSIGN_OR_RETURN(*response.mutable_trial(),
                     scoring::TryPolicy(d_.database, d_.policies, request.policy(), request.weekly_capacity(),
                                        d_.clock.Now(), context.deadline(), [&] { return context.Check(); }));
    return response;
  }
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::PublishPolicyResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::PublishPolicyResponse> {
        v1::PublishPolicyResponse response;
        ASSIGN_OR_RETURN(*response.mutable_policy(),
                         scoring::PublishPolicy(transaction, d_.policies, request.policy(),
                                                {d_.clock, d_.rng, now, cause}));
        return response;
      });
}

absl::StatusOr<v1::Rescoring> PolicyHandlers::GetRescoring(rpc::CallContext& context,
                                                           const v1::GetRescoringRequest&) {
  return outbox::Read<v1::Rescoring>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::Rescoring> {
        v1::Rescoring rescoring;
        ASSIGN_OR_RETURN(const scoring::PolicyPointer policy, d_.policies.InForce(transaction));
        rescoring.set_policy(policy->message.name());
        ASSIGN_OR_RETURN(const int64_t left, store::CountNotUnderPolicy(transaction, policy->number));
        rescoring.set_leads_left(left);
        return rescoring;
      });
}

}  // namespace finalmile::leads::handlers
