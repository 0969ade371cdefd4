#include "services/appointments/changes/lead_changes.h"

#include <algorithm>
#include <set>

#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "libs/storage/columns.h"
#include "services/appointments/store/touch_store.h"

namespace finalmile::appointments::changes {
namespace {

using domain::CloseReason;
using leads::v1::LeadEvent;

// Requests are contacts for this purpose.
constexpr std::string_view kSales = "sales";

bool ChangesOwner(const LeadEvent& event) {
  const auto& changed = event.lead_updated().changed();
  return event.has_lead_updated() && std::find(changed.begin(), changed.end(), "owner") != changed.end();
}

domain::Crossing CrossingOf(const LeadEvent& event) {
  const leads::v1::LeadBecameSalesReady& ready = event.lead_became_sales_ready();
  domain::Crossing crossing;
  crossing.ready_seq = event.seq();
  crossing.cycle = ready.cycle();
  crossing.lane = ready.lane();
  crossing.hand_raise = ready.hand_raise();
  crossing.grade = ready.grade();
  crossing.score = ready.score().score();
  if (ready.has_probability()) crossing.probability = ready.probability();
  for (const leads::v1::Reason& reason : ready.reasons()) {
    crossing.reasons.push_back(
        {reason.part(), reason.name(), reason.text(), reason.points(), reason.count(),
         reason.has_last_time() ? rpc::FromTimestamp(reason.last_time()) : absl::InfinitePast()});
  }
  crossing.missing.assign(ready.missing().begin(), ready.missing().end());
  crossing.situation = ready.situation();
  crossing.lead_source = ready.lead_source();
  crossing.campaign = ready.campaign();
  crossing.ready_time = rpc::FromTimestamp(ready.has_cause_time() ? ready.cause_time() : event.time());
  return crossing;
}

// A meeting ahead that answers no request.
bool MayBeLinked(const store::AppointmentRow& row) {
  return row.meeting_request.empty() && row.meeting_kind == "initial" && domain::IsPlanned(row.appointment);
}

// The request of two that stays when their leads turn out to be one.
bool StaysBefore(const domain::MeetingRequest& one, const domain::MeetingRequest& other) {
  const bool one_set = one.state == domain::RequestState::kSet;
  const bool other_set = other.state == domain::RequestState::kSet;
  if (one_set != other_set) return one_set;
  if (one.crossing.hand_raise != other.crossing.hand_raise) return one.crossing.hand_raise;
  return one.deadline < other.deadline;
}

// A denial of a lead that was merged at `time` wins over what the one that stays had said before, and not
// over what it says later, whichever event comes first.
void InheritDenials(const store::LeadRow& lead, absl::Time time, store::LeadRow& target) {
  for (int channel = leads::v1::Channel_MIN; channel <= leads::v1::Channel_MAX; ++channel) {
    const int64_t bit = int64_t{1} << channel;
    if ((lead.denied & bit) == 0) continue;
    const auto said = target.permission_times.find(channel);
    if (said != target.permission_times.end() && said->second.since >= time) continue;
    target.denied |= bit;
    target.allowed &= ~bit;
    target.permission_times[channel] = {time, true};
  }
}

}  // namespace

bool Concerns(const LeadEvent& event) {
  switch (event.event_case()) {
    case LeadEvent::kLeadBecameSalesReady:
    case LeadEvent::kLeadCooled:
    case LeadEvent::kLeadErased:
    case LeadEvent::kLeadMerged:
      return true;
    case LeadEvent::kLeadUpdated:
      return ChangesOwner(event);
    case LeadEvent::kContactPermissionChanged:
      return event.contact_permission_changed().purpose() == kSales;
    default:
      return false;
  }
}

absl::Status LeadChanges::Lock(const std::vector<outbox::TracedEvent<LeadEvent>>& events) {
  std::vector<domain::LeadName> inserted;
  std::vector<domain::LeadName> others;
  // Their ended requests change too.
  std::vector<domain::LeadName> whole;
  std::vector<domain::LeadName> active;
  for (const auto& [event, trace] : events) {
    const bool keeps = !event.has_lead_updated() && !event.has_lead_cooled();
    (keeps ? inserted : others).emplace_back(event.key());
    if (event.has_lead_merged()) inserted.emplace_back(event.lead_merged().into());
    if (event.has_lead_merged() || event.has_lead_erased()) {
      whole.emplace_back(event.key());
    } else {
      active.emplace_back(event.key());
    }
  }
  RETURN_IF_ERROR(batch_.LockLeads(std::move(inserted), std::move(others)));
  for (const auto& [event, trace] : events) {
    if (!event.has_lead_merged()) continue;
    if (const store::LeadRow* into = batch_.LeadOf(domain::LeadName(event.lead_merged().into()));
        into != nullptr)
      active.push_back(into->id);
  }
  ASSIGN_OR_RETURN(std::vector<domain::RequestId> ids, store::RequestsOf(transaction_, whole));
  ASSIGN_OR_RETURN(const std::vector<domain::RequestId> more, store::ActiveRequestsOf(transaction_, active));
  ids.insert(ids.end(), more.begin(), more.end());
  RETURN_IF_ERROR(batch_.Lock(std::move(ids)));
  return LockMeetings(events, whole);
}

absl::Status LeadChanges::LockMeetings(const std::vector<outbox::TracedEvent<LeadEvent>>& events,
                                       std::vector<domain::LeadName> leads) {
  const std::set<domain::LeadName> whole(leads.begin(), leads.end());
  for (const auto& [event, trace] : events) {
    if (event.has_lead_became_sales_ready()) leads.emplace_back(event.key());
  }
  if (leads.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<store::AppointmentRow> rows,
                   store::AppointmentsOf(transaction_, storage::SortedUnique(std::move(leads))));
  std::vector<domain::AppointmentId> ids;
  for (const store::AppointmentRow& row : rows) {
    if (whole.contains(row.lead) || MayBeLinked(row)) ids.push_back(row.id);
  }
  return ids.empty() ? absl::OkStatus() : appointments_.Lock(std::move(ids));
}

absl::Status LeadChanges::Apply(const LeadEvent& event) {
  store::LeadRow* lead = batch_.LeadOf(domain::LeadName(event.key()));
  if (lead == nullptr || lead->erased) return absl::OkStatus();
  switch (event.event_case()) {
    case LeadEvent::kLeadBecameSalesReady:
      BecameReady(*lead, event);
      return absl::OkStatus();
    case LeadEvent::kLeadCooled:
      Cooled(*lead, event.lead_cooled());
      return absl::OkStatus();
    case LeadEvent::kLeadErased:
      return Erased(*lead);
    case LeadEvent::kLeadMerged:
      return Merged(*lead, domain::LeadName(event.lead_merged().into()), rpc::FromTimestamp(event.time()));
    case LeadEvent::kLeadUpdated:
      OwnerChanged(*lead, event.lead_updated().owner());
      return absl::OkStatus();
    case LeadEvent::kContactPermissionChanged:
      Permission(*lead, event.contact_permission_changed(), rpc::FromTimestamp(event.time()));
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

void LeadChanges::BecameReady(store::LeadRow& lead, const LeadEvent& event) {
  const domain::Crossing crossing = CrossingOf(event);
  lead.last_ready_seq = event.seq();
  batch_.ChangeLead(lead);
  if (RequestBatch::Entry* active = batch_.ActiveOf(lead.id); active != nullptr) {
    batch_.Tell(*active, domain::CrossAgain(active->row.request, crossing, batch_.hours()));
    return;
  }
  RequestBatch::Entry& entry = batch_.Open(lead.id, event.lead_became_sales_ready().owner(), crossing);
  if (!crossing.hand_raise && lead.quiet_until > rpc::FromTimestamp(event.time())) {
    batch_.Tell(entry, domain::Close(entry.row.request, CloseReason::kQuiet));
  } else {
    batch_.Tell(entry, {domain::Requested{"ready"}});
    LinkMeeting(entry);
  }
}

void LeadChanges::LinkMeeting(RequestBatch::Entry& request) {
  for (auto& [id, meeting] : appointments_.entries()) {
    store::AppointmentRow& row = meeting.row;
    if (row.lead != request.row.lead || !MayBeLinked(row)) continue;
    row.meeting_request = request.row.id;
    row.ready_seq = request.row.request.crossing.ready_seq;
    row.cycle = request.row.request.crossing.cycle;
    appointments_.Tell(meeting, {});
    request.row.appointment = row.id;
    batch_.Tell(request, domain::Book(request.row.request, row.appointment.setter, batch_.now()));
    return;
  }
}

void LeadChanges::Cooled(const store::LeadRow& lead, const leads::v1::LeadCooled& cooled) {
  RequestBatch::Entry* active = batch_.ActiveOf(lead.id);
  if (active == nullptr) return;
  domain::MeetingRequest& request = active->row.request;
  const domain::MeetingRequest before = request;
  domain::RequestEvents events = domain::Cool(request, lead.last_ready_seq, cooled.cause() == "gated");
  if (request != before) batch_.Tell(*active, events);
}

absl::Status LeadChanges::Erased(store::LeadRow& lead) {
  for (auto& [id, entry] : batch_.entries()) {
    if (entry.row.lead != lead.id) continue;
    batch_.Tell(entry, domain::Close(entry.row.request, CloseReason::kErased));
    entry.row.lead = {};
    entry.row.owner.clear();
    // They say what was known about a person.
    entry.row.request.crossing.reasons.clear();
    entry.row.request.crossing.missing.clear();
  }
  const domain::LeadName name = lead.id;
  for (auto& [id, meeting] : appointments_.entries()) {
    store::AppointmentRow& row = meeting.row;
    if (row.lead != name) continue;
    row.title.clear();
    row.guest_zone.clear();
    const domain::AppointmentEvents events = domain::Erase(row.appointment, batch_.now());
    if (!events.empty()) appointments_.FreeTime(meeting);
    appointments_.Tell(meeting, events);
    row.lead = {};
  }
  lead = {};
  lead.id = name;
  lead.erased = true;
  batch_.ChangeLead(lead);
  return store::DeleteTouches(transaction_, name);
}

absl::Status LeadChanges::Merged(store::LeadRow& lead, const domain::LeadName& into, absl::Time time) {
  store::LeadRow* target = batch_.LeadOf(into);
  if (target == nullptr || target == &lead) return absl::OkStatus();
  if (target->erased) return Erased(lead);
  RequestBatch::Entry* own = batch_.ActiveOf(lead.id);
  RequestBatch::Entry* theirs = batch_.ActiveOf(target->id);
  if (own != nullptr && theirs != nullptr) {
    const bool stays = StaysBefore(own->row.request, theirs->row.request);
    RequestBatch::Entry& ends = stays ? *theirs : *own;
    batch_.Tell(ends, domain::Close(ends.row.request, CloseReason::kMerged));
  }
  for (auto& [id, entry] : batch_.entries()) {
    if (entry.row.lead != lead.id) continue;
    entry.row.lead = target->id;
    batch_.Tell(entry, {});
  }
  for (auto& [id, meeting] : appointments_.entries()) {
    if (meeting.row.lead != lead.id) continue;
    meeting.row.lead = target->id;
    appointments_.Tell(meeting, {});
  }
  target->quiet_until = std::max(target->quiet_until, lead.quiet_until);
  InheritDenials(lead, time, *target);
  lead.merged_into = target->id;
  batch_.ChangeLead(lead);
  batch_.ChangeLead(*target);
  return store::MoveTouches(transaction_, lead.id, target->id);
}

void LeadChanges::Permission(store::LeadRow& lead, const leads::v1::ContactPermissionChanged& changed,
                             absl::Time time) {
  if (!leads::v1::Channel_IsValid(changed.channel())) return;
  const auto said = lead.permission_times.find(changed.channel());
  if (said != lead.permission_times.end() && said->second.inherited && said->second.since > time) return;
  const int64_t bit = int64_t{1} << changed.channel();
  lead.allowed &= ~bit;
  lead.denied &= ~bit;
  if (changed.state() == leads::v1::PERMISSION_STATE_ALLOWED) lead.allowed |= bit;
  if (changed.state() == leads::v1::PERMISSION_STATE_DENIED) lead.denied |= bit;
  lead.permission_times[changed.channel()] = {time, false};
  batch_.ChangeLead(lead);
}

void LeadChanges::OwnerChanged(const store::LeadRow& lead, const std::string& owner) {
  RequestBatch::Entry* active = batch_.ActiveOf(lead.id);
  if (active == nullptr || active->row.owner == owner) return;
  active->row.owner = owner;
  batch_.Tell(*active, {});
}

}  // namespace finalmile::appointments::changes
