#include <tuple>

#include <fmt/format.h>

#include "libs/base/status.h"
#include "services/leads/domain/explain.h"
#include "services/leads/domain/fit.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/histories.h"
#include "services/leads/scoring/lead_batch.h"

// The second half of LeadBatch: what was touched is scored and written.
namespace finalmile::leads::scoring {
namespace {

std::string LeadName(std::string_view id) { return fmt::format("leads/{}", id); }

bool SameScore(const store::LeadState& a, const store::LeadState& b) {
  return a.fit == b.fit && a.engagement.engagement == b.engagement.engagement && a.policy == b.policy &&
         a.readiness.grade == b.readiness.grade && a.readiness.lane == b.readiness.lane;
}

// Whether store::UpdateEngagement writes all that differs.
bool OnlyEngagementDiffers(const store::LeadState& a, const store::LeadState& b) {
  return std::tie(a.created, a.version, a.gates, a.stage, a.policy, a.fit, a.engagement.last_hand_raise,
                  a.readiness.lane, a.readiness.by_hand_raise, a.readiness.last_crossing,
                  a.readiness.hand_raise_used, a.create_time, a.update_time, a.recount) ==
         std::tie(b.created, b.version, b.gates, b.stage, b.policy, b.fit, b.engagement.last_hand_raise,
                  b.readiness.lane, b.readiness.by_hand_raise, b.readiness.last_crossing,
                  b.readiness.hand_raise_used, b.create_time, b.update_time, b.recount);
}

}  // namespace

v1::LeadEvent& LeadBatch::Emit(Entry& entry) {
  return events_.emplace_back(
      outbox::NewEvent<v1::LeadEvent>(context_, LeadName(entry.lead.id), ++entry.lead.seq));
}

absl::Status LeadBatch::Fetch(const std::vector<Entry*>& profiles, const std::vector<Entry*>& histories) {
  std::vector<std::string> with_profile;
  std::vector<std::string> with_history;
  for (const Entry* entry : profiles) {
    if (!entry->profile) with_profile.push_back(entry->lead.id);
  }
  for (const Entry* entry : histories) {
    if (!entry->history) with_history.push_back(entry->lead.id);
  }
  if (with_profile.empty() && with_history.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const storage::Deferred read_profiles, store::DeferProfiles(transaction_, with_profile));
  store::DeferredHistories read_histories;
  if (!with_history.empty()) {
    ASSIGN_OR_RETURN(read_histories, store::DeferHistories(transaction_, with_history));
  }
  RETURN_IF_ERROR(transaction_.Settle());
  ASSIGN_OR_RETURN(auto profile_of, store::ProfilesOf(*read_profiles));
  for (auto& [id, profile] : profile_of) entries_.find(id)->second.profile = std::move(profile);
  if (with_history.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto history_of, store::HistoriesOf(read_histories));
  for (const std::string& id : with_history) entries_.find(id)->second.history = std::move(history_of[id]);
  return absl::OkStatus();
}

absl::Status LeadBatch::LoadWhatIsNeeded() {
  std::vector<Entry*> histories;
  std::vector<Entry*> profiles;
  for (auto& [id, entry] : entries_) {
    if (!entry.touched || !entry.lead.created) continue;
    if (entry.recounted) profiles.push_back(&entry);
    if (store::IsSetAside(entry.lead)) continue;
    if (entry.lead.policy != policy_->number) {
      entry.recompute = true;
      profiles.push_back(&entry);
    }
    if (entry.recompute) histories.push_back(&entry);
  }
  RETURN_IF_ERROR(Fetch(profiles, histories));
  for (Entry* entry : histories) {
    if (entry->history->is_long) {
      RETURN_IF_ERROR(SetAside(*entry));
      continue;
    }
    // None of its activities is too many to look at: no reading by pages, and nothing to check.
    ASSIGN_OR_RETURN(entry->lead.engagement,
                     RecomputeAll(transaction_, policies_, entry->lead.id, *entry->history, policy_->compiled,
                                  [] { return absl::OkStatus(); }));
    entry->lead.policy = policy_->number;
  }
  for (Entry* entry : profiles) {
    if (entry->profile) entry->lead.fit = domain::Fit(entry->policy->compiled, FactsOf(*entry->profile));
  }
  return absl::OkStatus();
}

absl::Status LeadBatch::SetAside(Entry& entry) {
  store::LeadState& lead = entry.lead;
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

void LeadBatch::Evaluate(Entry& entry, std::string_view cause, std::vector<Entry*>& crossing) {
  store::LeadState& lead = entry.lead;
  const domain::ReadinessInput input{lead.gates != 0, lead.fit, lead.engagement.engagement,
                                     lead.engagement.last_hand_raise};
  domain::Readiness result =
      domain::Evaluate(entry.policy->compiled.policy(), input, entry.before.readiness, context_.now);
  lead.readiness = std::move(result.state);
  lead.due_time = result.next_due;
  if (entry.change) {
    entry.change->set_seq(++lead.seq);
    events_.push_back(*std::move(entry.change));
  }
  if (!SameScore(lead, entry.before)) {
    v1::LeadScoreChanged& changed = *Emit(entry).mutable_lead_score_changed();
    if (entry.before.created) *changed.mutable_before() = ToScore(entry.before, *entry.policy, context_.now);
    *changed.mutable_after() = ToScore(lead, *entry.policy, context_.now);
    changed.mutable_reasons()->Add(entry.reasons.begin(), entry.reasons.end());
    changed.set_cause(std::string(cause));
  }
  for (const domain::Transition& transition : result.transitions) {
    if (const auto* ready = std::get_if<domain::BecameSalesReady>(&transition)) {
      lead.stage = v1::STAGE_SALES_READY;
      v1::LeadBecameSalesReady& event = *Emit(entry).mutable_lead_became_sales_ready();
      ready_events_[lead.id] = events_.size() - 1;
      event.set_lane(ready->lane);
      *event.mutable_score() = ToScore(lead, *entry.policy, context_.now);
      event.set_grade(event.score().grade());
      if (entry.cause_time) *event.mutable_cause_time() = ToProto(*entry.cause_time);
      crossing.push_back(&entry);
    } else if (std::holds_alternative<domain::Cooled>(transition)) {
      if (lead.stage == v1::STAGE_SALES_READY) lead.stage = v1::STAGE_NEW;
      v1::LeadCooled& event = *Emit(entry).mutable_lead_cooled();
      *event.mutable_score() = ToScore(lead, *entry.policy, context_.now);
      event.set_grade(event.score().grade());
    }
  }
}

absl::Status LeadBatch::Explain(const std::vector<Entry*>& crossing) {
  RETURN_IF_ERROR(Fetch(crossing, crossing));
  for (Entry* entry : crossing) {
    v1::LeadBecameSalesReady& event =
        *events_[ready_events_.at(entry->lead.id)].mutable_lead_became_sales_ready();
    const domain::CompiledPolicy& policy = entry->policy->compiled;
    domain::Explanation explanation;
    if (entry->history->is_long || store::IsSetAside(entry->lead)) {
      explanation = domain::ExplainInSum(policy, FactsOf(*entry->profile), entry->lead.engagement.engagement,
                                         context_.now);
    } else {
      ASSIGN_OR_RETURN(explanation, ExplainHistory(transaction_, policies_, *entry->history, policy,
                                                   FactsOf(*entry->profile), context_.now));
    }
    for (const domain::Reason& reason : explanation.reasons) *event.add_reasons() = ToProto(reason);
    event.set_lead_source(entry->profile->lead_source);
    event.set_campaign(entry->profile->campaign);
    event.set_owner(entry->profile->owner);
  }
  return absl::OkStatus();
}

absl::Status LeadBatch::Write(std::string_view cause) {
  RETURN_IF_ERROR(LoadWhatIsNeeded());
  std::vector<Entry*> crossing;
  std::vector<const store::LeadState*> inserted;
  std::vector<const store::LeadState*> updated;
  std::vector<const store::LeadState*> engaged;
  std::map<std::string, const domain::Lead*> profiles;
  std::vector<store::FactVersion> facts;
  for (auto& [id, entry] : entries_) {
    if (!entry.touched || !entry.lead.created) continue;
    Evaluate(entry, cause, crossing);
    if (!entry.locked) {
      inserted.push_back(&entry.lead);
    } else {
      (OnlyEngagementDiffers(entry.lead, entry.before) ? engaged : updated).push_back(&entry.lead);
    }
    if (!entry.profile_changed) continue;
    profiles[id] = &*entry.profile;
    facts.push_back({id, entry.lead.version, context_.now, entry.lead.gates, FactsOf(*entry.profile)});
  }
  if (!crossing.empty()) RETURN_IF_ERROR(Explain(crossing));
  RETURN_IF_ERROR(store::InsertLeads(transaction_, inserted));
  RETURN_IF_ERROR(store::UpdateLeads(transaction_, updated));
  RETURN_IF_ERROR(store::UpdateEngagement(transaction_, engaged));
  if (!profiles.empty()) {
    RETURN_IF_ERROR(store::WriteProfiles(transaction_, profiles));
    RETURN_IF_ERROR(store::AppendFacts(transaction_, facts));
  }
  return outbox::WriteEvents(transaction_, context_.cause, events_);
}

}  // namespace finalmile::leads::scoring
