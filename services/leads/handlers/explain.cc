#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "services/leads/domain/explain.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/handlers/lead_handlers.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/history.h"

namespace finalmile::leads::handlers {
namespace {

using scoring::PolicyPointer;
using storage::Transaction;

constexpr int kMaxActivities = 1000;

// Everything a lead's past scores follow from; NOT_FOUND for a lead that was never created.
absl::StatusOr<scoring::LeadPast> LoadPast(Transaction& transaction, scoring::Policies& policies,
                                           const std::string& id) {
  scoring::LeadPast past;
  ASSIGN_OR_RETURN(past.facts, store::FactHistory(transaction, id));
  if (past.facts.empty()) return rpc::NotFound(fmt::format("leads/{}", id), "lead");
  ASSIGN_OR_RETURN(past.activities, store::ActivitiesOfLeads(transaction, {id}));
  ASSIGN_OR_RETURN(int64_t last, store::PolicyInForce(transaction));
  for (int64_t number = 1; number <= last; ++number) {
    ASSIGN_OR_RETURN(past.policies.emplace_back(), policies.ByNumber(transaction, number));
  }
  return past;
}

std::string Against(std::string_view what, double have, double need) {
  return fmt::format("{} {:.1f} of {:g}", what, have, need);
}

// Why a lead is or is not sales-ready, lane by lane.
void Readiness(const domain::Policy& policy, const domain::Explanation& explanation, bool hand_raised,
               bool gated, google::protobuf::RepeatedPtrField<std::string>& out) {
  if (gated) *out.Add() = "a gate stands: not sales-ready by any lane";
  for (const domain::Lane& lane : policy.lanes) {
    std::string text = fmt::format("{}: {}", lane.name, Against("fit", explanation.fit, lane.min_fit));
    if (lane.hand_raise) {
      text += hand_raised ? ", hand raised" : ", no hand-raise in the last 30 days";
    } else {
      text += ", " + Against("engagement", explanation.engagement, lane.min_engagement);
    }
    *out.Add() = std::move(text);
  }
}

template <class Response>
void Fill(const PolicyPointer& policy, const domain::LeadFacts& facts,
          const std::vector<domain::Activity>& activities, bool gated, absl::Time as_of, Response& response) {
  const domain::CompiledPolicy& compiled = policy->compiled;
  const domain::Explanation explanation = domain::Explain(compiled, facts, activities, as_of);
  store::LeadState state;
  state.fit = explanation.fit;
  state.engagement = domain::Recompute(compiled, activities);
  *response.mutable_score() = scoring::ToScore(state, *policy, as_of);
  // The sum of the reasons, to the last bit that the reader sees.
  response.mutable_score()->set_engagement(explanation.engagement);
  response.mutable_score()->set_score(explanation.score);
  for (const domain::Reason& reason : explanation.reasons) *response.add_reasons() = scoring::ToProto(reason);
  const bool hand_raised = state.engagement.last_hand_raise > as_of - domain::kHandRaiseLife;
  Readiness(compiled.policy(), explanation, hand_raised, gated, *response.mutable_readiness());
}

}  // namespace

absl::StatusOr<v1::ExplainScoreResponse> LeadHandlers::ExplainScore(rpc::CallContext& context,
                                                                    const v1::ExplainScoreRequest& request) {
  ASSIGN_OR_RETURN(std::string id, LeadId(request.name(), "name"));
  const absl::Time now = d_.clock.Now();
  const absl::Time as_of = request.has_as_of() ? scoring::FromProto(request.as_of()) : now;
  if (as_of > now) return rpc::InvalidField("as_of", "must not be in the future");
  return outbox::Read<v1::ExplainScoreResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ExplainScoreResponse> {
        v1::ExplainScoreResponse response;
        ASSIGN_OR_RETURN(std::vector<store::LeadState> rows, store::ReadLeads(transaction, {id}));
        ASSIGN_OR_RETURN(scoring::LeadPast past, LoadPast(transaction, d_.policies, id));
        scoring::PastState state = scoring::StateAt(past, as_of);
        // The stored score counts what a source's clock dates a little ahead of ours; a past one does not.
        if (request.has_as_of()) {
          std::erase_if(state.activities, [&](const domain::Activity& a) { return a.event_time > as_of; });
        }
        if (state.facts == nullptr) {
          return rpc::InvalidField(
              "as_of", fmt::format("is before the lead was created, {}",
                                   absl::FormatTime(past.facts.front().record_time, absl::UTCTimeZone())));
        }
        // Now means the stored score, which a new policy may not have reached yet.
        if (!request.has_as_of() && !rows.empty()) {
          ASSIGN_OR_RETURN(state.policy, d_.policies.ByNumber(transaction, rows.front().policy));
        }
        Fill(state.policy, state.facts->facts, state.activities, state.facts->gates != 0, as_of, response);
        if (!request.has_as_of() && !rows.empty() && !rows.front().readiness.lane.empty()) {
          response.mutable_score()->set_lane(rows.front().readiness.lane);
          *response.mutable_score()->mutable_ready_time() =
              scoring::ToProto(rows.front().readiness.last_crossing);
        }
        return response;
      });
}

absl::StatusOr<v1::ListScoreChangesResponse> LeadHandlers::ListScoreChanges(
    rpc::CallContext& context, const v1::ListScoreChangesRequest& request) {
  ASSIGN_OR_RETURN(std::string id, LeadId(request.parent(), "parent"));
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(request, {int64_t{}, int64_t{}}));
  // The cursor: the moment the first page was made for, and how many changes up to it are not shown yet.
  const absl::Time until = page.first() ? d_.clock.Now() : FromMicros(std::get<int64_t>(page.cursor()[0]));
  const auto past = outbox::Read<scoring::LeadPast>(
      context, d_.database, [&](Transaction& transaction) { return LoadPast(transaction, d_.policies, id); });
  if (!past.ok()) return past.status();
  const std::vector<scoring::PastChange> changes = scoring::Replay(*past, until);
  int64_t left = static_cast<int64_t>(changes.size());
  if (!page.first()) left = std::min(left, std::get<int64_t>(page.cursor()[1]));
  v1::ListScoreChangesResponse response;
  for (; left > 0 && response.changes_size() < page.size(); --left) {
    const scoring::PastChange& change = changes[static_cast<size_t>(left - 1)];
    v1::ScoreChange& to = *response.add_changes();
    if (change.before.has_as_of()) *to.mutable_before() = change.before;
    *to.mutable_after() = change.after;
    to.set_cause(change.cause);
    *to.mutable_record_time() = scoring::ToProto(change.time);
  }
  if (left > 0) response.set_next_page_token(page.NextToken({ToMicros(until), left}));
  return response;
}

absl::StatusOr<v1::SimulateScoreResponse> LeadHandlers::SimulateScore(
    rpc::CallContext& context, const v1::SimulateScoreRequest& request) {
  const absl::Time as_of = request.has_as_of() ? scoring::FromProto(request.as_of()) : d_.clock.Now();
  domain::Lead lead = scoring::FromProto(request.lead());
  domain::Normalise(lead);
  RETURN_IF_ERROR(ToStatus(domain::Validate(lead), "lead"));
  if (request.activities_size() > kMaxActivities) {
    return rpc::InvalidField("activities", fmt::format("has {} entries; at most {} are taken",
                                                       request.activities_size(), kMaxActivities));
  }
  std::vector<domain::Activity> activities;
  for (const v1::Activity& activity : request.activities())
    activities.push_back(scoring::FromProto(activity));
  PolicyPointer policy;
  if (request.has_policy()) {
    domain::Policy given = scoring::FromProto(request.policy());
    RETURN_IF_ERROR(ToStatus(domain::Validate(given), "policy"));
    policy = std::make_shared<const scoring::PublishedPolicy>(scoring::PublishedPolicy{
        0, absl::UnixEpoch(), request.policy(), domain::CompiledPolicy(std::move(given))});
  } else {
    ASSIGN_OR_RETURN(policy, outbox::Read<PolicyPointer>(context, d_.database, [&](Transaction& transaction) {
                       return d_.policies.InForce(transaction);
                     }));
  }
  v1::SimulateScoreResponse response;
  Fill(policy, scoring::FactsOf(lead), activities, !lead.gates.empty(), as_of, response);
  return response;
}

}  // namespace finalmile::leads::handlers
