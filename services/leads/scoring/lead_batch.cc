#include "services/leads/scoring/lead_batch.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/violations.h"
#include "libs/storage/columns.h"
#include "services/leads/domain/fit.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"

namespace finalmile::leads::scoring {

absl::Status LeadBatch::Lock(std::vector<domain::LeadId> ids, Absent absent) {
  ids = storage::SortedUnique(std::move(ids));
  ASSIGN_OR_RETURN(Locked locked, DeferLock(ids));
  RETURN_IF_ERROR(transaction_.Settle());
  return TakeLocked(std::move(locked), ids, absent);
}

absl::StatusOr<LeadBatch::Locked> LeadBatch::DeferLock(const std::vector<domain::LeadId>& ids) {
  Locked locked;
  ASSIGN_OR_RETURN(locked.leads, leads_.DeferLock(ids));
  ASSIGN_OR_RETURN(locked.in_force, store::DeferPolicyInForce(transaction_));
  return locked;
}

absl::Status LeadBatch::TakeLocked(Locked locked, const std::vector<domain::LeadId>& ids, Absent absent) {
  RETURN_IF_ERROR(leads_.Take(*locked.leads));
  if (leads_.entries().size() < ids.size() && absent == Absent::kStub) {
    std::vector<domain::LeadId> missing;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(missing),
                 [&](const domain::LeadId& id) { return leads_.Find(id) == nullptr; });
    RETURN_IF_ERROR(store::InsertStubs(transaction_, missing));
    // Read again rather than assumed blank: somebody else's stub, or lead, may have come first.
    ASSIGN_OR_RETURN(locked, DeferLock(missing));
    RETURN_IF_ERROR(transaction_.Settle());
    RETURN_IF_ERROR(leads_.Take(*locked.leads));
  }
  ASSIGN_OR_RETURN(policy_, policies_.ByNumber(transaction_, store::PolicyInForceOf(*locked.in_force)));
  for (auto& [id, entry] : leads_.entries()) {
    entry.policy = policy_;
    if (store::IsSetAside(entry.row)) {
      ASSIGN_OR_RETURN(entry.policy, policies_.ByNumber(transaction_, entry.row.policy));
    }
  }
  return absl::OkStatus();
}

const store::LeadState* LeadBatch::Find(const domain::LeadId& id) const {
  const Entry* found = leads_.Find(id);
  return found == nullptr ? nullptr : &found->row;
}

void LeadBatch::SetTrace(const domain::LeadId& id, const std::optional<TraceContext>& trace) {
  if (Entry* found = leads_.Find(id); found != nullptr) found->trace = trace;
}

void LeadBatch::Visit(const domain::LeadId& id) {
  Entry& entry = *leads_.Find(id);
  entry.changed = entry.row.created;
}

void LeadBatch::Recounted(const domain::LeadId& id, domain::EngagementState engagement) {
  Entry& entry = *leads_.Find(id);
  entry.row.engagement = std::move(engagement);
  KeepToldDigits(entry);
  entry.row.policy = policy_->number;
  entry.row.recount = absl::InfinitePast();
  entry.policy = policy_;
  entry.changed = entry.recounted = true;
}

absl::StatusOr<std::vector<store::Recorded>> LeadBatch::LockAndRecord(
    std::span<const domain::Activity> activities) {
  std::vector<domain::LeadId> ids;
  ids.reserve(activities.size());
  for (const domain::Activity& activity : activities) ids.push_back(activity.lead);
  ids = storage::SortedUnique(std::move(ids));
  const auto is_old = [&](const domain::Activity& a) { return domain::IsAgedOut(a, context_.now); };
  if (std::any_of(activities.begin(), activities.end(), is_old)) {
    RETURN_IF_ERROR(Lock(ids, Absent::kStub));
    return RecordOld(activities, ids);
  }
  ASSIGN_OR_RETURN(Locked locked, DeferLock(ids));
  // The insert follows the locks. An activity of an absent lead is stored before its stub is: what is counted
  // follows from the row as it is then found.
  ASSIGN_OR_RETURN(const storage::Deferred inserted,
                   store::DeferInsertActivities(transaction_, activities, context_.now));
  RETURN_IF_ERROR(transaction_.Settle());
  RETURN_IF_ERROR(TakeLocked(std::move(locked), ids, Absent::kStub));
  return CountRecorded(activities, *inserted);
}

absl::StatusOr<storage::Deferred> LeadBatch::DeferRecord(std::span<const domain::Activity> activities) {
  return store::DeferInsertActivities(transaction_, activities, context_.now);
}

absl::StatusOr<std::vector<store::Recorded>> LeadBatch::Record(std::span<const domain::Activity> activities) {
  ASSIGN_OR_RETURN(const storage::Deferred inserted, DeferRecord(activities));
  RETURN_IF_ERROR(transaction_.Settle());
  return CountRecorded(activities, *inserted);
}

absl::StatusOr<std::vector<store::Recorded>> LeadBatch::RecordOld(
    std::span<const domain::Activity> activities, const std::vector<domain::LeadId>& ids) {
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

absl::StatusOr<std::vector<store::Recorded>> LeadBatch::CountRecorded(
    std::span<const domain::Activity> activities, const storage::Result& inserted) {
  ASSIGN_OR_RETURN(std::vector<store::Recorded> recorded,
                   store::OutcomesOf(transaction_, inserted, activities));
  std::set<domain::LeadId> erased;
  for (size_t i = 0; i < activities.size(); ++i) {
    const domain::Activity& activity = activities[i];
    Entry& entry = *leads_.Find(activity.lead);
    if (entry.row.erased) {
      recorded[i] = store::Recorded::kErased;
      erased.insert(activity.lead);
    }
    if (recorded[i] != store::Recorded::kNew) continue;
    // A stub is under no policy yet: its activities are counted when the lead arrives.
    if (!entry.row.created) continue;
    if (store::IsSetAside(entry.row) && activity.event_time <= entry.row.recount) {
      entry.row.recount = store::LeadState::kFromTheStart;
      entry.changed = true;
    }
    const domain::CompiledPolicy& policy = entry.policy->compiled;
    domain::Counted counted{policy.Match(activity), 0};
    if (entry.row.policy != entry.policy->number) {
      entry.changed = true;
    } else if (!entry.recompute) {
      const domain::ApplyResult result = domain::Apply(policy, activity, entry.row.engagement, &counted);
      entry.recompute = result == domain::ApplyResult::kNeedsRecompute;
      entry.changed = entry.changed || result != domain::ApplyResult::kIgnored;
    }
    if (counted.signal == nullptr) continue;
    entry.added.push_back({activity.source, activity.activity_id, counted.signal, std::max(activity.count, 1),
                           counted.units, activity.event_time});
    if (!entry.cause_time || *entry.cause_time < activity.event_time) entry.cause_time = activity.event_time;
  }
  for (const domain::LeadId& lead : erased) RETURN_IF_ERROR(store::DeleteActivitiesOf(transaction_, lead));
  return recorded;
}

namespace {

// A lead with an outcome is closed.
void Close(store::LeadState& row, domain::Lead& profile, absl::Time now) {
  const bool was_closed = row.outcome_time != absl::InfinitePast();
  const bool is_closed = profile.outcome != domain::Outcome::kUnspecified;
  if (!is_closed) {
    profile.outcome_time = absl::InfinitePast();
  } else if (profile.outcome_time == absl::InfinitePast()) {
    profile.outcome_time = now;
  }
  row.outcome_time = profile.outcome_time;
  const bool ended = row.stage == v1::STAGE_WON || row.stage == v1::STAGE_LOST;
  if (is_closed && (!was_closed || ended)) {
    row.stage = profile.outcome == domain::Outcome::kPositive ? v1::STAGE_WON : v1::STAGE_LOST;
  } else if (!is_closed && was_closed && ended) {
    row.stage = v1::STAGE_NEW;
  }
}

}  // namespace

void LeadBatch::SetProfile(Entry& entry, domain::Lead profile) {
  const int64_t stage = entry.row.stage;
  Close(entry.row, profile, context_.now);
  if (entry.row.stage != stage) entry.stage_cause = "outcome";
  ++entry.row.version;
  entry.row.gates = GateBits(profile.gates);
  entry.row.update_time = context_.now;
  entry.row.fit = domain::Fit(entry.policy->compiled, profile);
  entry.profile = std::move(profile);
  entry.profile_changed = entry.changed = true;
}

absl::Status LeadBatch::Create(const domain::LeadId& id, const domain::Lead& profile) {
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(profile), "lead"));
  Entry* found = leads_.Find(id);
  if (found != nullptr && found->row.erased) {
    return rpc::Error(
        absl::StatusCode::kFailedPrecondition, "LEAD_ERASED",
        fmt::format("{} was erased; a lead of the same person gets another name", leads_.NameOf(*found)),
        {{"lead", leads_.NameOf(*found)}});
  }
  if (found != nullptr && !found->row.merged_into.empty()) {
    const std::string into = domain::LeadName(found->row.merged_into);
    return rpc::Error(absl::StatusCode::kAlreadyExists, "LEAD_MERGED",
                      fmt::format("{} was merged into {}", leads_.NameOf(*found), into), {{"lead", into}});
  }
  if (found != nullptr && found->row.created) {
    return absl::AlreadyExistsError(fmt::format("{} exists", leads_.NameOf(*found)));
  }
  Entry& entry = found != nullptr ? *found : leads_.Add(id, Leads::Id::kFresh);
  entry.policy = policy_;
  // A fresh id has no history; the activities of a stub are counted now.
  entry.recompute = entry.locked;
  if (!entry.locked) entry.row.policy = policy_->number;
  entry.row.created = true;
  entry.row.stage = v1::STAGE_NEW;
  entry.told_stage = v1::STAGE_NEW;
  entry.row.create_time = context_.now;
  SetProfile(entry, profile);
  v1::LeadCreated& created = *leads_.Emit(entry).mutable_lead_created();
  created.set_company_domain(profile.company_domain);
  created.set_lead_source(profile.lead_source);
  created.set_campaign(profile.campaign);
  created.set_owner(profile.owner);
  TellPermissions(entry, {}, profile);
  return absl::OkStatus();
}

void LeadBatch::TellPermissions(Entry& entry, const domain::Lead& before, const domain::Lead& after) {
  for (const domain::Permission& permission : domain::ChangedPermissions(before, after)) {
    v1::ContactPermissionChanged& changed = *leads_.Emit(entry).mutable_contact_permission_changed();
    changed.set_channel(static_cast<v1::Channel>(permission.channel));
    changed.set_purpose(permission.purpose);
    changed.set_state(static_cast<v1::PermissionState>(permission.state));
  }
}

absl::Status LeadBatch::Change(const domain::LeadId& id, const domain::Lead& before,
                               const domain::Lead& profile, std::vector<std::string> changed) {
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(profile), "lead"));
  Entry& entry = *leads_.Find(id);
  SetProfile(entry, profile);
  v1::LeadUpdated& updated = *leads_.Emit(entry).mutable_lead_updated();
  for (std::string& path : changed) *updated.add_changed() = std::move(path);
  updated.set_owner(profile.owner);
  for (domain::Gate gate : profile.gates) updated.add_gates(static_cast<v1::Gate>(gate));
  TellPermissions(entry, before, profile);
  return absl::OkStatus();
}

}  // namespace finalmile::leads::scoring
