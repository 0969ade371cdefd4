#include <algorithm>

#include "libs/base/status.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/profile_store.h"

// The part of LeadBatch that says who a lead is, and takes back what was recorded wrongly.
namespace finalmile::leads::scoring {

absl::Status LeadBatch::Absorb(const domain::LeadId& id, const domain::LeadId& stub) {
  RETURN_IF_ERROR(store::MoveActivities(transaction_, stub, id));
  RETURN_IF_ERROR(store::MoveExternalIds(transaction_, stub, id));
  RETURN_IF_ERROR(store::DeleteLead(transaction_, stub));
  leads_.Find(stub)->changed = false;
  CountAnew(id);
  return absl::OkStatus();
}

void LeadBatch::CountAnew(const domain::LeadId& id) {
  Entry& entry = *leads_.Find(id);
  entry.changed = true;
  if (!entry.row.created) return;
  entry.recompute = true;
  entry.history.reset();
  if (store::IsSetAside(entry.row)) entry.row.recount = store::LeadState::kFromTheStart;
}

void LeadBatch::SetSales(const domain::LeadId& id, const Sales& sales) {
  Entry& entry = *leads_.Find(id);
  store::LeadState& row = entry.row;
  if (row.stage != static_cast<int64_t>(sales.stage)) {
    row.stage = static_cast<int64_t>(sales.stage);
    entry.stage_cause = sales.cause;
  }
  entry.request_claimed = sales.request_claimed;
  entry.request_closed = sales.request_ended && !row.request_ended;
  row.request_ended = sales.request_ended;
  row.quiet_until = std::max(row.quiet_until, sales.quiet_until);
  entry.changed = row.created;
}

void LeadBatch::TellOpportunity(const domain::LeadId& id, const v1::Opportunity& opportunity) {
  v1::OpportunityChanged& changed = *leads_.Emit(*leads_.Find(id)).mutable_opportunity_changed();
  changed.set_opportunity(opportunity.id());
  changed.set_state(opportunity.state());
  if (opportunity.has_amount()) changed.set_amount(opportunity.amount());
  changed.set_currency(opportunity.currency());
}

void LeadBatch::SetHistory(const domain::LeadId& id) {
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

absl::Status LeadBatch::Erase(const domain::LeadId& id) {
  Entry& entry = *leads_.Find(id);
  leads_.Emit(entry).mutable_lead_erased();
  RETURN_IF_ERROR(store::DeleteActivitiesOf(transaction_, id));
  RETURN_IF_ERROR(store::DeleteAbout(transaction_, id));
  store::LeadState mark;
  mark.id = id;
  mark.seq = entry.row.seq;
  mark.version = entry.row.version + 1;
  mark.erased = true;
  entry.row = std::move(mark);
  entry.profile_changed = false;
  return absl::OkStatus();
}

std::map<domain::LeadId, domain::LeadId> LeadBatch::merged() const {
  std::map<domain::LeadId, domain::LeadId> merged;
  for (const auto& [id, entry] : leads_.entries()) {
    if (!entry.before.merged_into.empty()) merged[id] = entry.before.merged_into;
  }
  return merged;
}

absl::Status LeadBatch::Merge(const domain::LeadId& id, const domain::LeadId& duplicate) {
  Entry& entry = *leads_.Find(id);
  Entry& other = *leads_.Find(duplicate);
  leads_.Emit(other).mutable_lead_merged()->set_into(leads_.NameOf(entry));
  RETURN_IF_ERROR(store::MoveActivities(transaction_, duplicate, id));
  RETURN_IF_ERROR(store::MoveAbout(transaction_, duplicate, id, std::max<int64_t>(entry.row.cycle, 1)));
  RETURN_IF_ERROR(store::DeleteAbout(transaction_, duplicate));
  store::LeadState redirect;
  redirect.id = duplicate;
  redirect.seq = other.row.seq;
  redirect.version = other.row.version + 1;
  redirect.merged_into = id;
  entry.row.quiet_until = std::max(entry.row.quiet_until, other.row.quiet_until);
  other.row = std::move(redirect);
  other.profile_changed = false;
  CountAnew(id);
  return absl::OkStatus();
}

absl::Status LeadBatch::Delete(const domain::LeadId& id) {
  Entry& entry = *leads_.Find(id);
  leads_.Emit(entry).mutable_lead_erased();
  RETURN_IF_ERROR(store::DeleteActivitiesOf(transaction_, id));
  RETURN_IF_ERROR(store::DeleteLead(transaction_, id));
  // There is no row any more.
  entry.changed = entry.profile_changed = false;
  return absl::OkStatus();
}

}  // namespace finalmile::leads::scoring
