#include "services/leads/scoring/lead_batch.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/rpc/violations.h"
#include "libs/storage/columns.h"
#include "services/leads/domain/explain.h"
#include "services/leads/domain/fit.h"
#include "services/leads/domain/grade.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"

namespace finalmile::leads::scoring {
namespace {

std::string LeadName(std::string_view id) { return fmt::format("leads/{}", id); }

void SetFading(const domain::FadingValue& from, v1::FadingValue& to) {
  to.set_value(from.value);
  *to.mutable_time() = ToProto(from.time);
}

bool SameScore(const store::LeadState& a, const store::LeadState& b) {
  return a.fit == b.fit && a.engagement.engagement == b.engagement.engagement && a.policy == b.policy &&
         a.readiness.grade == b.readiness.grade && a.readiness.lane == b.readiness.lane;
}

// Whether store::UpdateEngagement writes all that differs.
bool OnlyEngagementDiffers(const store::LeadState& a, const store::LeadState& b) {
  return std::tie(a.created, a.version, a.gates, a.stage, a.policy, a.fit, a.engagement.last_hand_raise,
                  a.readiness.lane, a.readiness.by_hand_raise, a.readiness.last_crossing,
                  a.readiness.hand_raise_used, a.create_time, a.update_time) ==
         std::tie(b.created, b.version, b.gates, b.stage, b.policy, b.fit, b.engagement.last_hand_raise,
                  b.readiness.lane, b.readiness.by_hand_raise, b.readiness.last_crossing,
                  b.readiness.hand_raise_used, b.create_time, b.update_time);
}

}  // namespace

v1::Score ToScore(const store::LeadState& lead, const PublishedPolicy& policy, absl::Time now) {
  v1::Score score;
  const domain::Engagement& engagement = lead.engagement.engagement;
  score.set_fit(lead.fit);
  score.set_engagement(domain::EngagementAt(engagement, now));
  score.set_score(score.fit() + score.engagement());
  const domain::GradeEdges& edges = policy.compiled.policy().grade_edges;
  score.set_grade(domain::Grade(edges, score.fit(), score.engagement()));
  *score.mutable_as_of() = ToProto(now);
  SetFading(engagement.short_half_life, *score.mutable_short_half_life());
  SetFading(engagement.long_half_life, *score.mutable_long_half_life());
  score.set_policy(policy.message.name());
  if (!lead.readiness.lane.empty()) {
    score.set_lane(lead.readiness.lane);
    *score.mutable_ready_time() = ToProto(lead.readiness.last_crossing);
  }
  const double bands[] = {edges.engagement_1, edges.engagement_2, edges.engagement_3};
  const absl::Time next = domain::FallsBelowNext(engagement, bands, now);
  if (next != absl::InfiniteFuture()) *score.mutable_next_band_time() = ToProto(next);
  return score;
}

absl::Status LeadBatch::Lock(std::vector<std::string> ids, Absent absent) {
  ids = storage::SortedUnique(std::move(ids));
  ASSIGN_OR_RETURN(Locked locked, DeferLock(ids));
  RETURN_IF_ERROR(transaction_.Settle());
  return Adopt(std::move(locked), ids, absent);
}

absl::StatusOr<LeadBatch::Locked> LeadBatch::DeferLock(const std::vector<std::string>& ids) {
  Locked locked;
  ASSIGN_OR_RETURN(locked.leads, store::LockLeads(transaction_, ids));
  ASSIGN_OR_RETURN(locked.in_force, store::DeferPolicyInForce(transaction_));
  return locked;
}

absl::Status LeadBatch::Adopt(Locked locked, const std::vector<std::string>& ids, Absent absent) {
  std::vector<store::LeadState> leads = store::LeadsOf(*locked.leads);
  if (leads.size() < ids.size() && absent == Absent::kStub) {
    std::vector<std::string> missing;
    std::vector<std::string> present;
    for (const store::LeadState& lead : leads) present.push_back(lead.id);
    std::sort(present.begin(), present.end());
    std::set_difference(ids.begin(), ids.end(), present.begin(), present.end(), std::back_inserter(missing));
    RETURN_IF_ERROR(store::InsertStubs(transaction_, missing));
    // Read again rather than assumed blank: somebody else's stub, or lead, may have come first.
    ASSIGN_OR_RETURN(locked, DeferLock(missing));
    RETURN_IF_ERROR(transaction_.Settle());
    std::vector<store::LeadState> stubs = store::LeadsOf(*locked.leads);
    std::move(stubs.begin(), stubs.end(), std::back_inserter(leads));
  }
  ASSIGN_OR_RETURN(policy_, policies_.ByNumber(transaction_, store::PolicyInForceOf(*locked.in_force)));
  for (store::LeadState& lead : leads) {
    Entry& entry = entries_[lead.id];
    entry.before = lead;
    entry.lead = std::move(lead);
    entry.locked = true;
  }
  return absl::OkStatus();
}

const store::LeadState* LeadBatch::Find(std::string_view id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second.lead;
}

void LeadBatch::Visit(const std::string& id) { entries_.at(id).touched = true; }

absl::StatusOr<std::vector<store::Recorded>> LeadBatch::LockAndRecord(
    std::span<const domain::Activity> activities) {
  std::vector<std::string> ids;
  ids.reserve(activities.size());
  for (const domain::Activity& activity : activities) ids.push_back(activity.lead);
  ids = storage::SortedUnique(std::move(ids));
  ASSIGN_OR_RETURN(Locked locked, DeferLock(ids));
  // Behind the locks. An activity of a lead that is absent is stored before its stub is: what is counted
  // follows from the row as it is then found.
  ASSIGN_OR_RETURN(const storage::Deferred inserted,
                   store::InsertActivities(transaction_, activities, context_.now));
  RETURN_IF_ERROR(transaction_.Settle());
  RETURN_IF_ERROR(Adopt(std::move(locked), ids, Absent::kStub));
  return TakeIn(activities, *inserted);
}

absl::StatusOr<std::vector<store::Recorded>> LeadBatch::Record(std::span<const domain::Activity> activities) {
  ASSIGN_OR_RETURN(const storage::Deferred inserted,
                   store::InsertActivities(transaction_, activities, context_.now));
  RETURN_IF_ERROR(transaction_.Settle());
  return TakeIn(activities, *inserted);
}

absl::StatusOr<std::vector<store::Recorded>> LeadBatch::TakeIn(std::span<const domain::Activity> activities,
                                                               const storage::Result& inserted) {
  ASSIGN_OR_RETURN(std::vector<store::Recorded> recorded,
                   store::OutcomeOf(transaction_, inserted, activities));
  for (size_t i = 0; i < activities.size(); ++i) {
    if (recorded[i] != store::Recorded::kNew) continue;
    const domain::Activity& activity = activities[i];
    Entry& entry = entries_.find(activity.lead)->second;
    // A stub is under no policy yet: its activities are counted when the lead arrives.
    if (!entry.lead.created) continue;
    const domain::CompiledSignal* signal = policy_->compiled.Match(activity);
    if (entry.lead.policy != policy_->number) {
      entry.touched = true;
    } else if (!entry.recompute) {
      const domain::ApplyResult result = domain::Apply(policy_->compiled, activity, entry.lead.engagement);
      entry.recompute = result == domain::ApplyResult::kNeedsRecompute;
      entry.touched = entry.touched || result != domain::ApplyResult::kIgnored;
    }
    if (signal == nullptr) continue;
    const domain::Signal& rule = policy_->compiled.policy().signals[signal->index];
    v1::Reason& reason = entry.reasons.emplace_back();
    reason.set_part("engagement");
    reason.set_name(rule.name);
    reason.set_text(rule.text);
    reason.set_points(rule.points * activity.count);
    reason.set_count(activity.count);
    *reason.mutable_last_time() = ToProto(activity.event_time);
    if (!entry.cause_time || *entry.cause_time < activity.event_time) entry.cause_time = activity.event_time;
  }
  return recorded;
}

absl::Status LeadBatch::Create(const std::string& id, const domain::Lead& profile) {
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(profile), "lead"));
  Entry& entry = entries_[id];
  if (entry.lead.created) return absl::AlreadyExistsError(fmt::format("{} exists", LeadName(id)));
  entry.lead.id = id;
  entry.lead.created = true;
  entry.lead.version = 1;
  entry.lead.gates = GateBits(profile.gates);
  entry.lead.stage = v1::STAGE_NEW;
  entry.lead.create_time = entry.lead.update_time = context_.now;
  entry.profile = profile;
  entry.profile_changed = entry.touched = true;
  // A fresh id has no history; what came for a stub is counted now.
  entry.recompute = entry.locked;
  if (!entry.locked) entry.lead.policy = policy_->number;
  entry.lead.fit = domain::Fit(policy_->compiled, FactsOf(profile));
  entry.change = outbox::NewEvent<v1::LeadEvent>(context_, LeadName(id), 0);
  v1::LeadCreated& created = *entry.change->mutable_lead_created();
  created.set_company_domain(profile.company_domain);
  created.set_lead_source(profile.lead_source);
  created.set_campaign(profile.campaign);
  created.set_owner(profile.owner);
  return absl::OkStatus();
}

absl::Status LeadBatch::Change(const std::string& id, const domain::Lead& profile,
                               std::vector<std::string> changed) {
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(profile), "lead"));
  Entry& entry = entries_.at(id);
  ++entry.lead.version;
  entry.lead.gates = GateBits(profile.gates);
  entry.lead.update_time = context_.now;
  entry.profile = profile;
  entry.profile_changed = entry.touched = true;
  entry.lead.fit = domain::Fit(policy_->compiled, FactsOf(profile));
  entry.change = outbox::NewEvent<v1::LeadEvent>(context_, LeadName(id), 0);
  v1::LeadUpdated& updated = *entry.change->mutable_lead_updated();
  for (std::string& path : changed) *updated.add_changed() = std::move(path);
  updated.set_owner(profile.owner);
  for (domain::Gate gate : profile.gates) updated.add_gates(static_cast<v1::Gate>(gate));
  return absl::OkStatus();
}

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
  ASSIGN_OR_RETURN(const storage::Deferred read_histories, store::DeferHistories(transaction_, with_history));
  RETURN_IF_ERROR(transaction_.Settle());
  ASSIGN_OR_RETURN(auto profile_of, store::ProfilesOf(*read_profiles));
  for (auto& [id, profile] : profile_of) entries_.find(id)->second.profile = std::move(profile);
  ASSIGN_OR_RETURN(auto history_of, store::HistoriesOf(*read_histories));
  for (const std::string& id : with_history) entries_.find(id)->second.history = std::move(history_of[id]);
  return absl::OkStatus();
}

absl::Status LeadBatch::LoadWhatIsNeeded() {
  std::vector<Entry*> histories;
  std::vector<Entry*> profiles;
  for (auto& [id, entry] : entries_) {
    if (!entry.touched || !entry.lead.created) continue;
    if (entry.lead.policy != policy_->number) {
      entry.recompute = true;
      if (!entry.profile) profiles.push_back(&entry);
    }
    if (entry.recompute) histories.push_back(&entry);
  }
  RETURN_IF_ERROR(Fetch(profiles, histories));
  for (Entry* entry : profiles) {
    if (entry->profile) entry->lead.fit = domain::Fit(policy_->compiled, FactsOf(*entry->profile));
  }
  for (Entry* entry : histories) {
    entry->lead.engagement = domain::Recompute(policy_->compiled, *entry->history);
    entry->lead.policy = policy_->number;
  }
  return absl::OkStatus();
}

void LeadBatch::Evaluate(Entry& entry, std::string_view cause, std::vector<Entry*>& crossing) {
  store::LeadState& lead = entry.lead;
  const domain::ReadinessInput input{lead.gates != 0, lead.fit, lead.engagement.engagement,
                                     lead.engagement.last_hand_raise};
  domain::Readiness result =
      domain::Evaluate(policy_->compiled.policy(), input, entry.before.readiness, context_.now);
  lead.readiness = std::move(result.state);
  lead.due_time = result.next_due;
  if (entry.change) {
    entry.change->set_seq(++lead.seq);
    events_.push_back(*std::move(entry.change));
  }
  if (!SameScore(lead, entry.before)) {
    v1::LeadScoreChanged& changed = *Emit(entry).mutable_lead_score_changed();
    if (entry.before.created) *changed.mutable_before() = ToScore(entry.before, *policy_, context_.now);
    *changed.mutable_after() = ToScore(lead, *policy_, context_.now);
    changed.mutable_reasons()->Add(entry.reasons.begin(), entry.reasons.end());
    changed.set_cause(std::string(cause));
  }
  for (const domain::Transition& transition : result.transitions) {
    if (const auto* ready = std::get_if<domain::BecameSalesReady>(&transition)) {
      lead.stage = v1::STAGE_SALES_READY;
      v1::LeadBecameSalesReady& event = *Emit(entry).mutable_lead_became_sales_ready();
      ready_events_[lead.id] = events_.size() - 1;
      event.set_lane(ready->lane);
      *event.mutable_score() = ToScore(lead, *policy_, context_.now);
      event.set_grade(event.score().grade());
      if (entry.cause_time) *event.mutable_cause_time() = ToProto(*entry.cause_time);
      crossing.push_back(&entry);
    } else if (std::holds_alternative<domain::Cooled>(transition)) {
      if (lead.stage == v1::STAGE_SALES_READY) lead.stage = v1::STAGE_NEW;
      v1::LeadCooled& event = *Emit(entry).mutable_lead_cooled();
      *event.mutable_score() = ToScore(lead, *policy_, context_.now);
      event.set_grade(event.score().grade());
    }
  }
}

absl::Status LeadBatch::Explain(const std::vector<Entry*>& crossing) {
  RETURN_IF_ERROR(Fetch(crossing, crossing));
  for (Entry* entry : crossing) {
    v1::LeadBecameSalesReady& event =
        *events_[ready_events_.at(entry->lead.id)].mutable_lead_became_sales_ready();
    const domain::Explanation explanation =
        domain::Explain(policy_->compiled, FactsOf(*entry->profile), *entry->history, context_.now);
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
  return outbox::WriteEvents(transaction_, context_.cause, kLeadEventsTopic, events_);
}

}  // namespace finalmile::leads::scoring
