#include <fmt/format.h>

#include <memory>

#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/appointments/v1/meeting_request_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/booking_times.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/host_name.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/meeting_target.h"
#include "services/finalmile/commands/show_meetings.h"
#include "services/finalmile/commands/times.h"
#include "services/finalmile/lead_name.h"

// Meetings: set, moved, cancelled, and what became of them.
namespace finalmile::cli {
namespace {

using namespace appointments::v1;

template <class Response>
absl::StatusOr<Response> Ask(Session& session, std::string_view method,
                             const google::protobuf::Message& request) {
  return session.Call<Response>(fmt::format("appointments.v1.AppointmentService/{}", method), request);
}

absl::StatusOr<ExitCode> Print(Session& session, const absl::StatusOr<Appointment>& meeting) {
  if (!meeting.ok()) return WithTimes(meeting.status(), session);
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(*meeting);
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(ShowMeeting(*meeting, session));
  return ExitCode::kOk;
}

struct BookFlags {
  std::string lead;
  std::string at;
  std::string host;
  std::string hold;
  std::string zone;
  std::string situation;
  std::string title;
  int64_t minutes = 30;
};

// The lead of the request that the user works on.
absl::StatusOr<std::string> CurrentLead(Session& session) {
  GetMeetingRequestRequest get;
  get.set_name("meetingRequests/-");
  const auto request =
      session.Call<MeetingRequest>("appointments.v1.MeetingRequestService/GetMeetingRequest", get);
  if (rpc::ReasonOf(request.status()) == "NO_CURRENT_REQUEST")
    return absl::NotFoundError("you work on no request; name whom to meet with --lead");
  RETURN_IF_ERROR(request.status());
  return request->lead();
}

absl::StatusOr<ExitCode> BookOne(Session& session, const BookFlags& flags) {
  if (flags.at.empty() == flags.hold.empty())
    return absl::InvalidArgumentError("say when with --at, or which held time with --hold; one of the two");
  BookAppointmentRequest request;
  if (flags.hold.empty()) {
    ASSIGN_OR_RETURN(const absl::Time start, ReadStart(session, flags.at, flags.zone));
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    *request.mutable_duration() = rpc::ToDuration(absl::Minutes(flags.minutes));
    if (!flags.host.empty()) request.set_host(HostName(flags.host));
  } else {
    request.set_hold(flags.hold.starts_with("holds/") ? flags.hold : "holds/" + flags.hold);
  }
  if (flags.lead.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_lead(), CurrentLead(session));
  } else {
    ASSIGN_OR_RETURN(*request.mutable_lead(), ResolveLead(session, flags.lead));
  }
  request.set_guest_zone(flags.zone);
  request.set_situation(flags.situation);
  request.set_title(flags.title);
  request.set_request_id(session.NewRequestId());
  return Print(session, Ask<Appointment>(session, "BookAppointment", request));
}

Action DeclareBook(Flags& flags) {
  auto given = std::make_shared<BookFlags>();
  flags.Text("--at", "WHEN", given->at,
             "'Thu 15:00', 'tomorrow 09:30', in the guest's zone if --zone is given");
  flags.Text("--lead", "LEAD", given->lead,
             fmt::format("whom to meet (of the request that you took up last): {}", kLeadHelp));
  flags.Text("--host", "HOST", given->host, "with whom (whose turn it is)");
  flags.Text("--hold", "NAME", given->hold, "a time that you hold, in place of --at, --host and --minutes");
  flags.Text("--zone", "ZONE", given->zone, "where the guest is: Europe/Madrid (your zone)");
  flags.Text("--situation", "WORD", given->situation, "what to talk about (as the request says)");
  flags.Text("--title", "TEXT", given->title,
             "what the invitation says; no e-mail address, no telephone number");
  flags.Number("--minutes", given->minutes, 5, 480, "how long it is (30)");
  return [given](Session& session) { return BookOne(session, *given); };
}

Action DeclareHold(Flags& flags) {
  auto given = std::make_shared<BookFlags>();
  flags.RequiredText("--at", "WHEN", given->at, "'Thu 15:00', 'tomorrow 09:30'");
  flags.Text("--host", "HOST", given->host, "of whom (whose turn it is)");
  flags.Text("--zone", "ZONE", given->zone, "the zone that --at is in (yours)");
  flags.Number("--minutes", given->minutes, 5, 480, "how long it is (30)");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    HoldSlotRequest request;
    ASSIGN_OR_RETURN(const absl::Time start, ReadStart(session, given->at, given->zone));
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    *request.mutable_duration() = rpc::ToDuration(absl::Minutes(given->minutes));
    if (!given->host.empty()) request.set_host(HostName(given->host));
    request.set_request_id(session.NewRequestId());
    const auto hold = Ask<Hold>(session, "HoldSlot", request);
    if (!hold.ok()) return WithTimes(hold.status(), session);
    if (session.output.json()) {
      session.output.Json(*hold);
      return ExitCode::kOk;
    }
    session.output.Line(
        fmt::format("{} of {} is kept for you until {}. Then: finalmile book --hold {}",
                    FormatMoment(start, session.clock.Now(), session.output.zone()), HostText(hold->host()),
                    absl::FormatTime("%H:%M", rpc::FromTimestamp(hold->expire_time()), session.output.zone()),
                    hold->name()));
    return ExitCode::kOk;
  };
}

struct MoveFlags {
  MeetingTarget target;
  std::string at;
  std::string host;
  std::string zone;
  bool keep_host = false;
};

Action DeclareReschedule(Flags& flags) {
  auto given = std::make_shared<MoveFlags>();
  flags.RequiredText("--at", "WHEN", given->at, "the new time: 'Fri 09:00'");
  flags.Text("--host", "HOST", given->host, "with this host (the same where free, else whose turn it is)");
  flags.Switch("--keep-host", given->keep_host, "with the same host or not at all");
  flags.Text("--zone", "ZONE", given->zone, "the zone that --at is in (yours)");
  given->target.Declare(flags);
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    RescheduleAppointmentRequest request;
    ASSIGN_OR_RETURN(const absl::Time start, ReadStart(session, given->at, given->zone));
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    if (!given->host.empty()) request.set_host(HostName(given->host));
    request.set_keep_host(given->keep_host);
    ASSIGN_OR_RETURN(*request.mutable_name(), given->target.Name(session));
    request.set_request_id(session.NewRequestId());
    return Print(session, Ask<Appointment>(session, "RescheduleAppointment", request));
  };
}

Action DeclareConfirm(Flags& flags) {
  auto given = std::make_shared<MeetingTarget>();
  given->Declare(flags);
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ConfirmAppointmentRequest request;
    ASSIGN_OR_RETURN(*request.mutable_name(), given->Name(session));
    request.set_request_id(session.NewRequestId());
    return Print(session, Ask<Appointment>(session, "ConfirmAppointment", request));
  };
}

struct CancelFlags {
  MeetingTarget target;
  std::string by;
  std::string reason;
};

Action DeclareCancel(Flags& flags) {
  auto given = std::make_shared<CancelFlags>();
  flags.RequiredText("--by", "WHO", given->by, "guest or us");
  flags.Text("--reason", "WORD", given->reason, "why, in one word: ill, no-budget");
  given->target.Declare(flags);
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    if (given->by != "guest" && given->by != "us")
      return absl::InvalidArgumentError(fmt::format("--by '{}' must be guest or us", given->by));
    CancelAppointmentRequest request;
    request.set_by(given->by == "guest" ? CANCELLED_BY_GUEST : CANCELLED_BY_US);
    request.set_reason(given->reason);
    ASSIGN_OR_RETURN(*request.mutable_name(), given->target.Name(session));
    request.set_request_id(session.NewRequestId());
    return Print(session, Ask<Appointment>(session, "CancelAppointment", request));
  };
}

struct OutcomeFlags {
  MeetingTarget target;
  std::string what;
  std::string not_qualified;
  std::string reason;
  bool qualified = false;
  bool amend = false;
};

absl::StatusOr<OutcomeCorrected::Outcome> OutcomeNamed(const std::string& word) {
  constexpr std::pair<std::string_view, OutcomeCorrected::Outcome> kWords[] = {
      {"held", OutcomeCorrected::OUTCOME_HELD},
      {"guest-no-show", OutcomeCorrected::OUTCOME_GUEST_NO_SHOW},
      {"host-no-show", OutcomeCorrected::OUTCOME_HOST_NO_SHOW},
      {"cancelled-by-guest", OutcomeCorrected::OUTCOME_CANCELLED},
      {"cancelled-by-us", OutcomeCorrected::OUTCOME_CANCELLED_BY_US}};
  for (const auto& [name, outcome] : kWords) {
    if (word == name) return outcome;
  }
  return absl::InvalidArgumentError(fmt::format(
      "OUTCOME '{}' must be held, guest-no-show or host-no-show; with --amend also cancelled-by-guest or "
      "cancelled-by-us",
      word));
}

absl::StatusOr<ExitCode> SayOutcome(Session& session, const OutcomeFlags& flags) {
  ASSIGN_OR_RETURN(const OutcomeCorrected::Outcome outcome, OutcomeNamed(flags.what));
  const bool qualifies = flags.qualified || !flags.not_qualified.empty();
  if (flags.qualified && !flags.not_qualified.empty())
    return absl::InvalidArgumentError("it is qualified or not: give one of --qualified and --not-qualified");
  if (qualifies && outcome != OutcomeCorrected::OUTCOME_HELD)
    return absl::InvalidArgumentError("only a held meeting is qualified");
  if (flags.amend == flags.reason.empty())
    return absl::InvalidArgumentError("--amend wants its --reason, and nothing else takes one");
  ASSIGN_OR_RETURN(const std::string name, flags.target.Name(session));
  absl::StatusOr<Appointment> meeting = absl::InternalError("not asked");
  if (flags.amend) {
    AmendOutcomeRequest request;
    request.set_name(name);
    request.set_outcome(outcome);
    request.set_reason(flags.reason);
    request.set_request_id(session.NewRequestId());
    meeting = Ask<Appointment>(session, "AmendOutcome", request);
  } else {
    RecordOutcomeRequest request;
    request.set_name(name);
    request.set_outcome(outcome);
    request.set_request_id(session.NewRequestId());
    meeting = Ask<Appointment>(session, "RecordOutcome", request);
  }
  if (meeting.ok() && qualifies) {
    QualifyAppointmentRequest request;
    request.set_name(name);
    request.set_qualified(flags.qualified);
    request.set_reason(flags.not_qualified);
    request.set_request_id(session.NewRequestId());
    meeting = Ask<Appointment>(session, "QualifyAppointment", request);
  }
  return Print(session, meeting);
}

Action DeclareOutcome(Flags& flags) {
  auto given = std::make_shared<OutcomeFlags>();
  flags.Argument("OUTCOME", given->what, "held, guest-no-show or host-no-show");
  flags.Switch("--qualified", given->qualified, "of a held one: it is worth going on with");
  flags.Text("--not-qualified", "WORD", given->not_qualified, "of a held one: why it is not: no-budget");
  flags.Switch("--amend", given->amend, "in place of what was said before");
  flags.Text("--reason", "WORD", given->reason, "with --amend: why: wrong-meeting");
  given->target.Declare(flags);
  return [given](Session& session) { return SayOutcome(session, *given); };
}

Action DeclareMeetingsList(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->filter = "planned = true";
  given->Declare(
      flags,
      "over state, planned, host, setter, lead, meeting_kind, situation, start_time, outcome_missing, "
      "conflict (planned = true)");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ListAppointmentsRequest request;
    request.set_filter(given->filter);
    ASSIGN_OR_RETURN(const std::vector<Appointment> meetings,
                     ReadList(session, "appointments.v1.AppointmentService/ListAppointments", request,
                              given->limit, &ListAppointmentsResponse::appointments, "No meeting matches."));
    if (session.output.json() || meetings.empty()) return ExitCode::kOk;
    RETURN_IF_ERROR(ShowMeetings(meetings, session));
    return ExitCode::kOk;
  };
}

Action DeclareMeetingsShow(Flags& flags) {
  auto given = std::make_shared<MeetingTarget>();
  given->Declare(flags);
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ASSIGN_OR_RETURN(const Appointment meeting, given->Find(session));
    ListAppointmentHistoryRequest list;
    list.set_parent(meeting.name());
    std::vector<AppointmentChange> changes;
    RETURN_IF_ERROR(session
                        .EachPage<ListAppointmentHistoryResponse>(
                            "appointments.v1.AppointmentService/ListAppointmentHistory", list, 0,
                            [&](const ListAppointmentHistoryResponse& page) -> int64_t {
                              changes.insert(changes.end(), page.changes().begin(), page.changes().end());
                              return page.changes_size();
                            })
                        .status());
    if (session.output.json()) {
      session.output.Json(meeting);
      for (const AppointmentChange& change : changes) session.output.Json(change);
      return ExitCode::kOk;
    }
    RETURN_IF_ERROR(ShowMeeting(meeting, session));
    for (const AppointmentChange& change : changes) {
      session.output.Line(fmt::format(
          "  {}. {}  {}{}, {}", change.number(), session.output.TimeText(rpc::FromTimestamp(change.time())),
          change.kind(), change.detail().empty() ? "" : ": " + change.detail(), change.principal()));
    }
    return ExitCode::kOk;
  };
}

}  // namespace

void AddMeetings(std::vector<Verb>& verbs) {
  verbs.push_back(
      {"book", "set a meeting", "finalmile book --at 'Thu 15:00' --zone Europe/Madrid", DeclareBook});
  verbs.push_back({"hold", "keep a time for ten minutes", "finalmile hold --at 'Thu 15:00'", DeclareHold});
  verbs.push_back({"confirm", "say that a meeting takes place as set",
                   "finalmile confirm --lead ana@example.com", DeclareConfirm});
  verbs.push_back({"reschedule", "move a meeting, or bring back one that was missed",
                   "finalmile reschedule --at 'Fri 09:00' --lead ana@example.com", DeclareReschedule});
  verbs.push_back({"cancel", "cancel a meeting that is ahead",
                   "finalmile cancel --by guest --lead ana@example.com", DeclareCancel});
  verbs.push_back(
      {"outcome", "say what became of a meeting", "finalmile outcome held --qualified", DeclareOutcome});
  verbs.push_back({"meetings list", "the meetings that are planned, or that a filter names",
                   "finalmile meetings list --filter 'host = ben AND planned = true'", DeclareMeetingsList});
  verbs.push_back({"meetings show", "one meeting with all that happened to it",
                   "finalmile meetings show --lead ana@example.com", DeclareMeetingsShow});
}

}  // namespace finalmile::cli
