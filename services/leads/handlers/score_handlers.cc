#include "services/leads/handlers/score_handlers.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/violations.h"
#include "services/leads/domain/explain.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/handlers/load_leads.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/counting.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/scoring/replay.h"
#include "services/leads/store/fact_store.h"

namespace finalmile::leads::handlers {
namespace {

using scoring::PolicyPointer;
using storage::Transaction;

constexpr int kMaxActivities = 1000;

// Most activities, and most versions of facts, that changes are played again from.
constexpr int kMaxReplayed = 10'000;

absl::Status AgedOut(std::string_view field) {
  return rpc::Error(absl::StatusCode::kFailedPrecondition, "HISTORY_AGED_OUT",
                    fmt::format("{} is more than {} days ago; what was known then is no longer kept", field,
                                absl::ToInt64Hours(domain::kHistory) / 24));
}

// Reads the past that a lead's changes from `since` on follow from. NOT_FOUND for a lead that was never
// created; FAILED_PRECONDITION / HISTORY_TOO_LONG.
absl::StatusOr<scoring::LeadPast> LoadPast(Transaction& transaction, scoring::Policies& policies,
                                           const std::string& id, absl::Time since) {
  scoring::LeadPast past;
  past.since = since;
  ASSIGN_OR_RETURN(past.facts, store::FactHistory(transaction, id, since, kMaxReplayed + 1));
  if (past.facts.empty()) return rpc::NotFound(domain::LeadName(id), "lead");
  ASSIGN_OR_RETURN(past.activities, store::ActivitiesInOrder(transaction, id, nullptr, {}, kMaxReplayed + 1));
  if (past.facts.size() > kMaxReplayed || past.activities.size() > kMaxReplayed) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "HISTORY_TOO_LONG",
                      fmt::format("the lead has more than {} activities or changes, too many to play again; "
                                  "ask ExplainScore as of a time instead",
                                  kMaxReplayed));
  }
  ASSIGN_OR_RETURN(const std::optional<store::Aged> aged, store::ReadAged(transaction, id));
  if (aged) {
    past.aged = aged->state;
    ASSIGN_OR_RETURN(past.aged_policy, policies.ByNumber(transaction, aged->policy));
  }
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
void Fill(const scoring::PublishedPolicy& policy, const domain::Lead& facts,
          const domain::Explainer& explainer, bool gated, absl::Time as_of, Response& response) {
  const domain::Explanation explanation = explainer.Explain(facts);
  store::LeadState state;
  state.fit = explanation.fit;
  state.engagement = explainer.Row();
  *response.mutable_score() = scoring::ToScore(state, policy, as_of);
  // The sum of the reasons, to the last bit that the reader sees.
  response.mutable_score()->set_engagement(explanation.engagement);
  response.mutable_score()->set_score(explanation.score);
  for (const domain::Reason& reason : explanation.reasons) *response.add_reasons() = scoring::ToProto(reason);
  const bool hand_raised = state.engagement.last_hand_raise > as_of - domain::kHandRaiseLife;
  Readiness(policy.compiled.policy(), explanation, hand_raised, gated, *response.mutable_readiness());
}

}  // namespace

absl::StatusOr<v1::ExplainScoreResponse> ScoreHandlers::ExplainScore(rpc::CallContext& context,
                                                                     const v1::ExplainScoreRequest& request) {
  ASSIGN_OR_RETURN(std::string id, LeadOf(context, d_.database, request.name(), request.identity(), "name"));
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
        Fill(*policy, facts->facts, explainer, facts->gates != 0, as_of, response);
        if (request.has_as_of()) return response;
        if (!row.readiness.lane.empty()) {
          response.mutable_score()->set_lane(row.readiness.lane);
          *response.mutable_score()->mutable_ready_time() = scoring::ToProto(row.readiness.last_crossing);
        }
        response.set_recounting(store::IsSetAside(row));
        return response;
      });
}

absl::StatusOr<v1::ListScoreChangesResponse> ScoreHandlers::ListScoreChanges(
    rpc::CallContext& context, const v1::ListScoreChangesRequest& request) {
  ASSIGN_OR_RETURN(std::string id,
                   LeadOf(context, d_.database, request.parent(), request.identity(), "parent"));
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(context.answers(), request, {int64_t{}, int64_t{}}));
  // The cursor: the moment the first page was made for, and how many changes up to it are not shown yet.
  const absl::Time until = page.first() ? d_.clock.Now() : FromMicros(std::get<int64_t>(page.cursor()[0]));
  const absl::Time since = until - domain::kHistory;
  ASSIGN_OR_RETURN(const scoring::LeadPast past,
                   outbox::Read<scoring::LeadPast>(context, d_.database, [&](Transaction& transaction) {
                     return LoadPast(transaction, d_.policies, id, since);
                   }));
  ASSIGN_OR_RETURN(const std::vector<scoring::PastChange> changes,
                   scoring::Replay(past, until, [&] { return context.Check(); }));
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
  Fill(*policy, lead, explainer, !lead.gates.empty(), as_of, response);
  return response;
}

}  // namespace finalmile::leads::handlers
