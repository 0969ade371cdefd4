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

// How often a lead that only fades falls due, at most: the edges of its grade, cooling, crossing again.
constexpr int kMostDue = 16;

}  // namespace

absl::Status LeadBatch::Fetch(const std::vector<Entry*>& profiles, const std::vector<Entry*>& histories) {
  std::vector<domain::LeadId> with_profile;
  std::vector<domain::LeadId> with_history;
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
  for (const domain::LeadId& id : with_history) leads_.Find(id)->history = std::move(history_of[id]);
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
    KeepToldDigits(*entry);
  }
  for (Entry* entry : profiles) {
    if (entry->profile) entry->row.fit = domain::Fit(entry->policy->compiled, *entry->profile);
  }
  return absl::OkStatus();
}

void LeadBatch::KeepToldDigits(Entry& entry) {
  const domain::Engagement& told = entry.before.engagement.engagement;
  if (domain::Alike(entry.row.engagement.engagement, told)) entry.row.engagement.engagement = told;
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

absl::Status LeadBatch::CatchUp(Entry& entry) {
  const store::LeadState& before = entry.before;
  if (!before.created || before.policy == 0) return absl::OkStatus();
  const bool moves = entry.row.policy != before.policy && !entry.recounted;
  if (before.due_time > context_.now && !moves) return absl::OkStatus();
  ASSIGN_OR_RETURN(PolicyPointer policy, policies_.ByNumber(transaction_, before.policy));
  store::LeadState lead = before;
  for (int64_t number = before.policy + 1; moves && number <= entry.row.policy; ++number) {
    ASSIGN_OR_RETURN(const PolicyPointer next, policies_.ByNumber(transaction_, number));
    const absl::Time time = std::min(std::max(next->publish_time, before.told_time), context_.now);
    FadeUntil(entry, lead, policy, time);
    RETURN_IF_ERROR(MoveUnder(entry, *next, lead));
    policy = next;
    Play(entry, lead, policy, time, "policy");
  }
  FadeUntil(entry, lead, policy, context_.now);
  return absl::OkStatus();
}

void LeadBatch::FadeUntil(Entry& entry, store::LeadState& lead, const PolicyPointer& policy,
                          absl::Time time) {
  for (int i = 0; i < kMostDue && lead.due_time <= time; ++i)
    Play(entry, lead, policy, lead.due_time, "fading");
}

void LeadBatch::Play(Entry& entry, store::LeadState& lead, const PolicyPointer& policy, absl::Time time,
                     std::string_view cause) {
  domain::Readiness result = domain::Evaluate(policy->compiled.policy(), InputOf(lead), lead.readiness, time);
  lead.readiness = std::move(result.state);
  lead.due_time = result.next_due;
  entry.past.push_back(std::make_unique<store::LeadState>(lead));
  entry.moments.push_back(
      {{entry.past.back().get(), policy, time}, cause, std::move(result.transitions), {}, {}});
}

absl::Status LeadBatch::MoveUnder(Entry& entry, const PublishedPolicy& policy, store::LeadState& lead) {
  lead.policy = policy.number;
  if (entry.added.empty() && !entry.profile_changed && policy.number == entry.row.policy) {
    lead.fit = entry.row.fit;
    lead.engagement = entry.row.engagement;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const domain::Lead facts, FactsBefore(entry));
  lead.fit = domain::Fit(policy.compiled, facts);
  ASSIGN_OR_RETURN(domain::EngagementState counted,
                   RecomputeAll(transaction_, policies_, lead.id, WithoutAdded(entry), policy.compiled,
                                [] { return absl::OkStatus(); }));
  if (domain::Alike(counted.engagement, lead.engagement.engagement))
    counted.engagement = lead.engagement.engagement;
  lead.engagement = std::move(counted);
  return absl::OkStatus();
}

absl::StatusOr<domain::Lead> LeadBatch::FactsBefore(const Entry& entry) {
  if (!entry.profile_changed) return *entry.profile;
  // What is stored is still the profile from before this batch.
  ASSIGN_OR_RETURN(auto stored, store::ReadProfiles(transaction_, {entry.row.id}));
  return std::move(stored[entry.row.id]);
}

void LeadBatch::Evaluate(Entry& entry, std::string_view cause) {
  store::LeadState& lead = entry.row;
  const store::LeadState& last = entry.past.empty() ? entry.before : *entry.past.back();
  domain::ReadinessState readiness = last.readiness;
  if (entry.request_claimed) readiness.claimed = true;
  if (entry.request_closed) domain::Close(readiness, context_.now);
  domain::Readiness result =
      domain::Evaluate(entry.policy->compiled.policy(), InputOf(lead), readiness, context_.now);
  lead.readiness = std::move(result.state);
  lead.due_time = result.next_due;
  entry.moments.push_back(
      {{&lead, entry.policy, context_.now}, cause, std::move(result.transitions), {}, {}});
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
    // A mark or redirect has nothing to be scored.
    if (entry.changed && !entry.row.erased && entry.row.merged_into.empty()) changed.push_back(&entry);
  }
  RETURN_IF_ERROR(Score(changed));
  std::vector<Entry*> ready;
  for (Entry* entry : changed) {
    RETURN_IF_ERROR(CatchUp(*entry));
    Evaluate(*entry, cause);
    RETURN_IF_ERROR(AddReasons(*entry));
    if (std::any_of(entry->moments.begin(), entry->moments.end(), BecameReady)) ready.push_back(entry);
  }
  if (!ready.empty()) RETURN_IF_ERROR(Explain(ready));
  for (Entry* entry : changed) RETURN_IF_ERROR(Tell(*entry));
  if (!crossings_.empty())
    RETURN_IF_ERROR(store::kCrossings.Insert(transaction_, storage::Pointers(crossings_)));
  RETURN_IF_ERROR(leads_.Write([](const Entry& entry) -> const auto& {
    return store::kLeadEngagement.HoldsAllChanges(entry.row, entry.before) ? store::kLeadEngagement
                                                                           : store::kLeads;
  }));
  return WriteProfiles(changed);
}

}  // namespace finalmile::leads::scoring
