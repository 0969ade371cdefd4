#include <fmt/format.h>

#include <fstream>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/host_name.h"
#include "services/finalmile/commands/meeting_target.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_meetings.h"
#include "services/finalmile/output/format.h"

// Before and after a meeting: what to know, its calendar file, and how the conversation went.
namespace finalmile::cli {
namespace {

using namespace appointments::v1;

template <class Response>
absl::StatusOr<Response> Ask(Session& session, std::string_view method,
                             const google::protobuf::Message& request) {
  return session.Call<Response>(fmt::format("appointments.v1.AppointmentService/{}", method), request);
}

std::string Percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

void ShowBrief(const Brief& brief, Session& session) {
  Output& output = session.output;
  const absl::Time start = rpc::FromTimestamp(brief.appointment().start_time());
  output.Line(fmt::format("{}  no-show risk {}", FormatAgo(start, session.clock.Now()),
                          Percent(brief.no_show_risk().probability())));
  for (const NoShowRisk::Factor& factor : brief.no_show_risk().factors())
    output.Line("  risk     " + factor.text());
  for (const std::string& action : brief.no_show_risk().actions()) output.Line("  do       " + action);
  if (!brief.appointment().situation().empty()) output.Line("  about    " + brief.appointment().situation());
  if (brief.has_meeting_request() && brief.meeting_request().hand_raise())
    output.Line("  asked    for the meeting");
  for (const leads::v1::Reason& reason : brief.meeting_request().reasons()) {
    if (reason.points() > 0)
      output.Line(fmt::format("  why      {} {}", reason.text(), FormatPoints(reason.points())));
  }
  if (!brief.attempts().empty()) {
    output.Line(fmt::format(
        "  tried    {} {}{}", brief.attempts_size(), brief.attempts_size() == 1 ? "time" : "times",
        brief.last_objection().empty() ? "" : ", last objection: " + brief.last_objection()));
  }
  for (const Touch& touch : brief.appointment().touches()) {
    output.Line(fmt::format("  {:<8} {}{}  {}", touch.how(), touch.subject(),
                            touch.version() == 0 ? "" : fmt::format(" v{}", touch.version()),
                            output.TimeText(rpc::FromTimestamp(touch.time()))));
  }
}

Action DeclareBrief(Flags& flags) {
  auto given = std::make_shared<MeetingTarget>();
  given->Declare(flags);
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    GetBriefRequest request;
    ASSIGN_OR_RETURN(*request.mutable_name(), given->Name(session));
    ASSIGN_OR_RETURN(const Brief brief, Ask<Brief>(session, "GetBrief", request));
    if (session.output.json()) {
      session.output.Json(brief);
      return ExitCode::kOk;
    }
    RETURN_IF_ERROR(ShowMeeting(brief.appointment(), session));
    ShowBrief(brief, session);
    return ExitCode::kOk;
  };
}

struct ScoreFlags {
  MeetingTarget target;
  std::vector<std::string> criteria;
  bool own = false;
};

Action DeclareScore(Flags& flags) {
  auto given = std::make_shared<ScoreFlags>();
  flags.Arguments("CRITERION=SCORE", given->criteria,
                  "opening, discovery, value, story, situation, next_step: value=7.5");
  flags.Switch("--self", given->own, "as its host, of the own conversation");
  given->target.Declare(flags);
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ScoreConversationRequest request;
    request.set_source(given->own ? ConversationScored::SOURCE_SELF : ConversationScored::SOURCE_COACH);
    for (const std::string& text : given->criteria) {
      const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
      CriterionScore& one = *request.add_criteria();
      double score;
      if (parts.size() != 2 || !absl::SimpleAtod(parts[1], &score))
        return absl::InvalidArgumentError(
            fmt::format("'{}' must be a criterion and its score: value=7.5", text));
      one.set_id(parts[0]);
      one.set_score(score);
    }
    ASSIGN_OR_RETURN(*request.mutable_name(), given->target.Name(session));
    request.set_request_id(session.NewRequestId());
    ASSIGN_OR_RETURN(const Appointment meeting, Ask<Appointment>(session, "ScoreConversation", request));
    RETURN_IF_ERROR(session.connector.Settle());
    if (session.output.json()) {
      session.output.Json(meeting);
      return ExitCode::kOk;
    }
    RETURN_IF_ERROR(ShowMeeting(meeting, session));
    return ExitCode::kOk;
  };
}

// Calendar files have lines of their own, so that they go into a file and not through what cleans text for a
// terminal.
absl::Status WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  return file ? absl::OkStatus() : absl::FailedPreconditionError(fmt::format("{} cannot be written", path));
}

struct InviteFlags {
  MeetingTarget target;
  std::string organizer;
  std::string host_email;
  std::string guest_email;
  std::string former_email;
  std::string text;
  std::string file = "invite.ics";
};

absl::StatusOr<ExitCode> MakeInvite(Session& session, const InviteFlags& flags) {
  ASSIGN_OR_RETURN(const Appointment meeting, flags.target.Find(session));
  ASSIGN_OR_RETURN(const LeadsByName leads, ReadLeads(session, std::set<std::string>{meeting.lead()}));
  GetInviteRequest request;
  request.set_name(meeting.name());
  request.mutable_organizer()->set_name("FinalMile");
  request.mutable_organizer()->set_email(flags.organizer);
  request.mutable_host()->set_name(HostText(meeting.host()));
  request.mutable_host()->set_email(flags.host_email);
  request.mutable_guest()->set_email(flags.guest_email);
  if (const auto lead = leads.find(meeting.lead()); lead != leads.end()) {
    request.mutable_guest()->set_name(WhoIs(lead->second));
    if (flags.guest_email.empty()) request.mutable_guest()->set_email(lead->second.email());
  }
  request.mutable_former_host()->set_email(flags.former_email);
  request.set_description(flags.text);
  ASSIGN_OR_RETURN(const GetInviteResponse invite, Ask<GetInviteResponse>(session, "GetInvite", request));
  if (session.output.json()) {
    session.output.Json(invite);
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(WriteFile(flags.file, invite.content()));
  session.output.Line(fmt::format("{}: {}", flags.file, invite.content_type()));
  if (!invite.former_host().empty()) {
    const std::string former = HostText(invite.former_host());
    if (invite.former_host_content().empty()) {
      session.output.Line(
          fmt::format("{} had it before: --former-host-email makes the cancellation for them", former));
    } else {
      const std::string file = "cancel-" + former + ".ics";
      RETURN_IF_ERROR(WriteFile(file, invite.former_host_content()));
      session.output.Line(fmt::format("{}: for {}, who had it before", file, former));
    }
  }
  return ExitCode::kOk;
}

Action DeclareInvite(Flags& flags) {
  auto given = std::make_shared<InviteFlags>();
  flags.RequiredText("--organizer", "EMAIL", given->organizer,
                     "the team's address, the same for every invitation");
  flags.RequiredText("--host-email", "EMAIL", given->host_email, "the host's address");
  flags.Text("--guest-email", "EMAIL", given->guest_email, "the guest's address (the lead's)");
  flags.Text("--former-host-email", "EMAIL", given->former_email,
             "of who had the meeting before it was moved");
  flags.Text("--text", "TEXT", given->text, "stands below the times: how to dial in");
  flags.Text("--file", "FILE", given->file, "where it is written (invite.ics)");
  given->target.Declare(flags);
  return [given](Session& session) { return MakeInvite(session, *given); };
}

struct FeedFlags {
  std::string host;
  std::string file = "calendar.ics";
};

Action DeclareFeed(Flags& flags) {
  auto given = std::make_shared<FeedFlags>();
  flags.Argument("HOST", given->host, "whose");
  flags.Text("--file", "FILE", given->file, "where it is written (calendar.ics)");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    GetCalendarFeedRequest request;
    request.set_host(HostName(given->host));
    ASSIGN_OR_RETURN(const GetCalendarFeedResponse feed,
                     Ask<GetCalendarFeedResponse>(session, "GetCalendarFeed", request));
    if (session.output.json()) {
      session.output.Json(feed);
      return ExitCode::kOk;
    }
    RETURN_IF_ERROR(WriteFile(given->file, feed.content()));
    session.output.Line(fmt::format("{}: {}", given->file, feed.content_type()));
    return ExitCode::kOk;
  };
}

}  // namespace

void AddBriefs(std::vector<Verb>& verbs) {
  verbs.push_back({"brief", "what to know before a meeting", "finalmile brief", DeclareBrief});
  verbs.push_back({"score", "say how a conversation went",
                   "finalmile score opening=8 value=6 --lead ana@example.com", DeclareScore});
  verbs.push_back({"calendar invite", "a meeting as a file to send",
                   "finalmile calendar invite --organizer meetings@example.com --host-email ben@example.com",
                   DeclareInvite});
  verbs.push_back({"calendar feed", "a host's meetings as a file to subscribe to",
                   "finalmile calendar feed ben", DeclareFeed});
}

}  // namespace finalmile::cli
