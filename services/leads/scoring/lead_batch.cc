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
#include "services/leads/scoring/histories.h"

namespace finalmile::leads::scoring {
namespace {

std::string LeadName(std::string_view id) { return fmt::format("leads/{}", id); }

void SetFading(const domain::FadingValue& from, v1::FadingValue& to) {
  to.set_value(from.value);
  *to.mutable_time() = ToProto(from.time);
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
    entry.policy = policy_;
    if (store::IsSetAside(entry.lead)) {
      ASSIGN_OR_RETURN(entry.policy, policies_.ByNumber(transaction_, entry.lead.policy));
    }
  }
  return absl::OkStatus();
}

const store::LeadState* LeadBatch::Find(std::string_view id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second.lead;
}

void LeadBatch::Visit(const std::string& id) { entries_.at(id).touched = true; }

void LeadBatch::Recounted(const std::string& id, domain::EngagementState engagement) {
  Entry& entry = entries_.at(id);
  entry.lead.engagement = std::move(engagement);
  entry.lead.policy = policy_->number;
  entry.lead.recount = absl::InfinitePast();
  entry.policy = policy_;
  entry.touched = entry.recounted = true;
}

absl::StatusOr<std::vector<store::Recorded>> LeadBatch::LockAndRecord(
    std::span<const domain::Activity> activities) {
  std::vector<std::string> ids;
  ids.reserve(activities.size());
  for (const domain::Activity& activity : activities) ids.push_back(activity.lead);
  ids = storage::SortedUnique(std::move(ids));
  const auto is_old = [&](const domain::Activity& a) { return domain::IsAgedOut(a, context_.now); };
  if (std::any_of(activities.begin(), activities.end(), is_old)) {
    RETURN_IF_ERROR(Lock(ids, Absent::kStub));
    return RecordOld(activities, ids);
  }
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

absl::StatusOr<std::vector<store::Recorded>> LeadBatch::RecordOld(
    std::span<const domain::Activity> activities, const std::vector<std::string>& ids) {
  ASSIGN_OR_RETURN(const auto aged, store::ReadAged(transaction_, ids));
  std::vector<store::Recorded> outcome(activities.size(), store::Recorded::kAgedOut);
  std::vector<domain::Activity> taken;
  std::vector<size_t> positions;
  for (size_t i = 0; i < activities.size(); ++i) {
    const auto found = aged.find(activities[i].lead);
    if (found != aged.end() && activities[i].event_time < found->second.until) continue;
    taken.push_back(activities[i]);
    positions.push_back(i);
  }
  ASSIGN_OR_RETURN(const std::vector<store::Recorded> recorded, Record(taken));
  for (size_t i = 0; i < recorded.size(); ++i) outcome[positions[i]] = recorded[i];
  return outcome;
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
    if (store::IsSetAside(entry.lead) && activity.event_time <= entry.lead.recount) {
      entry.lead.recount = store::LeadState::kFromTheStart;
      entry.touched = true;
    }
    const domain::CompiledPolicy& policy = entry.policy->compiled;
    const domain::CompiledSignal* signal = policy.Match(activity);
    if (entry.lead.policy != entry.policy->number) {
      entry.touched = true;
    } else if (!entry.recompute) {
      const domain::ApplyResult result = domain::Apply(policy, activity, entry.lead.engagement);
      entry.recompute = result == domain::ApplyResult::kNeedsRecompute;
      entry.touched = entry.touched || result != domain::ApplyResult::kIgnored;
    }
    if (signal == nullptr) continue;
    const domain::Signal& rule = policy.policy().signals[signal->index];
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
  entry.policy = policy_;
  if (!entry.locked) entry.lead.policy = policy_->number;
  entry.lead.fit = domain::Fit(entry.policy->compiled, FactsOf(profile));
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
  entry.lead.fit = domain::Fit(entry.policy->compiled, FactsOf(profile));
  entry.change = outbox::NewEvent<v1::LeadEvent>(context_, LeadName(id), 0);
  v1::LeadUpdated& updated = *entry.change->mutable_lead_updated();
  for (std::string& path : changed) *updated.add_changed() = std::move(path);
  updated.set_owner(profile.owner);
  for (domain::Gate gate : profile.gates) updated.add_gates(static_cast<v1::Gate>(gate));
  return absl::OkStatus();
}

}  // namespace finalmile::leads::scoring
