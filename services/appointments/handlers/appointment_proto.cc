#include "services/appointments/handlers/appointment_proto.h"

#include "libs/rpc/etag.h"
#include "libs/rpc/timestamps.h"

namespace finalmile::appointments::handlers {

v1::Appointment ToProto(const store::AppointmentRow& row) {
  const domain::Appointment& meeting = row.appointment;
  v1::Appointment appointment;
  appointment.set_name(domain::NameOf(row.id));
  appointment.set_etag(rpc::Etag(row.version));
  appointment.set_sequence(meeting.sequence);
  appointment.set_state(static_cast<v1::Appointment::State>(meeting.state));
  appointment.set_cancelled_by(static_cast<v1::CancelledBy>(meeting.cancelled_by));
  appointment.set_cancel_reason(meeting.cancel_reason);
  appointment.set_lead(row.lead.text());
  if (!row.meeting_request.empty()) appointment.set_meeting_request(domain::NameOf(row.meeting_request));
  appointment.set_ready_seq(row.ready_seq);
  appointment.set_cycle(static_cast<int32_t>(row.cycle));
  appointment.set_meeting_kind(row.meeting_kind);
  appointment.set_host("hosts/" + meeting.host);
  appointment.set_setter(meeting.setter);
  appointment.set_situation(row.situation);
  appointment.set_title(row.title);
  *appointment.mutable_start_time() = rpc::ToTimestamp(meeting.start);
  *appointment.mutable_end_time() = rpc::ToTimestamp(meeting.end);
  appointment.set_zone(row.zone);
  appointment.set_wall_start(row.wall_start);
  appointment.set_guest_zone(row.guest_zone);
  appointment.set_zone_shifted(row.zone_shifted);
  appointment.set_partstat(static_cast<v1::PartStat>(meeting.partstat));
  for (const domain::Touch& touch : row.touches) {
    v1::Touch& one = *appointment.add_touches();
    one.set_subject(touch.subject);
    one.set_version(touch.version);
    *one.mutable_time() = rpc::ToTimestamp(touch.time);
    one.set_how(touch.how);
  }
  appointment.set_outcome_missing(meeting.outcome_missing);
  appointment.set_conflict(meeting.conflict);
  if (meeting.qualified) appointment.set_qualified(*meeting.qualified);
  appointment.set_qualify_reason(meeting.qualify_reason);
  *appointment.mutable_set_time() = rpc::ToTimestamp(row.set_time);
  if (meeting.outcome_time != absl::InfinitePast())
    *appointment.mutable_outcome_time() = rpc::ToTimestamp(meeting.outcome_time);
  *appointment.mutable_update_time() = rpc::ToTimestamp(row.update_time);
  return appointment;
}

v1::AppointmentChange ToProto(const store::ChangeRow& row) {
  v1::AppointmentChange change;
  change.set_number(row.number);
  change.set_kind(row.kind);
  *change.mutable_time() = rpc::ToTimestamp(row.time);
  change.set_principal(row.principal);
  change.set_sequence(row.sequence);
  change.set_state(static_cast<v1::Appointment::State>(row.state));
  change.set_host("hosts/" + row.host);
  *change.mutable_start_time() = rpc::ToTimestamp(row.start_time);
  change.set_detail(row.detail);
  return change;
}

v1::Hold ToProto(const store::ClaimRow& claim) {
  v1::Hold hold;
  hold.set_name("holds/" + claim.id);
  hold.set_host("hosts/" + claim.host);
  *hold.mutable_start_time() = rpc::ToTimestamp(claim.meeting.start);
  *hold.mutable_end_time() = rpc::ToTimestamp(claim.meeting.end);
  *hold.mutable_expire_time() = rpc::ToTimestamp(claim.expire_time);
  hold.set_holder(claim.holder);
  return hold;
}

}  // namespace finalmile::appointments::handlers
