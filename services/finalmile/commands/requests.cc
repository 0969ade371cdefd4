#include <fmt/format.h>

#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/appointments/v1/meeting_request_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_requests.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/output/format.h"

// Meeting requests as a manager looks at them, and the team.
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

Action DeclareOverdue(Flags&) {
  return [](Session& session) -> absl::StatusOr<ExitCode> {
    const std::string late = fmt::format(
        "(state = STATE_OPEN OR ((state = STATE_CLAIMED OR state = STATE_WORKING) AND window_attempts = 0)) "
        "AND "
        "deadline <= {}",
        absl::FormatTime(absl::RFC3339_full, session.clock.Now(), absl::UTCTimeZone()));
    RETURN_IF_ERROR(ShowOverdue(session, "HAND-RAISES", late + " AND hand_raise = true"));
    RETURN_IF_ERROR(ShowOverdue(session, "REQUESTS", late + " AND hand_raise = false"));
    return ExitCode::kOk;
  };
}

constexpr const char* kDays[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

std::string WallText(int minutes) { return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60); }

absl::StatusOr<ExitCode> Print(Session& session, const absl::StatusOr<Team>& team) {
  RETURN_IF_ERROR(team.status());
  if (session.output.json()) {
    session.output.Json(*team);
    return ExitCode::kOk;
  }
  session.output.Line(
      fmt::format("{}  zone {}, invitations of {}", team->name(), team->zone(), team->organizer_domain()));
  for (const WeeklyInterval& one : team->weekly_hours()) {
    session.output.Line(fmt::format("  {}  {}-{}", kDays[std::clamp(one.weekday(), 0, 7)],
                                    WallText(one.start_minute()), WallText(one.end_minute())));
  }
  for (const std::string& day : team->holidays()) session.output.Line("  closed " + day);
  return ExitCode::kOk;
}

std::string TeamName(const std::string& text) { return text.starts_with("teams/") ? text : "teams/" + text; }

Action DeclareTeamShow(Flags& flags) {
  auto name = std::make_shared<std::string>("default");
  flags.OptionalArgument("TEAM", *name, "which (default)");
  return [name](Session& session) {
    GetTeamRequest request;
    request.set_name(TeamName(*name));
    return Print(session, session.Call<Team>("appointments.v1.AppointmentService/GetTeam", request));
  };
}

// "Mon-Fri 09:00-12:00" as one interval for each day.
absl::Status ParseHours(const std::string& text, Team& team) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(fmt::format(
        "--hours '{}' must be days and a span, such as 'Mon-Fri 09:00-18:00' or 'Sat 10:00-14:00'", text));
  };
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() != 2) return wrong();
  const auto day = [](std::string_view word) {
    for (int i = 1; i <= 7; ++i) {
      if (word == kDays[i]) return i;
    }
    return 0;
  };
  const size_t dash = words[0].find('-');
  const int first = day(std::string_view(words[0]).substr(0, dash));
  const int last = dash == std::string::npos ? first : day(std::string_view(words[0]).substr(dash + 1));
  int from_hour, from_minute, to_hour, to_minute;
  const std::vector<std::string> span = absl::StrSplit(words[1], absl::ByAnyChar("-:"));
  if (first == 0 || last < first || span.size() != 4 || !absl::SimpleAtoi(span[0], &from_hour) ||
      !absl::SimpleAtoi(span[1], &from_minute) || !absl::SimpleAtoi(span[2], &to_hour) ||
      !absl::SimpleAtoi(span[3], &to_minute) || from_minute > 59 || to_minute > 59) {
    return wrong();
  }
  for (int weekday = first; weekday <= last; ++weekday) {
    WeeklyInterval& one = *team.add_weekly_hours();
    one.set_weekday(weekday);
    one.set_start_minute(from_hour * 60 + from_minute);
    one.set_end_minute(to_hour * 60 + to_minute);
  }
  return absl::OkStatus();
}

struct TeamFlags {
  std::string name = "default";
  std::optional<std::string> zone;
  std::vector<std::string> hours;
  std::vector<std::string> holidays;
  std::optional<std::string> domain;
};

absl::StatusOr<ExitCode> SetTeam(Session& session, const TeamFlags& flags) {
  UpdateTeamRequest request;
  Team& team = *request.mutable_team();
  team.set_name(TeamName(flags.name));
  const auto mask = [&](const char* path) { request.mutable_update_mask()->add_paths(path); };
  if (flags.zone) {
    team.set_zone(*flags.zone);
    mask("zone");
  }
  for (const std::string& hours : flags.hours) RETURN_IF_ERROR(ParseHours(hours, team));
  if (!flags.hours.empty()) mask("weekly_hours");
  for (const std::string& day : flags.holidays) {
    if (day != "none") team.add_holidays(day);
  }
  if (!flags.holidays.empty()) mask("holidays");
  if (flags.domain) {
    team.set_organizer_domain(*flags.domain);
    mask("organizer_domain");
  }
  if (request.update_mask().paths().empty())
    return absl::InvalidArgumentError("nothing to change is given; see finalmile teams set --help");
  request.set_request_id(session.NewRequestId());
  return Print(session, session.Call<Team>("appointments.v1.AppointmentService/UpdateTeam", request));
}

Action DeclareTeamSet(Flags& flags) {
  auto given = std::make_shared<TeamFlags>();
  flags.OptionalArgument("TEAM", given->name, "which (default)");
  flags.Text("--zone", "ZONE", given->zone, "where the team works: Europe/Berlin");
  flags.Texts("--hours", "HOURS", given->hours,
              "'Mon-Fri 09:00-18:00'; all hours are replaced; may be repeated");
  flags.Texts("--holiday", "DAY", given->holidays,
              "2026-12-25; all are replaced; may be repeated; none: no day");
  flags.Text("--organizer-domain", "DOMAIN", given->domain, "what the ids of invitations end in");
  return [given](Session& session) { return SetTeam(session, *given); };
}

}  // namespace

void AddRequests(std::vector<Verb>& verbs) {
  verbs.push_back({"requests list", "your queue, or the requests that a filter names",
                   "finalmile requests list --filter 'setter = kim AND active = true'", DeclareList});
  verbs.push_back({"requests show", "one request with its attempts",
                   "finalmile requests show ana@example.com", DeclareShow});
  verbs.push_back({"requests reassign", "give requests to another setter",
                   "finalmile requests reassign --from kim --to ana", DeclareReassign});
  verbs.push_back({"overdue", "whom nobody answered in time", "finalmile overdue", DeclareOverdue});
  verbs.push_back({"teams show", "the team's zone and hours", "finalmile teams show", DeclareTeamShow});
  verbs.push_back({"teams set", "change the team's zone and hours",
                   "finalmile teams set --zone Europe/Berlin --hours 'Mon-Fri 09:00-18:00'", DeclareTeamSet});
}

}  // namespace finalmile::cli
