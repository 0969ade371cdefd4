#include "services/leads/scoring/undo_import.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "services/leads/domain/import_change.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/import_names.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/scoring/profiles.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/import_store.h"
#include "services/leads/store/profile_store.h"
#include "services/leads/store/source_row_store.h"

namespace finalmile::leads::scoring {
namespace {

using domain::ImportChange;
using storage::Transaction;

absl::StatusOr<store::ImportProgress> CheckImport(Transaction& transaction, int64_t number, absl::Time now) {
  ASSIGN_OR_RETURN(const std::optional<store::ImportProgress> import, store::ReadImport(transaction, number));
  if (!import) return rpc::NotFound(ImportName(number), "import");
  if (now > import->move_time + domain::kUndo) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "IMPORT_TOO_OLD",
                      "the import last took rows more than 90 days ago; what it changed is no longer kept");
  }
  return *import;
}

// Takes back the changes of one piece.
class Undoing {
 public:
  Undoing(Transaction& transaction, Policies& policies, const outbox::EventContext& context,
          const std::string& source)
      : transaction_(transaction), source_(source), batch_(transaction, policies, context) {}

  absl::Status Load(const std::vector<ImportChange>& changes) {
    std::vector<domain::LeadId> leads;
    for (const ImportChange& change : changes) leads.push_back(change.lead);
    RETURN_IF_ERROR(batch_.Lock(leads, LeadBatch::Absent::kLeaveOut));
    ASSIGN_OR_RETURN(profiles_, WholeProfiles(transaction_, batch_, leads));
    ASSIGN_OR_RETURN(said_, store::SourceRowsAbout(transaction_, leads));
    return absl::OkStatus();
  }

  absl::Status TakeBack(const ImportChange& change) {
    const auto profile = profiles_.find(change.lead);
    // Somebody deleted it since.
    if (profile == profiles_.end()) return absl::OkStatus();
    if (change.created) {
      ASSIGN_OR_RETURN(const bool alone, IsAlone(change, profile->second));
      if (alone) {
        ++response.deleted_leads;
        response.deleted_activities += std::ssize(change.activities);
        profiles_.erase(profile);
        return batch_.Delete(change.lead);
      }
      Keep(change.lead, {});
    }
    RETURN_IF_ERROR(DeleteActivities(change));
    return Restore(change, profile->second);
  }

  absl::Status Write() {
    for (const auto& [lead, next] : next_) {
      RETURN_IF_ERROR(
          batch_.Change(lead, profiles_.at(lead), next.first, {next.second.begin(), next.second.end()}));
      ++response.changed_leads;
    }
    return batch_.Write("attributes");
  }

  struct {
    int64_t deleted_leads = 0;
    int64_t changed_leads = 0;
    int64_t deleted_activities = 0;
    std::vector<v1::KeptChange> kept;
  } response;

 private:
  // Nothing but the import made, changed or used the lead.
  absl::StatusOr<bool> IsAlone(const ImportChange& change, const domain::Lead& profile) {
    domain::Facts said_in_all;
    for (const store::StoredRow& said : said_) {
      if (said.lead != change.lead) continue;
      if (said.source != source_ || said.row.import != change.import) return false;
      for (const auto& [path, value] : said.row.said) said_in_all[path] = value;
    }
    for (const auto& [path, value] : domain::FactsOf(profile)) {
      const domain::AttributeValue* said = domain::FactAt(said_in_all, path);
      // The service dates an outcome that has no time.
      if (said == nullptr && path == "outcome_time") continue;
      if (!domain::SameFact(said, &value)) return false;
    }
    if (profile.external_ids.size() > 1 ||
        std::any_of(profile.permissions.begin(), profile.permissions.end(),
                    [&](const domain::Permission& permission) { return permission.source != source_; })) {
      return false;
    }
    ASSIGN_OR_RETURN(auto activities,
                     store::ActivitiesInOrder(transaction_, change.lead, nullptr, {}, store::kWholeHistory));
    return activities.size() < store::kWholeHistory &&
           std::all_of(activities.begin(), activities.end(),
                       [&](const store::RecordedActivity& one) { return one.activity.source == source_; });
  }

  void Keep(const domain::LeadId& lead, const std::vector<std::string>& paths) {
    v1::KeptChange& kept = response.kept.emplace_back();
    kept.set_lead(domain::LeadName(lead));
    for (const std::string& path : paths) kept.add_paths(path);
  }

  absl::Status DeleteActivities(const ImportChange& change) {
    if (change.activities.empty()) return absl::OkStatus();
    std::vector<store::RecordedActivity> rows(change.activities.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      rows[i].activity.source = source_;
      rows[i].activity.activity_id = change.activities[i];
    }
    response.deleted_activities += std::ssize(rows);
    batch_.CountAnew(change.lead);
    return store::DeleteActivities(transaction_, rows);
  }

  absl::Status Restore(const ImportChange& change, domain::Lead& profile) {
    const domain::SourceRow* now = nullptr;
    std::vector<const domain::SourceRow*> others;
    for (const store::StoredRow& said : said_) {
      if (said.lead != change.lead) continue;
      if (said.source == source_ && said.identity == change.identity) {
        now = &said.row;
      } else {
        others.push_back(&said.row);
      }
    }
    const domain::TakenBack back = domain::TakeBack(change, profile, now, others);
    if (!back.kept.empty()) Keep(change.lead, back.kept);
    RETURN_IF_ERROR(WriteRow(change, back.row));
    std::set<std::string> paths;
    for (const domain::FactChange& one : change.changes)
      paths.insert(one.path.starts_with("gates.") ? "gates" : one.path);
    if (back.lead.permissions != profile.permissions) paths.insert("permissions");
    if (back.lead.external_ids != profile.external_ids) {
      paths.insert("external_ids");
      RETURN_IF_ERROR(DropExternalIds(change));
    }
    const bool same = domain::FactsOf(back.lead) == domain::FactsOf(profile) &&
                      back.lead.permissions == profile.permissions &&
                      back.lead.external_ids == profile.external_ids;
    profile = back.lead;
    if (same) return absl::OkStatus();
    auto& [next, changed] = next_[change.lead];
    next = back.lead;
    changed.insert(paths.begin(), paths.end());
    return absl::OkStatus();
  }

  absl::Status WriteRow(const ImportChange& change, const std::optional<domain::SourceRow>& row) {
    // A lead that stays keeps what the source said of it, so that the source may change it again.
    if (row) return store::WriteSourceRows(transaction_, {{source_, change.identity, change.lead, *row}});
    if (!change.created) return store::DeleteSourceRow(transaction_, source_, change.identity);
    domain::SourceRow blank;
    for (const store::StoredRow& said : said_) {
      if (said.source == source_ && said.identity == change.identity) blank.said = said.row.said;
    }
    return store::WriteSourceRows(transaction_, {{source_, change.identity, change.lead, blank}});
  }

  absl::Status DropExternalIds(const ImportChange& change) {
    std::vector<store::ExternalId> ids;
    for (const domain::ExternalId& id : change.external_ids) ids.emplace_back(id.source, id.id);
    return store::DeleteTheseIds(transaction_, ids);
  }

  Transaction& transaction_;
  const std::string source_;
  LeadBatch batch_;
  std::map<domain::LeadId, domain::Lead> profiles_;
  std::vector<store::StoredRow> said_;
  // As leads become, with the paths that change.
  std::map<domain::LeadId, std::pair<domain::Lead, std::set<std::string>>> next_;
};

}  // namespace

absl::StatusOr<v1::UndoImportResponse> UndoImport(Transaction& transaction, Policies& policies,
                                                  const outbox::EventContext& context, int64_t number,
                                                  int limit) {
  ASSIGN_OR_RETURN(const store::ImportProgress import, CheckImport(transaction, number, context.now));
  ASSIGN_OR_RETURN(const std::vector<ImportChange> changes, store::FirstChanges(transaction, number, limit));
  Undoing undoing(transaction, policies, context, import.source);
  RETURN_IF_ERROR(undoing.Load(changes));
  for (const ImportChange& change : changes) RETURN_IF_ERROR(undoing.TakeBack(change));
  RETURN_IF_ERROR(undoing.Write());
  RETURN_IF_ERROR(store::DeleteChanges(transaction, changes));
  if (import.undo_time == absl::InfinitePast())
    RETURN_IF_ERROR(store::MarkUndone(transaction, import, context.now));
  v1::UndoImportResponse response;
  response.set_done(std::ssize(changes) < limit);
  response.set_deleted_leads(undoing.response.deleted_leads);
  response.set_changed_leads(undoing.response.changed_leads);
  response.set_deleted_activities(undoing.response.deleted_activities);
  response.mutable_kept()->Assign(undoing.response.kept.begin(), undoing.response.kept.end());
  return response;
}

}  // namespace finalmile::leads::scoring
