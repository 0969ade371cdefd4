#include <algorithm>

#include "libs/base/status.h"
#include "services/leads/domain/explain.h"
#include "services/leads/domain/fit.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/counting.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/fact_store.h"
#include "services/leads/store/profile_store.h"

// The second half of LeadBatch: what was changed is scored and written.
namespace finalmile::leads::scoring {
namespace {

bool SameScore(const store::LeadState& a, const store::LeadState& b) {
  return a.fit == b.fit && a.engagement.engagement == b.engagement.engagement && a.policy == b.policy &&
         a.readiness.grade == b.readiness.grade && a.readiness.lane == b.readiness.lane;
}

bool BecameReady(const std::vector<domain::Transition>& transitions) {
  return std::any_of(transitions.begin(), transitions.end(), [](const domain::Transition& transition) {
    return std::holds_alternative<domain::BecameSalesReady>(transition);
  });
}

}  // namespace

absl::Status LeadBatch::Fetch(const std::vector<Entry*>& profiles, const std::vector<Entry*>& histories) {
  std::vector<std::string> with_profile;
  std::vector<std::string> with_history;
  for (const Entry* entry : profiles) {
    if (!entry->profile) with_profile.push_back(entry->row.id);
  }
  for (const Entry* entry : histories) {
    if (!entry->history) with_history.push_back(entry->row.id);
  }
  if (with_profile.empty() && with_history.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const storage::Deferred read_profiles, store::DeferProfiles(transaction_, with_profile));
  store::DeferredHistories read_histories;
  if (!with_history.empty()) {
    ASSIGN_OR_RETURN(read_histories, store::DeferHistories(transaction_, with_history));
  }
  RETURN_IF_ERROR(transaction_.Settle());
  ASSIGN_OR_RETURN(auto profile_of, store::ProfilesOf(*read_profiles));
  for (auto& [id, profile] : profile_of) leads_.Find(id)->profile = std::move(profile);
  if (with_history.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto history_of, store::HistoriesOf(read_histories));
  for (const std::string& id : with_history) leads_.Find(id)->history = std::move(history_of[id]);
  return absl::OkStatus();
}

absl::Status LeadBatch::Score(const std::vector<Entry*>& changed) {
  std::vector<Entry*> histories;
  std::vector<Entry*> profiles;
  for (Entry* entry : changed) {
    if (entry->recounted) profiles.push_back(entry);
    if (store::IsSetAside(entry->row)) continue;
    if (entry->row.policy != policy_->number) {
      entry->recompute = true;
      profiles.push_back(entry);
    }
    if (entry->recompute) histories.push_back(entry);
  }
  RETURN_IF_ERROR(Fetch(profiles, histories));
  for (Entry* entry : histories) {
    if (entry->history->is_long) {
      RETURN_IF_ERROR(SetAside(*entry));
      continue;
    }
    // The history is short, so that nothing is read by pages and there is no time to check.
    ASSIGN_OR_RETURN(entry->row.engagement,
                     RecomputeAll(transaction_, policies_, entry->row.id, *entry->history, policy_->compiled,
                                  [] { return absl::OkStatus(); }));
    entry->row.policy = policy_->number;
  }
  for (Entry* entry : profiles) {
    if (entry->profile) entry->row.fit = domain::Fit(entry->policy->compiled, *entry->profile);
  }
  return absl::OkStatus();
}

absl::Status LeadBatch::SetAside(Entry& entry) {
  store::LeadState& lead = entry.row;
  lead.recount = store::LeadState::kFromTheStart;
  // Notified once per lead that is set aside, which is rare.
  RETURN_IF_ERROR(transaction_.Notify(kRescoreChannel));
  if (lead.policy > 0) {
    ASSIGN_OR_RETURN(entry.policy, policies_.ByNumber(transaction_, lead.policy));
    return absl::OkStatus();
  }
  // A stub that becomes a lead, or a row whose limits cannot be read.
  lead.policy = policy_->number;
  lead.engagement.limits = {};
  return absl::OkStatus();
}

void LeadBatch::Evaluate(Entry& entry) {
  store::LeadState& lead = entry.row;
  const domain::ReadinessInput input{
      lead.gates != 0,   lead.fit,         lead.engagement.engagement, lead.engagement.last_hand_raise,
      lead.outcome_time, lead.history_time};
  domain::Readiness result =
      domain::Evaluate(entry.policy->compiled.policy(), input, entry.before.readiness, context_.now);
  lead.readiness = std::move(result.state);
  lead.due_time = result.next_due;
  entry.transitions = std::move(result.transitions);
}

absl::Status LeadBatch::Explain(const std::vector<Entry*>& ready) {
  RETURN_IF_ERROR(Fetch(ready, ready));
  for (Entry* entry : ready) {
    const domain::CompiledPolicy& policy = entry->policy->compiled;
    domain::Explanation explanation;
    if (entry->history->is_long || store::IsSetAside(entry->row)) {
      explanation =
          domain::ExplainInSum(policy, *entry->profile, entry->row.engagement.engagement, context_.now);
    } else {
      ASSIGN_OR_RETURN(explanation, ExplainHistory(transaction_, policies_, *entry->history, policy,
                                                   *entry->profile, context_.now));
    }
    entry->ready_reasons = std::move(explanation.reasons);
  }
  return absl::OkStatus();
}

void LeadBatch::EmitChanges(Entry& entry, std::string_view cause) {
  store::LeadState& lead = entry.row;
  const v1::Score score = ToScore(lead, *entry.policy, context_.now);
  if (!SameScore(lead, entry.before)) {
    v1::LeadScoreChanged& changed = *leads_.Emit(entry).mutable_lead_score_changed();
    if (entry.before.created) *changed.mutable_before() = ToScore(entry.before, *entry.policy, context_.now);
    *changed.mutable_after() = score;
    changed.mutable_reasons()->Add(entry.reasons.begin(), entry.reasons.end());
    changed.set_cause(std::string(cause));
  }
  for (const domain::Transition& transition : entry.transitions) {
    if (const auto* ready = std::get_if<domain::BecameSalesReady>(&transition)) {
      lead.stage = v1::STAGE_SALES_READY;
      v1::LeadBecameSalesReady& event = *leads_.Emit(entry).mutable_lead_became_sales_ready();
      event.set_lane(ready->lane);
      *event.mutable_score() = score;
      event.set_grade(score.grade());
      if (entry.cause_time) *event.mutable_cause_time() = ToProto(*entry.cause_time);
      for (const domain::Reason& reason : entry.ready_reasons) *event.add_reasons() = ToProto(reason);
      event.set_lead_source(entry.profile->lead_source);
      event.set_campaign(entry.profile->campaign);
      event.set_owner(entry.profile->owner);
    } else if (std::holds_alternative<domain::Cooled>(transition)) {
      if (lead.stage == v1::STAGE_SALES_READY) lead.stage = v1::STAGE_NEW;
      v1::LeadCooled& event = *leads_.Emit(entry).mutable_lead_cooled();
      *event.mutable_score() = score;
      event.set_grade(score.grade());
    }
  }
}

absl::Status LeadBatch::WriteProfiles(const std::vector<Entry*>& changed) {
  std::vector<store::Profile> profiles;
  std::vector<store::FactVersion> facts;
  for (Entry* entry : changed) {
    if (!entry->profile_changed) continue;
    const store::LeadState& lead = entry->row;
    entry->profile->history_time = lead.history_time;
    facts.push_back({lead.id, lead.version, context_.now, lead.gates, *entry->profile});
    profiles.push_back({lead.id, *std::move(entry->profile)});
  }
  if (profiles.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(store::WriteProfiles(transaction_, profiles));
  return store::AppendFacts(transaction_, facts);
}

absl::Status LeadBatch::Write(std::string_view cause) {
  std::vector<Entry*> changed;
  for (auto& [id, entry] : leads_.entries()) {
    if (entry.changed) changed.push_back(&entry);
  }
  RETURN_IF_ERROR(Score(changed));
  std::vector<Entry*> ready;
  for (Entry* entry : changed) {
    Evaluate(*entry);
    if (BecameReady(entry->transitions)) ready.push_back(entry);
  }
  if (!ready.empty()) RETURN_IF_ERROR(Explain(ready));
  for (Entry* entry : changed) EmitChanges(*entry, cause);
  RETURN_IF_ERROR(leads_.Write([](const Entry& entry) -> const auto& {
    return store::kLeadEngagement.HoldsAllChanges(entry.row, entry.before) ? store::kLeadEngagement
                                                                           : store::kLeads;
  }));
  return WriteProfiles(changed);
}

}  // namespace finalmile::leads::scoring
