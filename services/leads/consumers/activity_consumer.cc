#include "services/leads/consumers/activity_consumer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "finalmile/leads/v1/activity.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/storage/columns.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/erasure_store.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::consumers {

absl::Status ActivityConsumer::FindLeads(storage::Transaction& transaction,
                                         std::vector<domain::Activity>& activities) {
  std::set<store::ExternalId> wanted;
  for (const domain::Activity& activity : activities) {
    if (activity.lead.empty()) wanted.emplace(activity.lead_external_id.source, activity.lead_external_id.id);
  }
  if (wanted.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto leads, store::LockExternalIds(transaction, {wanted.begin(), wanted.end()}));
  std::vector<std::pair<store::ExternalId, domain::LeadId>> stubs;
  std::vector<std::string> digests;
  for (const store::ExternalId& id : wanted) {
    if (!leads.contains(id)) digests.push_back(erasures_.DigestOf(id.first, id.second));
  }
  std::set<std::string> erased;
  if (!digests.empty()) {
    ASSIGN_OR_RETURN(erased, store::ErasedAmong(transaction, storage::SortedUnique(std::move(digests))));
  }
  for (const store::ExternalId& id : wanted) {
    if (leads.contains(id)) continue;
    if (erased.contains(erasures_.DigestOf(id.first, id.second))) {
      leads[id];
      continue;
    }
    stubs.emplace_back(id, domain::LeadId(NewUuid(clock_, rng_)));
    leads.insert(stubs.back());
  }
  absl::Status inserted = store::InsertExternalIds(transaction, stubs);
  if (absl::IsAlreadyExists(inserted)) return storage::Conflict("an external id was taken meanwhile");
  RETURN_IF_ERROR(inserted);
  for (domain::Activity& activity : activities) {
    if (activity.lead.empty())
      activity.lead = leads.at({activity.lead_external_id.source, activity.lead_external_id.id});
  }
  return absl::OkStatus();
}

absl::Status ActivityConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  const absl::Time now = clock_.Now();
  std::vector<domain::Activity> activities;
  std::vector<size_t> positions;
  activities.reserve(batch.deliveries().size());
  RETURN_IF_ERROR(outbox::ReadBatch<v1::Activity>(
      batch, [&](size_t i, const v1::Activity& message, const events::Record& record) -> absl::Status {
        domain::Activity activity = scoring::FromProto(message);
        // Against the log's clock too: it was acknowledged then, and ours may have been set back since.
        std::vector<domain::Violation> violations = domain::Validate(activity, std::max(now, record.time));
        const bool by_external_id = !activity.lead_external_id.source.empty();
        if (record.key != message.lead() && !by_external_id)
          violations.push_back({"lead", "differs from the record's key"});
        if (violations.empty() && domain::IsAgedOut(activity, std::min(now, record.time))) {
          late_.Add();
          violations.push_back(domain::AgedOut());
        }
        if (!violations.empty()) {
          return outbox::RecordFault(
              fmt::format("{}: {}", violations.front().field, violations.front().description));
        }
        domain::ClampClock(activity, std::max(now, record.time));
        activities.push_back(std::move(activity));
        positions.push_back(i);
        return absl::OkStatus();
      }));
  if (activities.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(FindLeads(transaction, activities));
  for (size_t i = activities.size(); i-- > 0;) {
    if (!activities[i].lead.empty()) continue;
    erased_.Add();
    activities.erase(activities.begin() + static_cast<ptrdiff_t>(i));
    positions.erase(positions.begin() + static_cast<ptrdiff_t>(i));
  }
  if (activities.empty()) return absl::OkStatus();

  const outbox::Cause cause = outbox::CauseOf("leads.activities");
  scoring::LeadBatch work(transaction, policies_, {clock_, rng_, now, cause});
  ASSIGN_OR_RETURN(std::vector<store::Recorded> recorded, work.LockAndRecord(activities));
  for (size_t i = 0; i < recorded.size(); ++i) {
    work.SetTrace(activities[i].lead, batch.deliveries()[positions[i]].trace);
    if (recorded[i] == store::Recorded::kErased) erased_.Add();
    if (recorded[i] == store::Recorded::kAgedOut) {
      late_.Add();
      batch.Park(positions[i], "event_time: is before the time from which the lead's activities are kept");
    }
    if (recorded[i] != store::Recorded::kConflict) continue;
    batch.Park(positions[i], fmt::format("activity_id {} of source {} was recorded with another body",
                                         activities[i].activity_id, activities[i].source));
  }
  RETURN_IF_ERROR(work.Write("activity"));
  return MoveToMerged(transaction, work.merged(), cause, now);
}

// Merges are rare: so the leads that others were merged into are locked apart, and a deadlock with whoever
// locks in another order is a conflict, after which the batch is run again.
absl::Status ActivityConsumer::MoveToMerged(storage::Transaction& transaction,
                                            const std::map<domain::LeadId, domain::LeadId>& merged,
                                            const outbox::Cause& cause, absl::Time now) {
  if (merged.empty()) return absl::OkStatus();
  std::vector<domain::LeadId> targets;
  for (const auto& [from, into] : merged) {
    ASSIGN_OR_RETURN(domain::LeadId target, store::FollowMerges(transaction, into));
    RETURN_IF_ERROR(store::MoveActivities(transaction, from, target));
    targets.push_back(std::move(target));
  }
  scoring::LeadBatch work(transaction, policies_, {clock_, rng_, now, cause});
  RETURN_IF_ERROR(work.Lock(targets, scoring::LeadBatch::Absent::kLeaveOut));
  for (const domain::LeadId& target : targets) {
    if (work.Find(target) != nullptr) work.CountAnew(target);
  }
  return work.Write("activity");
}

}  // namespace finalmile::leads::consumers
