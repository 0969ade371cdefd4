#include "services/appointments/changes/request_batch.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/storage/columns.h"
#include "services/appointments/store/team_store.h"

namespace finalmile::appointments::changes {
namespace {

absl::StatusOr<domain::WorkingHours> HoursOf(const store::TeamRow& team) {
  absl::StatusOr<domain::WorkingHours> hours = domain::HoursOf(team.team);
  if (hours.ok()) return hours;
  return rpc::Error(absl::StatusCode::kFailedPrecondition, "ZONE_UNKNOWN",
                    "the zone of teams/default is not in the zone database of this machine any more",
                    {{"zone", team.team.zone}});
}

}  // namespace

absl::StatusOr<domain::WorkingHours> ReadHours(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(const store::TeamRow team, store::ReadTeam(transaction));
  return HoursOf(team);
}

absl::Status RequestBatch::LockLeads(std::vector<domain::LeadName> inserted,
                                     std::vector<domain::LeadName> others) {
  ASSIGN_OR_RETURN(const storage::Deferred read, store::DeferTeam(transaction_));
  ASSIGN_OR_RETURN(auto rows, store::LockLeads(transaction_, storage::SortedUnique(std::move(inserted)),
                                               storage::SortedUnique(std::move(others))));
  leads_.insert(std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  ASSIGN_OR_RETURN(const store::TeamRow team, store::TeamIn(*read));
  ASSIGN_OR_RETURN(hours_, HoursOf(team));
  return absl::OkStatus();
}

absl::Status RequestBatch::LockWithLeads(const std::vector<domain::RequestId>& ids) {
  ASSIGN_OR_RETURN(const std::vector<store::RequestRow> rows, store::ReadRequests(transaction_, ids));
  std::vector<domain::LeadName> leads;
  for (const store::RequestRow& row : rows) {
    if (!row.lead.empty()) leads.push_back(row.lead);
  }
  RETURN_IF_ERROR(LockLeads({}, std::move(leads)));
  RETURN_IF_ERROR(Lock(ids));
  for (const auto& [id, entry] : entries()) {
    if (!entry.row.lead.empty() && !leads_.contains(entry.row.lead))
      return storage::Conflict("the lead of a request was merged meanwhile");
  }
  return absl::OkStatus();
}

store::LeadRow* RequestBatch::LeadOf(const domain::LeadName& name) {
  auto found = leads_.find(name);
  while (found != leads_.end() && !found->second.merged_into.empty())
    found = leads_.find(found->second.merged_into);
  return found == leads_.end() ? nullptr : &found->second;
}

RequestBatch::Entry* RequestBatch::ActiveOf(const domain::LeadName& lead) {
  for (auto& [id, entry] : entries()) {
    if (entry.row.lead == lead && domain::IsActive(entry.row.request)) return &entry;
  }
  return nullptr;
}

RequestBatch::Entry& RequestBatch::Open(const domain::LeadName& lead, const std::string& owner,
                                        const domain::Crossing& crossing) {
  Entry& entry = Add(domain::RequestId(NewUuid(at_.clock, at_.rng)), Id::kFresh);
  entry.row.lead = lead;
  entry.row.owner = owner;
  entry.row.request = domain::Open(crossing, hours_);
  entry.row.create_time = at_.now;
  // Tell raises it.
  entry.row.version = 0;
  return entry;
}

void RequestBatch::Tell(Entry& entry, const domain::RequestEvents& events, const EventDetails& details) {
  store::RequestRow& row = entry.row;
  entry.changed = true;
  ++row.version;
  row.update_time = at_.now;
  row.due_time = domain::IsActive(row.request) ? domain::NextDue(row.request, hours_) : at_.now + kKeepEnded;
  for (const domain::RequestEvent& event : events) {
    FillEvent(row, /*again=*/entry.locked, event, details, Emit(entry));
  }
  if (row.request.quiet_until == entry.before.request.quiet_until) return;
  if (store::LeadRow* lead = LeadOf(row.lead); lead != nullptr) {
    lead->quiet_until = std::max(lead->quiet_until, row.request.quiet_until);
    ChangeLead(*lead);
  }
}

absl::Status RequestBatch::WriteAll() {
  std::vector<const store::LeadRow*> changed;
  for (const domain::LeadName& name : changed_leads_) changed.push_back(&leads_.at(name));
  if (!changed.empty()) RETURN_IF_ERROR(store::kLeads.Update(transaction_, changed));
  return Write();
}

}  // namespace finalmile::appointments::changes
