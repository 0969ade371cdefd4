#include "services/appointments/timers/appointment_timer.h"

#include "finalmile/leads/v1/lead.pb.h"
#include "libs/base/status.h"
#include "services/appointments/changes/appointment_batch.h"

namespace finalmile::appointments::timers {
namespace {

// Reminders are written.
bool MayRemind(const store::LeadRow* lead) {
  return lead != nullptr && (lead->denied >> leads::v1::CHANNEL_EMAIL & 1) == 0;
}

}  // namespace

absl::Status AppointmentTimer::Visit(storage::Transaction& transaction,
                                     const std::vector<domain::AppointmentId>& ids, absl::Time now) {
  const outbox::Cause cause = outbox::CauseOf("appointments.meetings");
  const outbox::EventContext at{clock_, rng_, now, cause};
  changes::RequestBatch requests(transaction, at);
  changes::AppointmentBatch appointments(transaction, requests, at);
  RETURN_IF_ERROR(appointments.LockWithRequests(ids));
  std::vector<domain::AppointmentId> ended;
  for (auto& [id, entry] : appointments.entries()) {
    // It may have been changed before it was locked.
    if (entry.row.due_time > now) continue;
    if (domain::IsPlanned(entry.row.appointment)) {
      const bool remind = MayRemind(requests.LeadOf(entry.row.lead));
      appointments.Tell(entry, domain::Visit(entry.row.appointment, remind, now));
    } else {
      ended.push_back(id);
    }
  }
  RETURN_IF_ERROR(requests.WriteAll());
  RETURN_IF_ERROR(appointments.WriteAll());
  return ended.empty() ? absl::OkStatus() : store::DeleteAppointments(transaction, ended);
}

}  // namespace finalmile::appointments::timers
