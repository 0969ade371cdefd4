#include "services/appointments/changes/appointment_batch.h"

#include <algorithm>

#include "libs/base/status.h"
#include "services/appointments/changes/appointment_events.h"

namespace finalmile::appointments::changes {
namespace {

using domain::AppointmentEvents;

template <class Event>
bool Holds(const AppointmentEvents& events) {
  return std::any_of(events.begin(), events.end(), [](const domain::AppointmentEvent& event) {
    return std::holds_alternative<Event>(event);
  });
}

}  // namespace

absl::Status AppointmentBatch::LockWithRequests(const std::vector<domain::AppointmentId>& ids) {
  ASSIGN_OR_RETURN(const std::vector<store::AppointmentRow> rows, store::ReadAppointments(transaction_, ids));
  std::vector<domain::LeadName> leads;
  for (const store::AppointmentRow& row : rows) {
    if (!row.lead.empty()) leads.push_back(row.lead);
  }
  RETURN_IF_ERROR(requests_.LockLeads({}, leads));
  // Those that the meetings answer, and those that have come since: a lead has one active request at most.
  ASSIGN_OR_RETURN(std::vector<domain::RequestId> requests, store::ActiveRequestsOf(transaction_, leads));
  for (const store::AppointmentRow& row : rows) {
    if (!row.meeting_request.empty()) requests.push_back(row.meeting_request);
  }
  if (!requests.empty()) RETURN_IF_ERROR(requests_.Lock(std::move(requests)));
  RETURN_IF_ERROR(Lock(ids));
  for (const auto& [id, entry] : entries()) {
    if (!entry.row.lead.empty() && requests_.LeadOf(entry.row.lead) == nullptr)
      return storage::Conflict("the lead of a meeting was merged meanwhile");
  }
  return absl::OkStatus();
}

AppointmentBatch::Entry& AppointmentBatch::Open(store::AppointmentRow row) {
  Entry& entry = Add(domain::AppointmentId(NewUuid(at_.clock, at_.rng)), Id::kFresh);
  row.id = entry.row.id;
  entry.row = std::move(row);
  entry.row.set_time = at_.now;
  // Tell raises it.
  entry.row.version = 0;
  return entry;
}

void AppointmentBatch::Tell(Entry& entry, const AppointmentEvents& events, const std::string& detail) {
  store::AppointmentRow& row = entry.row;
  entry.changed = true;
  ++row.version;
  row.update_time = at_.now;
  row.due_time = domain::IsPlanned(row.appointment)                     ? domain::NextDue(row.appointment)
                 : row.appointment.outcome_time == absl::InfinitePast() ? absl::InfiniteFuture()
                                                                        : at_.now + kKeepEnded;
  for (const domain::AppointmentEvent& event : events) {
    FillEvent(row, event, Emit(entry));
    const ChangeText text = TextOf(row, event);
    Note(entry, text.kind, detail.empty() ? text.detail : detail);
  }
  ChangeRequest(entry, events);
}

void AppointmentBatch::Note(Entry& entry, std::string kind, std::string detail) {
  const store::AppointmentRow& row = entry.row;
  entry.changed = true;
  history_.push_back({row.id, row.seq, std::move(kind), at_.now, at_.cause.principal.name(),
                      row.appointment.sequence, static_cast<int64_t>(row.appointment.state),
                      row.appointment.host, row.appointment.start, std::move(detail)});
}

void AppointmentBatch::ChangeRequest(const Entry& entry, const AppointmentEvents& events) {
  RequestBatch::Entry* request = requests_.Find(entry.row.meeting_request);
  if (request == nullptr) return;
  const domain::Appointment& appointment = entry.row.appointment;
  if (Holds<domain::MeetingSet>(events)) {
    request->row.appointment = entry.row.id;
    requests_.Tell(*request, domain::Book(request->row.request, appointment.setter, at_.now));
    return;
  }
  // Another meeting answers it meanwhile.
  if (request->row.appointment != entry.row.id) return;
  if (Holds<domain::MeetingEnded>(events) || Holds<domain::OutcomeAmended>(events)) {
    Ended(*request, appointment);
  } else if (Holds<domain::MeetingRescheduled>(events) && request->row.request.rebook) {
    requests_.Tell(*request, domain::Book(request->row.request, request->row.request.setter, at_.now));
  }
}

void AppointmentBatch::Ended(RequestBatch::Entry& entry, const domain::Appointment& appointment) {
  domain::MeetingRequest& request = entry.row.request;
  const RequestBatch::Entry* active = requests_.ActiveOf(entry.row.lead);
  // The lead has become sales-ready again since the meeting was held.
  if (active != nullptr && active != &entry) return;
  const domain::MeetingRequest before = request;
  domain::RequestEvents events;
  if (appointment.state == domain::AppointmentState::kHeld) {
    // Until it was corrected it was to be booked again.
    if (request.rebook) events = domain::Book(request, request.setter, at_.now);
    domain::Hold(request);
  } else {
    events = domain::Rebook(request, appointment.state == domain::AppointmentState::kHostNoShow,
                            requests_.hours(), at_.now);
  }
  if (request != before) requests_.Tell(entry, events);
}

absl::Status AppointmentBatch::WriteAll() {
  if (!freed_.empty()) RETURN_IF_ERROR(store::DeleteClaims(transaction_, freed_));
  if (!claims_.empty())
    RETURN_IF_ERROR(store::kClaims.InsertOrUpdate(transaction_, storage::Pointers(claims_)));
  RETURN_IF_ERROR(Write());
  if (history_.empty()) return absl::OkStatus();
  return store::kChanges.Insert(transaction_, storage::Pointers(history_));
}

}  // namespace finalmile::appointments::changes
