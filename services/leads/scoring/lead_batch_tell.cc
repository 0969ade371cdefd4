#include <algorithm>

#include "libs/base/status.h"
#include "services/leads/domain/explain.h"
#include "services/leads/domain/fit.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/counting.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/profile_store.h"

// The last part of LeadBatch: what has become of the leads is explained and told.
namespace finalmile::leads::scoring {
namespace {

// When the score of a row was last told that an older program wrote: as far as the row shows it.
absl::Time LastChange(const store::LeadState& lead) {
  const domain::Engagement& engagement = lead.engagement.engagement;
  return std::max({lead.update_time, engagement.short_half_life.time, engagement.long_half_life.time,
                   lead.readiness.last_crossing});
}

std::string CauseText(domain::Cooled::Cause cause) {
  switch (cause) {
    case domain::Cooled::Cause::kFaded:
      return "faded";
    case domain::Cooled::Cause::kGated:
      return "gated";
    case domain::Cooled::Cause::kClosed:
      return "closed";
  }
  return "";
}

}  // namespace

bool LeadBatch::BecameReady(const Moment& moment) {
  return std::any_of(moment.transitions.begin(), moment.transitions.end(),
                     [](const domain::Transition& transition) {
                       return std::holds_alternative<domain::BecameSalesReady>(transition);
                     });
}

store::History LeadBatch::WithoutAdded(const Entry& entry) {
  store::History history = *entry.history;
  std::erase_if(history.activities, [&](const domain::Activity& activity) {
    return std::any_of(entry.added.begin(), entry.added.end(), [&](const Added& added) {
      return added.activity_id == activity.activity_id && added.source == activity.source;
    });
  });
  return history;
}

absl::Status LeadBatch::AddReasons(Entry& entry) {
  const bool looked_back = entry.recompute && !store::IsSetAside(entry.row);
  const bool arrived = looked_back && !entry.before.created;
  if (entry.added.empty() && !arrived) return absl::OkStatus();
  const domain::CompiledPolicy& policy = entry.policy->compiled;
  std::vector<domain::Reason>& reasons = entry.moments.back().reasons;
  if (!looked_back) {
    // A lead that was set aside under an older policy counted nothing of this.
    if (!store::IsSetAside(entry.before) && entry.policy != policy_) return absl::OkStatus();
    domain::SignalTallies added(policy, context_.now);
    for (const Added& one : entry.added) added.Add(*one.signal, one.units, one.counted, one.time);
    added.AppendReasons(reasons);
    return absl::OkStatus();
  }
  // A late activity takes the place of a later one: what it added is the difference.
  ASSIGN_OR_RETURN(const domain::Explainer all,
                   ExplainerOf(transaction_, policies_, *entry.history, policy, context_.now));
  domain::SignalTallies added = all.tallies();
  if (!arrived) {
    ASSIGN_OR_RETURN(const domain::Explainer others,
                     ExplainerOf(transaction_, policies_, WithoutAdded(entry), policy, context_.now));
    added.Subtract(others.tallies());
  }
  added.AppendReasons(reasons);
  return absl::OkStatus();
}

absl::Status LeadBatch::Explain(const std::vector<Entry*>& ready) {
  RETURN_IF_ERROR(Fetch(ready, ready));
  for (Entry* entry : ready) {
    for (Moment& moment : entry->moments) {
      if (!BecameReady(moment)) continue;
      ASSIGN_OR_RETURN(domain::Explanation explanation,
                       ExplainMoment(*entry, moment, &moment == &entry->moments.back()));
      moment.ready_reasons = std::move(explanation.reasons);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<domain::Explanation> LeadBatch::ExplainMoment(Entry& entry, const Moment& moment, bool now) {
  const domain::CompiledPolicy& policy = moment.told.policy->compiled;
  const store::LeadState& lead = *moment.told.lead;
  domain::Lead facts = *entry.profile;
  if (!now) {
    ASSIGN_OR_RETURN(facts, FactsBefore(entry));
  }
  if (entry.history->is_long || store::IsSetAside(lead))
    return domain::ExplainInSum(policy, facts, lead.engagement.engagement, moment.told.time);
  return ExplainHistory(transaction_, policies_, now ? *entry.history : WithoutAdded(entry), policy, facts,
                        moment.told.time);
}

v1::LeadEvent& LeadBatch::EmitAt(Entry& entry, absl::Time time) {
  v1::LeadEvent& event = leads_.Emit(entry);
  *event.mutable_time() = ToProto(time);
  return event;
}

void LeadBatch::TellStage(Entry& entry, absl::Time time, std::string_view cause) {
  const int64_t told = entry.told_stage.value_or(entry.before.stage);
  if (entry.row.stage == told) return;
  v1::LeadStageChanged& changed = *EmitAt(entry, time).mutable_lead_stage_changed();
  changed.set_before(static_cast<v1::Stage>(told));
  changed.set_after(static_cast<v1::Stage>(entry.row.stage));
  changed.set_cycle(static_cast<int32_t>(entry.row.cycle));
  changed.set_cause(std::string(cause));
  entry.told_stage = entry.row.stage;
}

absl::Status LeadBatch::Tell(Entry& entry) {
  store::LeadState& lead = entry.row;
  TellStage(entry, context_.now, entry.stage_cause);
  Told last;
  if (entry.before.created) {
    int64_t number = entry.before.told_policy;
    if (number == 0) number = entry.before.policy;
    if (number == 0) number = policy_->number;
    last = {&entry.before, entry.policy, entry.before.told_time};
    if (last.time == absl::InfinitePast()) last.time = LastChange(entry.before);
    if (number != last.policy->number) {
      ASSIGN_OR_RETURN(last.policy, policies_.ByNumber(transaction_, number));
    }
  }
  for (const Moment& moment : entry.moments) {
    if (last.lead == nullptr || IsNews(last, moment.told)) {
      const Told& next = moment.told;
      v1::LeadScoreChanged& changed = *EmitAt(entry, next.time).mutable_lead_score_changed();
      if (last.lead != nullptr) *changed.mutable_before() = ToScore(*last.lead, *last.policy, last.time);
      *changed.mutable_after() = ToScore(*next.lead, *next.policy, next.time);
      for (const domain::Reason& reason : moment.reasons) *changed.add_reasons() = ToProto(reason);
      changed.set_cause(std::string(moment.cause));
      last = next;
      lead.told_time = next.time;
      lead.told_policy = next.policy->number;
    }
    EmitTransitions(entry, moment);
  }
  return absl::OkStatus();
}

void LeadBatch::KeepCrossing(const Entry& entry, const Moment& moment,
                             const v1::LeadBecameSalesReady& event) {
  store::CrossingRow& crossing = crossings_.emplace_back();
  crossing.lead = entry.row.id;
  crossing.ready_seq = entry.row.seq;
  crossing.id = store::CrossingId(crossing.lead, crossing.ready_seq);
  crossing.cycle = entry.row.cycle;
  crossing.lane = event.lane();
  crossing.hand_raise = event.hand_raise();
  crossing.grade = event.grade();
  crossing.policy = moment.told.policy->number;
  crossing.fit = event.score().fit();
  crossing.engagement = event.score().engagement();
  crossing.reasons = moment.ready_reasons;
  crossing.time = moment.told.time;
  crossing.due_time = crossing.time + domain::kMaturity;
}

void LeadBatch::EmitTransitions(Entry& entry, const Moment& moment) {
  store::LeadState& lead = entry.row;
  const Told& told = moment.told;
  const domain::CompiledPolicy& policy = told.policy->compiled;
  for (const domain::Transition& transition : moment.transitions) {
    if (const auto* ready = std::get_if<domain::BecameSalesReady>(&transition)) {
      if (domain::MovesByCrossing(static_cast<domain::Stage>(lead.stage))) lead.stage = v1::STAGE_SALES_READY;
      if (lead.cycle == 0 || lead.request_ended) ++lead.cycle;
      lead.request_ended = false;
      v1::LeadBecameSalesReady& event = *EmitAt(entry, told.time).mutable_lead_became_sales_ready();
      lead.last_ready_seq = lead.seq;
      event.set_lane(ready->lane);
      event.set_hand_raise(ready->by_hand_raise);
      event.set_cycle(static_cast<int32_t>(lead.cycle));
      *event.mutable_score() = ToScore(*told.lead, *told.policy, told.time);
      event.set_grade(event.score().grade());
      if (entry.cause_time && told.lead == &lead) *event.mutable_cause_time() = ToProto(*entry.cause_time);
      for (const domain::Reason& reason : moment.ready_reasons) *event.add_reasons() = ToProto(reason);
      event.set_lead_source(entry.profile->lead_source);
      event.set_campaign(entry.profile->campaign);
      event.set_owner(entry.profile->owner);
      for (const domain::Lane& lane : policy.policy().lanes) {
        if (lane.name == ready->lane) event.set_situation(lane.situation);
      }
      for (std::string& fact : domain::UnknownFacts(policy, *entry.profile))
        event.add_missing(std::move(fact));
      KeepCrossing(entry, moment, event);
      TellStage(entry, told.time, "crossing");
    } else if (const auto* cooled = std::get_if<domain::Cooled>(&transition)) {
      if (lead.stage == v1::STAGE_SALES_READY) lead.stage = v1::STAGE_NEW;
      v1::LeadCooled& event = *EmitAt(entry, told.time).mutable_lead_cooled();
      *event.mutable_score() = ToScore(*told.lead, *told.policy, told.time);
      event.set_grade(event.score().grade());
      event.set_lane(cooled->lane);
      event.set_cause(CauseText(cooled->cause));
      TellStage(entry, told.time, "cooled");
    }
  }
}

}  // namespace finalmile::leads::scoring
