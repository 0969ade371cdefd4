#include "services/leads/handlers/scoring_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "google/protobuf/util/message_differencer.h"
#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/storage/transact.h"
#include "services/leads/domain/fit.h"
#include "services/leads/domain/grade.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/histories.h"
#include "services/leads/store/list_store.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;

constexpr int kTrialChunk = 200;
constexpr int kTrialNames = 100;
constexpr std::string_view kInForce = "policies/-";

absl::Status PolicyNotFound(const std::string& name) {
  return rpc::Error(absl::StatusCode::kNotFound, "POLICY_NOT_FOUND",
                    fmt::format("{} was never published", name));
}

// The message as it is stored: without output-only fields.
v1::Policy Stored(const v1::Policy& policy) {
  v1::Policy stored = policy;
  stored.clear_publish_time();
  stored.clear_in_force();
  return stored;
}

v1::Policy Shown(const v1::Policy& stored, absl::Time publish_time, bool in_force) {
  v1::Policy shown = stored;
  *shown.mutable_publish_time() = scoring::ToProto(publish_time);
  shown.set_in_force(in_force);
  return shown;
}

absl::StatusOr<v1::Policy> Publish(Transaction& transaction, const Dependencies& d, const v1::Policy& policy,
                                   absl::Time now, const scoring::Cause& cause) {
  store::PolicyRow row{0, policy.name(), Stored(policy).SerializeAsString(), FromMicros(ToMicros(now))};
  ASSIGN_OR_RETURN(int64_t previous, store::PolicyInForce(transaction));
  ASSIGN_OR_RETURN(auto same_name, store::PolicyByName(transaction, row.name));
  if (same_name) {
    v1::Policy published;
    if (!published.ParseFromString(same_name->content))
      return absl::DataLossError("a stored policy is damaged");
    if (same_name->number == previous &&
        google::protobuf::util::MessageDifferencer::Equals(published, Stored(policy))) {
      return Shown(published, same_name->publish_time, true);
    }
    return rpc::Error(
        absl::StatusCode::kAlreadyExists, "POLICY_EXISTS",
        fmt::format("{} was published before; a policy never changes: give this one a new name", row.name));
  }
  absl::Status inserted = store::InsertPolicy(transaction, row);
  if (absl::IsAlreadyExists(inserted)) return storage::Conflict("another policy was published meanwhile");
  RETURN_IF_ERROR(inserted);
  v1::LeadEvent event = outbox::NewEvent<v1::LeadEvent>({d.clock, d.rng, now, cause}, row.name, 1);
  event.mutable_policy_published()->set_policy(row.name);
  if (previous > 0) {
    ASSIGN_OR_RETURN(scoring::PolicyPointer before, d.policies.ByNumber(transaction, previous));
    event.mutable_policy_published()->set_previous(before->message.name());
  }
  RETURN_IF_ERROR(outbox::WriteEvents<v1::LeadEvent>(transaction, cause, {event}));
  RETURN_IF_ERROR(transaction.Notify(scoring::kRescoreChannel));
  return Shown(policy, row.publish_time, true);
}

// Leads that a trial of a policy looks at together.
struct TrialChunk {
  std::vector<store::LeadState> leads;
  std::map<std::string, domain::Lead> profiles;
  // Under the policy that is tried; a lead without activities may be left out.
  std::map<std::string, domain::EngagementState> engagements;
  // The id of the last lead; more leads may follow it where the chunk is full.
  std::string last;
  bool full = false;
};

absl::StatusOr<TrialChunk> ReadTrialChunk(rpc::CallContext& context, Transaction& transaction,
                                          scoring::Policies& policies, const domain::CompiledPolicy& policy,
                                          const std::string& after) {
  TrialChunk chunk;
  ASSIGN_OR_RETURN(const auto ids, store::ListLeads(transaction, {}, after, kTrialChunk));
  ASSIGN_OR_RETURN(chunk.leads, store::ReadLeads(transaction, ids));
  ASSIGN_OR_RETURN(chunk.profiles, store::ReadProfiles(transaction, ids));
  ASSIGN_OR_RETURN(const store::Histories histories, store::ReadHistories(transaction, ids));
  for (const auto& [id, history] : histories) {
    ASSIGN_OR_RETURN(chunk.engagements[id], scoring::RecomputeAll(transaction, policies, id, history, policy,
                                                                  [&] { return context.Check(); }));
  }
  chunk.full = std::ssize(ids) == kTrialChunk;
  if (!ids.empty()) chunk.last = ids.back();
  return chunk;
}

}  // namespace

absl::Status EnsurePolicy(Dependencies dependencies, const v1::Policy& policy, absl::Duration deadline) {
  const scoring::Cause cause = outbox::CauseOf("leads.default_policy");
  return dependencies.database.Transact(
      {.deadline = deadline, .repeatable = true}, [&](Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(int64_t number, store::PolicyInForce(transaction));
        if (number > 0) return absl::OkStatus();
        return Publish(transaction, dependencies, policy, dependencies.clock.Now(), cause).status();
      });
}

absl::StatusOr<v1::Policy> ScoringHandlers::GetPolicy(rpc::CallContext& context,
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
        return Shown(policy->message, policy->publish_time, number == in_force);
      });
}

absl::StatusOr<v1::ListPoliciesResponse> ScoringHandlers::ListPolicies(
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
                {Shown(policy->message, row.publish_time, row.number == in_force), {row.number}});
          }
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_policies(), read));
        return response;
      });
}

absl::StatusOr<v1::PublishPolicyResponse> ScoringHandlers::PublishPolicy(
    rpc::CallContext& context, const v1::PublishPolicyRequest& request) {
  RETURN_IF_ERROR(ToStatus(domain::Validate(scoring::FromProto(request.policy())), "policy"));
  if (request.weekly_capacity() < 0) return rpc::InvalidField("weekly_capacity", "must not be negative");
  if (request.dry_run()) {
    v1::PublishPolicyResponse response;
    *response.mutable_policy() = Stored(request.policy());
    ASSIGN_OR_RETURN(*response.mutable_trial(), Try(context, request));
    return response;
  }
  const scoring::Cause cause = CauseOf(context);
  return outbox::Mutate<v1::PublishPolicyResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::PublishPolicyResponse> {
        v1::PublishPolicyResponse response;
        ASSIGN_OR_RETURN(*response.mutable_policy(), Publish(transaction, d_, request.policy(), now, cause));
        return response;
      });
}

absl::StatusOr<v1::PolicyTrial> ScoringHandlers::Try(rpc::CallContext& context,
                                                     const v1::PublishPolicyRequest& request) {
  const domain::CompiledPolicy compiled(scoring::FromProto(request.policy()));
  const domain::Policy& policy = compiled.policy();
  const auto scored_lane = std::find_if(policy.lanes.begin(), policy.lanes.end(),
                                        [](const domain::Lane& lane) { return !lane.hand_raise; });
  const absl::Time now = d_.clock.Now();
  v1::PolicyTrial trial;
  std::vector<std::pair<double, std::string>> becoming;
  std::vector<std::pair<double, std::string>> ceasing;
  std::vector<double> candidates;
  TrialChunk chunk;
  do {
    RETURN_IF_ERROR(context.Check());
    ASSIGN_OR_RETURN(chunk, storage::Read(d_.database, context.deadline(), [&](Transaction& transaction) {
                       return ReadTrialChunk(context, transaction, d_.policies, compiled, chunk.last);
                     }));
    for (const store::LeadState& lead : chunk.leads) {
      const double fit = domain::Fit(compiled, chunk.profiles[lead.id]);
      const domain::EngagementState& engagement = chunk.engagements[lead.id];
      const domain::ReadinessInput input{lead.gates != 0, fit, engagement.engagement,
                                         engagement.last_hand_raise};
      const domain::Readiness result = domain::Evaluate(policy, input, lead.readiness, now);
      const bool before = !lead.readiness.lane.empty();
      const bool ready = !result.state.lane.empty();
      const double score = fit + result.engagement;
      ++(*trial.mutable_grades_before())[lead.readiness.grade];
      ++(*trial.mutable_grades_after())[domain::Grade(policy.grade_edges, fit, result.engagement)];
      trial.set_leads(trial.leads() + 1);
      trial.set_sales_ready_before(trial.sales_ready_before() + before);
      trial.set_sales_ready_after(trial.sales_ready_after() + ready);
      if (ready && !before) becoming.emplace_back(-score, fmt::format("leads/{}", lead.id));
      if (before && !ready) ceasing.emplace_back(-score, fmt::format("leads/{}", lead.id));
      if (scored_lane != policy.lanes.end() && lead.gates == 0 && fit >= scored_lane->min_fit) {
        candidates.push_back(result.engagement);
      }
    }
  } while (chunk.full);
  auto name = [](std::vector<std::pair<double, std::string>>& crossing, auto* out) {
    std::sort(crossing.begin(), crossing.end());
    for (size_t i = 0; i < std::min<size_t>(crossing.size(), kTrialNames); ++i)
      out->Add(std::move(crossing[i].second));
  };
  name(becoming, trial.mutable_becoming_ready());
  name(ceasing, trial.mutable_ceasing_ready());
  if (request.weekly_capacity() > 0 && !candidates.empty()) {
    std::sort(candidates.rbegin(), candidates.rend());
    const size_t last =
        std::min<size_t>(candidates.size(), static_cast<size_t>(request.weekly_capacity())) - 1;
    trial.set_suggested_min_engagement(candidates[last]);
  }
  return trial;
}

}  // namespace finalmile::leads::handlers
