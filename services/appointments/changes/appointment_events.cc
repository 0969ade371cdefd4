#include "services/appointments/changes/appointment_events.h"

#include <fmt/format.h>

#include "libs/rpc/timestamps.h"

namespace finalmile::appointments::changes {
namespace {

using domain::Outcome;

std::string PartStatWord(domain::PartStat partstat) {
  switch (partstat) {
    case domain::PartStat::kAccepted:
      return "accepted";
    case domain::PartStat::kDeclined:
      return "declined";
    case domain::PartStat::kTentative:
      return "tentative";
    default:
      return "needs-action";
  }
}

// "guest" or "host" did not come, "cancelled"; empty: none of these.
std::string RecoveredFrom(const std::optional<Outcome>& outcome) {
  if (!outcome) return "";
  if (*outcome == Outcome::kGuestNoShow) return "guest";
  if (*outcome == Outcome::kHostNoShow) return "host";
  return "cancelled";
}

std::string OutcomeWord(Outcome outcome) {
  switch (outcome) {
    case Outcome::kHeld:
      return "held";
    case Outcome::kGuestNoShow:
      return "guest-no-show";
    case Outcome::kHostNoShow:
      return "host-no-show";
    default:
      return "cancelled";
  }
}

v1::OutcomeCorrected::Outcome ToProto(Outcome outcome) {
  return static_cast<v1::OutcomeCorrected::Outcome>(outcome);
}

// Fills in what happened; `envelope` has everything else.
class Filler {
 public:
  Filler(const store::AppointmentRow& row, v1::AppointmentEvent& envelope) : row_(row), envelope_(envelope) {}

  void operator()(const domain::MeetingSet&) {
    v1::AppointmentSet& event = *envelope_.mutable_appointment_set();
    Describe(event);
    *event.mutable_start_time() = rpc::ToTimestamp(row_.appointment.start);
    *event.mutable_end_time() = rpc::ToTimestamp(row_.appointment.end);
    event.set_attempts(static_cast<int32_t>(row_.attempts));
    if (row_.first_attempt_time != absl::InfiniteFuture())
      *event.mutable_first_attempt_time() = rpc::ToTimestamp(row_.first_attempt_time);
    if (row_.ready_time != absl::InfinitePast())
      *event.mutable_ready_time() = rpc::ToTimestamp(row_.ready_time);
  }

  void operator()(const domain::MeetingConfirmed&) {
    v1::AppointmentConfirmed& event = Begin(*envelope_.mutable_appointment_confirmed());
    event.set_sequence(row_.appointment.sequence);
  }

  void operator()(const domain::ReplyRecorded& reply) {
    v1::AttendeeReplied& event = *envelope_.mutable_attendee_replied();
    event.set_lead(row_.lead.text());
    event.set_sequence(reply.sequence);
    event.set_partstat(PartStatWord(reply.partstat));
    event.set_current(reply.current);
  }

  void operator()(const domain::MeetingRescheduled& moved) {
    v1::AppointmentRescheduled& event = Begin(*envelope_.mutable_appointment_rescheduled());
    event.set_host_before(moved.host_before);
    *event.mutable_start_before() = rpc::ToTimestamp(moved.start_before);
    *event.mutable_start_time() = rpc::ToTimestamp(row_.appointment.start);
    *event.mutable_end_time() = rpc::ToTimestamp(row_.appointment.end);
    event.set_sequence(row_.appointment.sequence);
    event.set_situation(row_.situation);
    event.set_recovered_from(RecoveredFrom(moved.recovered_from));
  }

  void operator()(const domain::MeetingEnded&) {
    const Outcome outcome = *domain::OutcomeOf(row_.appointment);
    const google::protobuf::Timestamp start = rpc::ToTimestamp(row_.appointment.start);
    switch (outcome) {
      case Outcome::kHeld:
        Describe(*envelope_.mutable_appointment_held());
        *envelope_.mutable_appointment_held()->mutable_start_time() = start;
        break;
      case Outcome::kGuestNoShow:
      case Outcome::kHostNoShow:
        Describe(*envelope_.mutable_appointment_no_show());
        envelope_.mutable_appointment_no_show()->set_by(outcome == Outcome::kGuestNoShow ? "guest" : "host");
        *envelope_.mutable_appointment_no_show()->mutable_start_time() = start;
        break;
      default:
        Describe(*envelope_.mutable_appointment_cancelled());
        envelope_.mutable_appointment_cancelled()->set_by(outcome == Outcome::kCancelledByGuest ? "guest"
                                                                                                : "us");
        envelope_.mutable_appointment_cancelled()->set_reason(row_.appointment.cancel_reason);
        *envelope_.mutable_appointment_cancelled()->mutable_start_time() = start;
    }
  }

  void operator()(const domain::OutcomeAmended& amended) {
    v1::OutcomeCorrected& event = *envelope_.mutable_outcome_corrected();
    Describe(event);
    event.set_before(ToProto(amended.before));
    event.set_after(ToProto(amended.after));
  }

  void operator()(const domain::QualificationRecorded& recorded) {
    v1::MeetingQualified& event = Begin(*envelope_.mutable_meeting_qualified());
    event.set_meeting_kind(row_.meeting_kind);
    event.set_setter(row_.appointment.setter);
    event.set_qualified(row_.appointment.qualified.value_or(false));
    event.set_reason(row_.appointment.qualify_reason);
    if (recorded.before) event.set_before(*recorded.before);
    event.set_late(recorded.late);
    DescribeRequest(event);
  }

  void operator()(const domain::ReminderDue& due) {
    v1::AppointmentReminderDue& event = Begin(*envelope_.mutable_appointment_reminder_due());
    event.set_sequence(row_.appointment.sequence);
    event.set_offset_seconds(absl::ToInt64Seconds(due.before_start));
    *event.mutable_start_time() = rpc::ToTimestamp(row_.appointment.start);
  }

  void operator()(const domain::BriefDue&) {
    v1::MeetingBriefDue& event = Begin(*envelope_.mutable_meeting_brief_due());
    *event.mutable_start_time() = rpc::ToTimestamp(row_.appointment.start);
    event.set_situation(row_.situation);
  }

  void operator()(const domain::OutcomeIsMissing& missing) {
    v1::AppointmentOutcomeMissing& event = Begin(*envelope_.mutable_appointment_outcome_missing());
    event.set_level(missing.level);
    *event.mutable_end_time() = rpc::ToTimestamp(row_.appointment.end);
  }

 private:
  template <class Event>
  Event& Begin(Event& event) {
    event.set_lead(row_.lead.text());
    event.set_host(row_.appointment.host);
    return event;
  }
  template <class Event>
  void DescribeRequest(Event& event) {
    if (!row_.meeting_request.empty()) event.set_meeting_request(domain::NameOf(row_.meeting_request));
    event.set_ready_seq(row_.ready_seq);
    event.set_cycle(static_cast<int32_t>(row_.cycle));
  }
  // What setting and outcomes say alike, with the whole list of touches: credit follows the newest list.
  template <class Event>
  void Describe(Event& event) {
    Begin(event).set_setter(row_.appointment.setter);
    event.set_meeting_kind(row_.meeting_kind);
    event.set_situation(row_.situation);
    DescribeRequest(event);
    for (const domain::Touch& touch : row_.touches) {
      v1::Touch& one = *event.add_touches();
      one.set_subject(touch.subject);
      one.set_version(touch.version);
      *one.mutable_time() = rpc::ToTimestamp(touch.time);
      one.set_how(touch.how);
    }
  }

  const store::AppointmentRow& row_;
  v1::AppointmentEvent& envelope_;
};

struct Teller {
  const store::AppointmentRow& row;

  ChangeText operator()(const domain::MeetingSet&) const { return {"set", ""}; }
  ChangeText operator()(const domain::MeetingConfirmed&) const { return {"confirmed", ""}; }
  ChangeText operator()(const domain::ReplyRecorded& reply) const {
    return {"replied", fmt::format("{} to {}", PartStatWord(reply.partstat), reply.sequence)};
  }
  ChangeText operator()(const domain::MeetingRescheduled& moved) const {
    return {"rescheduled", RecoveredFrom(moved.recovered_from)};
  }
  ChangeText operator()(const domain::MeetingEnded&) const {
    return {OutcomeWord(*domain::OutcomeOf(row.appointment)), row.appointment.cancel_reason};
  }
  ChangeText operator()(const domain::OutcomeAmended& amended) const {
    return {"corrected", fmt::format("{} to {}", OutcomeWord(amended.before), OutcomeWord(amended.after))};
  }
  ChangeText operator()(const domain::QualificationRecorded&) const {
    const bool qualified = row.appointment.qualified.value_or(false);
    return {"qualified", qualified ? "yes" : "no: " + row.appointment.qualify_reason};
  }
  ChangeText operator()(const domain::ReminderDue& due) const {
    return {"reminded", absl::FormatDuration(due.before_start)};
  }
  ChangeText operator()(const domain::BriefDue&) const { return {"briefed", ""}; }
  ChangeText operator()(const domain::OutcomeIsMissing& missing) const {
    return {"outcome-missing", fmt::format("level {}", missing.level)};
  }
};

}  // namespace

void FillEvent(const store::AppointmentRow& row, const domain::AppointmentEvent& event,
               v1::AppointmentEvent& envelope) {
  std::visit(Filler(row, envelope), event);
}

ChangeText TextOf(const store::AppointmentRow& row, const domain::AppointmentEvent& event) {
  return std::visit(Teller{row}, event);
}

}  // namespace finalmile::appointments::changes
