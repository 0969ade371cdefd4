#include "services/appointments/handlers/register.h"

#include <utility>

#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/methods.h"
#include "services/appointments/handlers/appointment_reads.h"
#include "services/appointments/handlers/booking_handlers.h"
#include "services/appointments/handlers/brief_handlers.h"
#include "services/appointments/handlers/calendar_handlers.h"
#include "services/appointments/handlers/host_handlers.h"
#include "services/appointments/handlers/meeting_handlers.h"
#include "services/appointments/handlers/pulse_handlers.h"
#include "services/appointments/handlers/queue_handlers.h"
#include "services/appointments/handlers/request_handlers.h"
#include "services/appointments/handlers/slot_handlers.h"
#include "services/appointments/handlers/team_handlers.h"

namespace finalmile::appointments::handlers {

using rpc::Unary;

std::unique_ptr<rpc::Service> NewMeetingRequestService(Dependencies dependencies) {
  auto service = std::make_unique<rpc::Service>(
      v1::GetMeetingRequestRequest::descriptor()->file()->FindServiceByName("MeetingRequestService"));
  auto queue = std::make_shared<QueueHandlers>(dependencies);
  Unary(*service, "ListMeetingRequests", queue, &QueueHandlers::ListMeetingRequests);
  Unary(*service, "GetMeetingRequest", queue, &QueueHandlers::GetMeetingRequest);
  Unary(*service, "BatchGetMeetingRequests", queue, &QueueHandlers::BatchGetMeetingRequests);
  Unary(*service, "ListAttempts", queue, &QueueHandlers::ListAttempts);
  auto requests = std::make_shared<RequestHandlers>(dependencies);
  Unary(*service, "ClaimMeetingRequest", requests, &RequestHandlers::ClaimMeetingRequest);
  Unary(*service, "LogAttempt", requests, &RequestHandlers::LogAttempt);
  Unary(*service, "SnoozeMeetingRequest", requests, &RequestHandlers::SnoozeMeetingRequest);
  Unary(*service, "ReturnMeetingRequest", requests, &RequestHandlers::ReturnMeetingRequest);
  Unary(*service, "ReassignMeetingRequests", requests, &RequestHandlers::ReassignMeetingRequests);
  return service;
}

std::unique_ptr<rpc::Service> NewAppointmentService(Dependencies dependencies, std::string pulse_key,
                                                    std::string pulse_url) {
  auto service = std::make_unique<rpc::Service>(
      v1::GetTeamRequest::descriptor()->file()->FindServiceByName("AppointmentService"));
  auto teams = std::make_shared<TeamHandlers>(dependencies);
  Unary(*service, "GetTeam", teams, &TeamHandlers::GetTeam);
  Unary(*service, "UpdateTeam", teams, &TeamHandlers::UpdateTeam);
  auto hosts = std::make_shared<HostHandlers>(dependencies);
  Unary(*service, "UpsertHost", hosts, &HostHandlers::UpsertHost);
  Unary(*service, "GetHost", hosts, &HostHandlers::GetHost);
  Unary(*service, "ListHosts", hosts, &HostHandlers::ListHosts);
  Unary(*service, "SetTimeOff", hosts, &HostHandlers::SetTimeOff);
  Unary(*service, "ListTimeOff", hosts, &HostHandlers::ListTimeOff);
  Unary(*service, "DeleteTimeOff", hosts, &HostHandlers::DeleteTimeOff);
  auto slots = std::make_shared<SlotHandlers>(dependencies);
  Unary(*service, "FindSlots", slots, &SlotHandlers::FindSlots);
  auto booking = std::make_shared<BookingHandlers>(dependencies);
  Unary(*service, "HoldSlot", booking, &BookingHandlers::HoldSlot);
  Unary(*service, "ReleaseHold", booking, &BookingHandlers::ReleaseHold);
  Unary(*service, "BookAppointment", booking, &BookingHandlers::BookAppointment);
  Unary(*service, "RescheduleAppointment", booking, &BookingHandlers::RescheduleAppointment);
  auto meetings = std::make_shared<MeetingHandlers>(dependencies);
  Unary(*service, "ConfirmAppointment", meetings, &MeetingHandlers::ConfirmAppointment);
  Unary(*service, "CancelAppointment", meetings, &MeetingHandlers::CancelAppointment);
  Unary(*service, "RecordReply", meetings, &MeetingHandlers::RecordReply);
  Unary(*service, "RecordOutcome", meetings, &MeetingHandlers::RecordOutcome);
  Unary(*service, "AmendOutcome", meetings, &MeetingHandlers::AmendOutcome);
  Unary(*service, "QualifyAppointment", meetings, &MeetingHandlers::QualifyAppointment);
  Unary(*service, "ScoreConversation", meetings, &MeetingHandlers::ScoreConversation);
  auto briefs = std::make_shared<BriefHandlers>(dependencies);
  Unary(*service, "GetBrief", briefs, &BriefHandlers::GetBrief);
  Unary(*service, "GetNoShowRisk", briefs, &BriefHandlers::GetNoShowRisk);
  auto calendars = std::make_shared<CalendarHandlers>(dependencies);
  Unary(*service, "GetInvite", calendars, &CalendarHandlers::GetInvite);
  Unary(*service, "GetCalendarFeed", calendars, &CalendarHandlers::GetCalendarFeed);
  auto pulses = std::make_shared<PulseHandlers>(dependencies, std::move(pulse_key), std::move(pulse_url));
  Unary(*service, "GetPulseLink", pulses, &PulseHandlers::GetPulseLink);
  Unary(*service, "RecordPulse", pulses, &PulseHandlers::RecordPulse);
  auto reads = std::make_shared<AppointmentReads>(dependencies);
  Unary(*service, "GetAppointment", reads, &AppointmentReads::GetAppointment);
  Unary(*service, "ListAppointments", reads, &AppointmentReads::ListAppointments);
  Unary(*service, "ListAppointmentHistory", reads, &AppointmentReads::ListAppointmentHistory);
  return service;
}

}  // namespace finalmile::appointments::handlers
