#include <fmt/format.h>

#include <memory>

#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/appointments/v1/meeting_request_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_meetings.h"
#include "services/finalmile/commands/show_requests.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/output/format.h"

// Meeting requests as a manager looks at them.
namespace finalmile::cli {
namespace {

using namespace appointments::v1;

constexpr std::string_view kRequests = "appointments.v1.MeetingRequestService/";
constexpr int kMostReassigned = 500;

absl::StatusOr<std::vector<MeetingRequest>> Read(Session& session, const std::string& filter, int64_t limit,
                                                 std::string_view none) {
  ListMeetingRequestsRequest request;
  request.set_filter(filter);
  return ReadList(session, fmt::format("{}ListMeetingRequests", kRequests), request, limit,
                  &ListMeetingRequestsResponse::meeting_requests, none);
}

Action DeclareList(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->Declare(flags,
                 "over state, active, lane, hand_raise, grade, setter, owner, level, lead, situation, "
                 "deadline, create_time; without it your own queue");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ASSIGN_OR_RETURN(const std::vector<MeetingRequest> requests,
                     Read(session, given->filter, given->limit,
                          given->filter.empty() ? "Nothing waits in your queue." : "No request matches."));
    if (session.output.json() || requests.empty()) return ExitCode::kOk;
    ASSIGN_OR_RETURN(const LeadsByName leads, ReadLeads(session, requests));
    ShowRequests(requests, leads, session);
    return ExitCode::kOk;
  };
}

std::string AttemptLine(const Attempt& attempt, const Output& output) {
  return fmt::format("  {}. {}  {}: {}, {}{}{}", attempt.number(),
                     output.TimeText(rpc::FromTimestamp(attempt.attempt_time())),
                     EnumText(leads::v1::Channel_Name(attempt.channel()), "CHANNEL_"),
                     EnumText(Disposition_Name(attempt.disposition()), "DISPOSITION_"), attempt.setter(),
                     attempt.objection().empty() ? "" : "  objection: " + attempt.objection(),
                     attempt.not_permitted() ? "  NOT PERMITTED" : "");
}

Action DeclareShow(Flags& flags) {
  auto name = std::make_shared<std::string>();
  flags.Argument("REQUEST", *name, "its name, or the lead whose request it is");
  return [name](Session& session) -> absl::StatusOr<ExitCode> {
    GetMeetingRequestRequest get;
    get.set_name("meetingRequests/-");
    if (name->starts_with("meetingRequests/")) {
      get.set_name(*name);
    } else {
      ASSIGN_OR_RETURN(*get.mutable_lead(), ResolveLead(session, *name));
    }
    ASSIGN_OR_RETURN(const MeetingRequest request,
                     session.Call<MeetingRequest>(fmt::format("{}GetMeetingRequest", kRequests), get));
    ListAttemptsRequest list;
    list.set_parent(request.name());
    std::vector<Attempt> attempts;
    RETURN_IF_ERROR(session
                        .EachPage<ListAttemptsResponse>(
                            fmt::format("{}ListAttempts", kRequests), list, 0,
                            [&](const ListAttemptsResponse& page) -> int64_t {
                              attempts.insert(attempts.end(), page.attempts().begin(), page.attempts().end());
                              return page.attempts_size();
                            })
                        .status());
    if (session.output.json()) {
      session.output.Json(request);
      for (const Attempt& attempt : attempts) session.output.Json(attempt);
      return ExitCode::kOk;
    }
    ASSIGN_OR_RETURN(const LeadsByName leads, ReadLeads(session, {request}));
    const auto lead = leads.find(request.lead());
    ShowRequest(request, lead == leads.end() ? nullptr : &lead->second, session);
    for (const Attempt& attempt : attempts) session.output.Line(AttemptLine(attempt, session.output));
    return ExitCode::kOk;
  };
}

struct ReassignFlags {
  std::string from;
  std::string to;
  std::vector<std::string> names;
};

absl::StatusOr<ExitCode> Reassign(Session& session, const ReassignFlags& flags) {
  if (flags.from.empty() == flags.names.empty())
    return absl::InvalidArgumentError("say whose with --from, or which with --request; one of the two");
  int64_t done = 0;
  int64_t refused = 0;
  for (bool more = true; more;) {
    ReassignMeetingRequestsRequest request;
    request.set_from_setter(flags.from);
    for (const std::string& name : flags.names) request.add_names(RequestName(name));
    request.set_setter(flags.to == "queue" ? "" : flags.to);
    request.set_request_id(session.NewRequestId());
    ASSIGN_OR_RETURN(const ReassignMeetingRequestsResponse response,
                     session.Call<ReassignMeetingRequestsResponse>(
                         fmt::format("{}ReassignMeetingRequests", kRequests), request));
    int64_t moved = 0;
    for (const auto& result : response.results()) {
      if (result.error_reason().empty()) {
        ++moved;
      } else {
        ++refused;
        session.output.Note(fmt::format("{}: {}", result.name(), result.error()));
      }
    }
    done += moved;
    if (session.output.json()) session.output.Json(response);
    // A setter's come by the 500 first; those that were refused would come again.
    more = !flags.from.empty() && moved == kMostReassigned;
  }
  if (!session.output.json()) {
    session.output.Line(fmt::format("{} of {} requests are {}'s now.", FormatCount(done),
                                    FormatCount(done + refused), flags.to));
  }
  return refused > 0 ? ExitCode::kPartly : ExitCode::kOk;
}

Action DeclareReassign(Flags& flags) {
  auto given = std::make_shared<ReassignFlags>();
  flags.Text("--from", "SETTER", given->from, "all that this setter works on");
  flags.Texts("--request", "NAME", given->names, "this one; may be given several times");
  flags.RequiredText("--to", "SETTER", given->to, "who gets them; queue: whoever claims them");
  return [given](Session& session) { return Reassign(session, *given); };
}

// One group of what is overdue.
absl::Status ShowOverdue(Session& session, std::string_view title, const std::string& filter) {
  ASSIGN_OR_RETURN(const std::vector<MeetingRequest> requests, Read(session, filter, 0, ""));
  if (session.output.json()) return absl::OkStatus();
  session.output.Line(fmt::format("{} {}", title, FormatCount(static_cast<int64_t>(requests.size()))));
  if (requests.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const LeadsByName leads, ReadLeads(session, requests));
  ShowRequests(requests, leads, session);
  return absl::OkStatus();
}

// Meetings that somebody has to see to.
absl::Status ShowMeetingsDue(Session& session, std::string_view title, const std::string& filter) {
  ListAppointmentsRequest request;
  request.set_filter(filter);
  ASSIGN_OR_RETURN(const std::vector<Appointment> meetings,
                   ReadList(session, "appointments.v1.AppointmentService/ListAppointments", request, 0,
                            &ListAppointmentsResponse::appointments, ""));
  if (session.output.json()) return absl::OkStatus();
  session.output.Line(fmt::format("{} {}", title, FormatCount(static_cast<int64_t>(meetings.size()))));
  return meetings.empty() ? absl::OkStatus() : ShowMeetings(meetings, session);
}

Action DeclareOverdue(Flags&) {
  return [](Session& session) -> absl::StatusOr<ExitCode> {
    const std::string late = fmt::format(
        "(state = STATE_OPEN OR ((state = STATE_CLAIMED OR state = STATE_WORKING) AND window_attempts = 0)) "
        "AND "
        "deadline <= {}",
        absl::FormatTime(absl::RFC3339_full, session.clock.Now(), absl::UTCTimeZone()));
    RETURN_IF_ERROR(ShowOverdue(session, "HAND-RAISES", late + " AND hand_raise = true"));
    RETURN_IF_ERROR(ShowOverdue(session, "REQUESTS", late + " AND hand_raise = false"));
    RETURN_IF_ERROR(ShowMeetingsDue(session, "OUTCOMES", "outcome_missing > 0"));
    RETURN_IF_ERROR(ShowMeetingsDue(session, "CONFLICTS", "conflict = true AND planned = true"));
    RETURN_IF_ERROR(ShowMeetingsDue(session, "ZONE RULES CHANGED", "zone_shifted = true AND planned = true"));
    return ExitCode::kOk;
  };
}

}  // namespace

void AddRequests(std::vector<Verb>& verbs) {
  verbs.push_back({"requests list", "your queue, or the requests that a filter names",
                   "finalmile requests list --filter 'setter = kim AND active = true'", DeclareList});
  verbs.push_back({"requests show", "one request with its attempts",
                   "finalmile requests show ana@example.com", DeclareShow});
  verbs.push_back({"requests reassign", "give requests to another setter",
                   "finalmile requests reassign --from kim --to ana", DeclareReassign});
  verbs.push_back({"overdue", "whom nobody answered in time, and meetings to see to", "finalmile overdue",
                   DeclareOverdue});
}

}  // namespace finalmile::cli
