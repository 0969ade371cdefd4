#include "services/leads/handlers/score_handlers.h"

#include <fmt/format.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/violations.h"
#include "services/leads/domain/explain.h"
#include "services/leads/domain/fit.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/domain/verdict.h"
#include "services/leads/handlers/load_leads.h"
#include "services/leads/handlers/load_past.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/counting.h"
#include "services/leads/scoring/replay.h"
#include "services/leads/scoring/score.h"
#include "services/leads/store/fact_store.h"

namespace finalmile::leads::handlers {
namespace {

using scoring::PolicyPointer;
using storage::Transaction;

constexpr int kMaxActivities = 1000;

absl::Status AgedOut(std::string_view field) {
  return rpc::Error(absl::StatusCode::kFailedPrecondition, "HISTORY_AGED_OUT",
                    fmt::format("{} is more than {} days ago; what was known then is no longer kept", field,
                                absl::ToInt64Hours(domain::kHistory) / 24));
}

// The moment of which a score is explained, and what the lead's row was like then.
struct Then {
  absl::Time time;
  const scoring::PublishedPolicy& policy;
  const domain::Lead& facts;
  int64_t gates = 0;
  domain::ReadinessState readiness;
  absl::Time quiet_until = absl::InfinitePast();
};

// "open opportunity".
std::string Words(domain::Gate gate) {
  constexpr std::string_view kPrefix = "GATE_";
  std::string words =
      absl::AsciiStrToLower(v1::Gate_Name(static_cast<v1::Gate>(gate)).substr(kPrefix.size()));
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

// Fills in score, reasons and readiness; the row, for what else follows from it.
template <class Response>
store::LeadState Fill(const Then& then, const domain::Explainer& explainer, Response& response) {
  const domain::Explanation explanation = explainer.Explain(then.facts);
  store::LeadState state;
  state.gates = then.gates;
  state.fit = explanation.fit;
  state.engagement = explainer.Row();
  state.readiness = then.readiness;
  state.outcome_time = then.facts.outcome_time;
  state.history_time = then.facts.history_time;
  state.quiet_until = then.quiet_until;
  *response.mutable_score() = scoring::ToScore(state, then.policy, then.time);
  // The sum of the reasons, to the last bit that the reader sees.
  response.mutable_score()->set_engagement(explanation.engagement);
  response.mutable_score()->set_score(explanation.score);
  for (const domain::Reason& reason : explanation.reasons) *response.add_reasons() = scoring::ToProto(reason);
  for (const domain::Gate gate : scoring::GatesOf(then.gates)) {
    response.add_readiness(
        fmt::format("the gate \"{}\" stands: no lane lets the lead in until it is lifted", Words(gate)));
  }
  for (std::string& line : domain::LaneVerdicts(then.policy.compiled.policy(), scoring::InputOf(state),
                                                state.readiness, then.time)) {
    response.add_readiness(std::move(line));
  }
  return state;
}

void FillReadiness(const Then& then, const store::LeadState& state, v1::ExplainScoreResponse& response) {
  response.set_request_open(!state.readiness.lane.empty());
  const absl::Time recross = domain::MayRecrossAt(then.policy.compiled.policy(), scoring::InputOf(state),
                                                  state.readiness, then.time);
  if (recross > then.time) *response.mutable_recross_time() = scoring::ToProto(recross);
  if (state.engagement.last_hand_raise != absl::InfinitePast())
    *response.mutable_last_hand_raise_time() = scoring::ToProto(state.engagement.last_hand_raise);
  for (std::string& fact : domain::UnknownFacts(then.policy.compiled, then.facts))
    response.add_unknown_facts(std::move(fact));
}

}  // namespace

absl::StatusOr<std::optional<store::LeadState>> ScoreHandlers::StateAt(rpc::CallContext& context,
                                                                       Transaction& transaction,
                                                                       const domain::LeadId& id,
                                                                       absl::Time time) {
  absl::StatusOr<scoring::LeadPast> past =
      LoadPast(transaction, d_.policies, id, d_.clock.Now() - domain::kHistory);
  if (absl::IsFailedPrecondition(past.status())) return std::nullopt;
  RETURN_IF_ERROR(past.status());
  ASSIGN_OR_RETURN(scoring::Replayed played, scoring::Replay(*past, time, [&] { return context.Check(); }));
  return std::move(played.state);
}

absl::StatusOr<v1::ExplainScoreResponse> ScoreHandlers::ExplainScore(rpc::CallContext& context,
                                                                     const v1::ExplainScoreRequest& request) {
  ASSIGN_OR_RETURN(domain::LeadId id, LeadOf(context, d_.database, request.name(), request.identity()));
  const absl::Time now = d_.clock.Now();
  const absl::Time as_of = request.has_as_of() ? scoring::FromProto(request.as_of()) : now;
  if (as_of > now) return rpc::InvalidField("as_of", "must not be in the future");
  if (as_of < now - domain::kHistory) return AgedOut("as_of");
  return outbox::Read<v1::ExplainScoreResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ExplainScoreResponse> {
        v1::ExplainScoreResponse response;
        ASSIGN_OR_RETURN(const std::vector<store::LeadState> rows, store::ReadLeads(transaction, {id}));
        ASSIGN_OR_RETURN(const std::optional<store::FactVersion> facts,
                         store::FactsAt(transaction, id, as_of));
        if (!facts || rows.empty()) return rpc::NotFound(request.name(), "lead");
        if (facts->record_time > as_of) {
          return rpc::InvalidField("as_of",
                                   fmt::format("is before the lead was created, {}",
                                               absl::FormatTime(facts->record_time, absl::UTCTimeZone())));
        }
        const store::LeadState& row = rows.front();
        // Now means the stored score, which a new policy may not have reached yet, and which counts what a
        // source's clock dates a little ahead of ours; a past one does not.
        store::Which which;
        PolicyPointer policy;
        if (request.has_as_of()) {
          which = {.recorded_by = as_of, .happened_by = as_of};
          ASSIGN_OR_RETURN(policy, d_.policies.At(transaction, as_of));
        } else {
          ASSIGN_OR_RETURN(policy, d_.policies.ByNumber(transaction, row.policy));
        }
        ASSIGN_OR_RETURN(const domain::Explainer explainer,
                         scoring::ReadExplainer(transaction, d_.policies, id, policy->compiled, as_of, which,
                                                [&] { return context.Check(); }));
        Then then{as_of, *policy, facts->facts, facts->gates, row.readiness, row.quiet_until};
        bool known = true;
        if (request.has_as_of()) {
          ASSIGN_OR_RETURN(const std::optional<store::LeadState> played,
                           StateAt(context, transaction, id, as_of));
          known = played.has_value();
          then.readiness = known ? played->readiness : domain::ReadinessState();
          then.quiet_until = known ? played->quiet_until : absl::InfinitePast();
        }
        FillReadiness(then, Fill(then, explainer, response), response);
        if (!known) {
          response.add_readiness(
              "whether it was sales-ready then is not known: its history is too long to be played again");
        }
        if (request.has_as_of()) return response;
        response.set_recounting(store::IsSetAside(row));
        return response;
      });
}

absl::StatusOr<v1::ListScoreChangesResponse> ScoreHandlers::ListScoreChanges(
    rpc::CallContext& context, const v1::ListScoreChangesRequest& request) {
  ASSIGN_OR_RETURN(domain::LeadId id, LeadOf(context, d_.database, request.parent(), request.identity()));
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(context.answers(), request, {int64_t{}, int64_t{}}));
  // The cursor: the moment the first page was made for, and how many changes up to it are not shown yet.
  const absl::Time until = page.first() ? d_.clock.Now() : FromMicros(std::get<int64_t>(page.cursor()[0]));
  const absl::Time since = until - domain::kHistory;
  ASSIGN_OR_RETURN(const scoring::LeadPast past,
                   outbox::Read<scoring::LeadPast>(context, d_.database, [&](Transaction& transaction) {
                     return LoadPast(transaction, d_.policies, id, since);
                   }));
  ASSIGN_OR_RETURN(const scoring::Replayed played,
                   scoring::Replay(past, until, [&] { return context.Check(); }));
  const std::vector<scoring::PastChange>& changes = played.changes;
  int64_t left = static_cast<int64_t>(changes.size());
  if (!page.first()) left = std::min(left, std::get<int64_t>(page.cursor()[1]));
  using Entries = std::vector<rpc::PageEntry<v1::ScoreChange>>;
  v1::ListScoreChangesResponse response;
  ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                   page.Fill(*response.mutable_changes(),
                             [&](const rpc::Page::Cursor&, int count) -> absl::StatusOr<Entries> {
                               Entries entries;
                               for (; left > 0 && count > 0; --count) {
                                 const scoring::PastChange& change = changes[static_cast<size_t>(--left)];
                                 v1::ScoreChange to;
                                 if (change.before.has_as_of()) *to.mutable_before() = change.before;
                                 *to.mutable_after() = change.after;
                                 to.set_cause(change.cause);
                                 *to.mutable_record_time() = scoring::ToProto(change.time);
                                 entries.push_back({std::move(to), {ToMicros(until), left}});
                               }
                               return entries;
                             }));
  return response;
}

absl::StatusOr<v1::SimulateScoreResponse> ScoreHandlers::SimulateScore(
    rpc::CallContext& context, const v1::SimulateScoreRequest& request) {
  const absl::Time as_of = request.has_as_of() ? scoring::FromProto(request.as_of()) : d_.clock.Now();
  domain::Lead lead = scoring::FromProto(request.lead());
  domain::Normalise(lead);
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(lead), "lead"));
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
    RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(given), "policy"));
    policy = std::make_shared<const scoring::PublishedPolicy>(scoring::PublishedPolicy{
        0, absl::UnixEpoch(), request.policy(), domain::CompiledPolicy(std::move(given))});
  } else {
    ASSIGN_OR_RETURN(policy, outbox::Read<PolicyPointer>(context, d_.database, [&](Transaction& transaction) {
                       return d_.policies.InForce(transaction);
                     }));
  }
  v1::SimulateScoreResponse response;
  domain::Explainer explainer(policy->compiled, as_of);
  for (const domain::Activity* activity : domain::InOrder(activities, absl::InfiniteFuture()))
    explainer.Count(*activity);
  Then then{as_of, *policy, lead, scoring::GateBits(lead.gates), {}, absl::InfinitePast()};
  const domain::EngagementState engagement = explainer.Row();
  then.readiness = domain::Evaluate(policy->compiled.policy(),
                                    {!lead.gates.empty(), domain::Fit(policy->compiled, lead),
                                     engagement.engagement, engagement.last_hand_raise, lead.outcome_time,
                                     lead.history_time, absl::InfinitePast()},
                                    {}, as_of)
                       .state;
  Fill(then, explainer, response);
  return response;
}

}  // namespace finalmile::leads::handlers
