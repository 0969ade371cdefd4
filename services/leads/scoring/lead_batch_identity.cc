#include "libs/base/status.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/profile_store.h"

// The part of LeadBatch that says who a lead is, and takes back what was recorded wrongly.
namespace finalmile::leads::scoring {

absl::Status LeadBatch::Absorb(const std::string& id, const std::string& stub) {
  RETURN_IF_ERROR(store::MoveActivities(transaction_, stub, id));
  RETURN_IF_ERROR(store::MoveExternalIds(transaction_, stub, id));
  RETURN_IF_ERROR(store::DeleteLead(transaction_, stub));
  leads_.Find(stub)->changed = false;
  CountAnew(id);
  return absl::OkStatus();
}

void LeadBatch::CountAnew(const std::string& id) {
  Entry& entry = *leads_.Find(id);
  entry.changed = true;
  if (!entry.row.created) return;
  entry.recompute = true;
  entry.history.reset();
  if (store::IsSetAside(entry.row)) entry.row.recount = store::LeadState::kFromTheStart;
}

void LeadBatch::SetHistory(const std::string& id) {
  Entry& entry = *leads_.Find(id);
  entry.row.history_time = context_.now;
  entry.changed = true;
}

void LeadBatch::TellDeleted(const domain::Activity& activity) {
  v1::ActivityDeleted& deleted = *leads_.Emit(*leads_.Find(activity.lead)).mutable_activity_deleted();
  deleted.set_source(activity.source);
  deleted.set_activity_id(activity.activity_id);
  deleted.set_type(activity.type);
}

absl::Status LeadBatch::Erase(const std::string& id) {
  Entry& entry = *leads_.Find(id);
  leads_.Emit(entry).mutable_lead_erased();
  RETURN_IF_ERROR(store::DeleteActivitiesOf(transaction_, id));
  RETURN_IF_ERROR(store::DeleteLead(transaction_, id));
  // There is no row any more.
  entry.changed = entry.profile_changed = false;
  return absl::OkStatus();
}

}  // namespace finalmile::leads::scoring
