#include "services/coaching/consumers/appointment_consumer.h"

#include <string>
#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/rpc/credentials.h"
#include "services/coaching/changes/meeting_changes.h"
#include "services/coaching/changes/names.h"

namespace finalmile::coaching::consumers {
namespace {

using appointments::v1::AppointmentEvent;

std::string_view HostOf(const AppointmentEvent& event) {
  switch (event.event_case()) {
    case AppointmentEvent::kAppointmentSet:
      return event.appointment_set().host();
    case AppointmentEvent::kAppointmentRescheduled:
      return event.appointment_rescheduled().host();
    case AppointmentEvent::kAppointmentHeld:
      return event.appointment_held().host();
    case AppointmentEvent::kAppointmentNoShow:
      return event.appointment_no_show().host();
    case AppointmentEvent::kAppointmentCancelled:
      return event.appointment_cancelled().host();
    case AppointmentEvent::kOutcomeCorrected:
      return event.outcome_corrected().host();
    default:
      return event.conversation_scored().host();
  }
}

}  // namespace

absl::Status AppointmentConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  std::vector<outbox::TracedEvent<AppointmentEvent>> events;
  RETURN_IF_ERROR(outbox::ReadBatch<AppointmentEvent>(
      batch, [&](size_t, const AppointmentEvent& event, const events::Record& record) -> absl::Status {
        if (!changes::Concerns(event)) return absl::OkStatus();
        if (event.key() != record.key || !changes::NamesAppointment(event.key()) ||
            !rpc::IsPrincipalName(HostOf(event)))
          return outbox::RecordFault("the event's key is not the record's, or it names no meeting or host");
        events.push_back({event});
        return absl::OkStatus();
      }));
  if (events.empty()) return absl::OkStatus();
  const outbox::Cause cause = outbox::CauseOf(kAppointmentConsumer);
  changes::RepBatch reps(transaction, {clock_, rng_, clock_.Now(), cause});
  changes::MeetingChanges changes(transaction, reps);
  RETURN_IF_ERROR(changes.Apply(events));
  return reps.WriteAll();
}

}  // namespace finalmile::coaching::consumers
