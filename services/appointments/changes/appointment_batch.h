#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/outbox/aggregates.h"
#include "services/appointments/changes/request_batch.h"
#include "services/appointments/domain/appointment.h"
#include "services/appointments/store/appointment_store.h"
#include "services/appointments/store/claim_store.h"

namespace finalmile::appointments::changes {

// The one way in which appointments change, with what their changes do to the requests that they answer.
// Appointments are locked after their lead and their request.
class AppointmentBatch : public outbox::Aggregates<store::AppointmentRow, v1::AppointmentEvent> {
 public:
  // The requests of the same transaction; everything outlives the batch.
  AppointmentBatch(storage::Transaction& transaction, RequestBatch& requests,
                   const outbox::EventContext& context)
      : Aggregates(transaction, store::kAppointments, domain::kAppointmentCollection, context),
        transaction_(transaction),
        requests_(requests),
        at_(context) {}

  // Locks appointments, and before them their leads and requests, which `requests` has not locked yet. Absent
  // ones are left out.
  absl::Status LockWithRequests(const std::vector<domain::AppointmentId>& ids);

  // A new chain with `row` but for id and times.
  Entry& Open(store::AppointmentRow row);

  // A transition has changed the row of `entry`: tells what it returned, writes the history, and changes the
  // request that the meeting answers. `detail`: what the caller said, in place of what the history would say.
  void Tell(Entry& entry, const domain::AppointmentEvents& events, const std::string& detail = {});
  // The history's entry for the event that was emitted last.
  void Note(Entry& entry, std::string kind, std::string detail);

  // The time that an appointment takes of its host, and that it takes none any more.
  void TakeTime(store::ClaimRow claim) { claims_.push_back(std::move(claim)); }
  void FreeTime(const Entry& entry) { freed_.push_back(entry.row.id.text()); }

  // Writes the appointments with their events, history and claims; not the requests.
  absl::Status WriteAll();

  absl::Time now() const { return at_.now; }

 private:
  void ChangeRequest(const Entry& entry, const domain::AppointmentEvents& events);
  void Ended(RequestBatch::Entry& request, const domain::Appointment& appointment);

  storage::Transaction& transaction_;
  RequestBatch& requests_;
  const outbox::EventContext at_;
  std::vector<store::ChangeRow> history_;
  std::vector<store::ClaimRow> claims_;
  std::vector<std::string> freed_;
};

}  // namespace finalmile::appointments::changes
