#include "services/catalog/usage/consumers/credit_consumer.h"

#include <optional>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/usage/consumers/resource_name.h"
#include "services/catalog/usage/credit.h"

namespace finalmile::catalog::usage::consumers {
namespace {

using appointments::v1::AppointmentEvent;
using appointments::v1::OutcomeCorrected;

constexpr std::string_view kInitial = "initial";
constexpr std::string_view kAssets = "assets/";

// Every event that counts has a lead and touches.
template <class Event>
MeetingEvent MeetingOf(const AppointmentEvent& envelope, const Event& event, domain::Outcome outcome) {
  MeetingEvent meeting;
  meeting.chain = envelope.key();
  meeting.lead = event.lead();
  meeting.outcome = outcome;
  meeting.time = rpc::FromTimestamp(envelope.time());
  for (const appointments::v1::Touch& touch : event.touches()) {
    if (!catalog::domain::IsAssetName(touch.subject()) || touch.version() < 1) continue;
    meeting.touches.push_back({touch.subject().substr(kAssets.size()), touch.version(), "", ""});
  }
  return meeting;
}

std::optional<MeetingEvent> MeetingOf(const AppointmentEvent& event) {
  constexpr domain::Outcome kSet = {.set = true};
  constexpr domain::Outcome kHeld = {.set = true, .held = true, .matured = true};
  constexpr domain::Outcome kNotHeld = {.set = true, .matured = true};
  switch (event.event_case()) {
    case AppointmentEvent::kAppointmentSet: {
      MeetingEvent meeting = MeetingOf(event, event.appointment_set(), kSet);
      meeting.initial = event.appointment_set().meeting_kind() == kInitial;
      return meeting;
    }
    case AppointmentEvent::kAppointmentHeld: {
      MeetingEvent meeting = MeetingOf(event, event.appointment_held(), kHeld);
      meeting.initial = event.appointment_held().meeting_kind() == kInitial;
      return meeting;
    }
    case AppointmentEvent::kAppointmentNoShow:
      return MeetingOf(event, event.appointment_no_show(), kNotHeld);
    case AppointmentEvent::kAppointmentCancelled:
      return MeetingOf(event, event.appointment_cancelled(), kNotHeld);
    case AppointmentEvent::kOutcomeCorrected: {
      const bool held = event.outcome_corrected().after() == OutcomeCorrected::OUTCOME_HELD;
      return MeetingOf(event, event.outcome_corrected(), held ? kHeld : kNotHeld);
    }
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace

absl::Status CreditConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  const absl::Time now = clock_.Now();
  CreditBook book;
  RETURN_IF_ERROR(outbox::ReadBatch<AppointmentEvent>(
      batch, [&](size_t, const AppointmentEvent& event, const events::Record& record) -> absl::Status {
        const std::optional<MeetingEvent> meeting = MeetingOf(event);
        if (!meeting) return absl::OkStatus();
        if (event.key() != record.key || !IsNameIn("appointments/", event.key()) ||
            !(meeting->lead.empty() || IsNameIn("leads/", meeting->lead))) {
          return outbox::RecordFault(
              "the event's key is not the record's, or an appointment or lead is not named by its id");
        }
        return ApplyMeetingEvent(transaction, *meeting, now, book);
      }));
  return book.Write(transaction);
}

}  // namespace finalmile::catalog::usage::consumers
