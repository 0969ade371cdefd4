#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "finalmile/appointments/v1/meeting_request_service.pb.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"
#include "nlohmann/json.hpp"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_requests.h"
#include "services/finalmile/commands/show_tracks.h"
#include "services/finalmile/commands/times.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/moment.h"

// The setter's day: the next lead to reach, what came of trying, and giving it back.
namespace finalmile::cli {
namespace {

using namespace appointments::v1;

constexpr std::string_view kService = "appointments.v1.MeetingRequestService/";
// So many of the queue are looked at to find one that nobody else works on.
constexpr int kCandidates = 20;
constexpr int kAssetsShown = 2;

template <class Response>
absl::StatusOr<Response> CallRequests(Session& session, std::string_view method,
                                      const google::protobuf::Message& request) {
  return session.Call<Response>(fmt::format("{}{}", kService, method), request);
}

// Which request a verb is about.
struct Target {
  std::string request;
  std::string lead;

  void Declare(Flags& flags) {
    flags.Text("--request", "NAME", request, "the meeting request (the one that you took up last)");
    flags.Text("--lead", "LEAD", lead, fmt::format("the lead whose request it is: {}", kLeadHelp));
  }
  absl::StatusOr<std::string> Name(Session& session) const {
    if (!request.empty()) return RequestName(request);
    GetMeetingRequestRequest get;
    get.set_name("meetingRequests/-");
    if (!lead.empty()) {
      ASSIGN_OR_RETURN(*get.mutable_lead(), ResolveLead(session, lead));
    }
    auto found = CallRequests<MeetingRequest>(session, "GetMeetingRequest", get);
    if (rpc::ReasonOf(found.status()) == "NO_CURRENT_REQUEST") {
      return absl::NotFoundError(
          "you work on no request; finalmile next gives you one, or name one with --lead");
    }
    RETURN_IF_ERROR(found.status());
    return found->name();
  }
};

// A number of an enum from a word of the command line: "no-answer" is DISPOSITION_NO_ANSWER.
absl::StatusOr<int> NumberOf(const google::protobuf::EnumDescriptor& descriptor, std::string_view prefix,
                             std::string_view flag, const std::string& word) {
  std::string name = absl::AsciiStrToUpper(word);
  std::replace(name.begin(), name.end(), '-', '_');
  const auto* value = descriptor.FindValueByName(std::string(prefix) + name);
  if (value != nullptr && value->number() != 0) return value->number();
  std::string words;
  for (int i = 0; i < descriptor.value_count(); ++i) {
    if (descriptor.value(i)->number() == 0) continue;
    std::string one = absl::AsciiStrToLower(descriptor.value(i)->name().substr(prefix.size()));
    std::replace(one.begin(), one.end(), '_', '-');
    words += (words.empty() ? "" : ", ") + one;
  }
  return absl::InvalidArgumentError(fmt::format("{} '{}' must be one of {}", flag, word, words));
}

// The first of the caller's queue that is, or becomes, the caller's.
absl::StatusOr<MeetingRequest> TakeNext(Session& session, ListMeetingRequestsResponse& queue) {
  ListMeetingRequestsRequest list;
  list.set_page_size(kCandidates);
  ASSIGN_OR_RETURN(queue, CallRequests<ListMeetingRequestsResponse>(session, "ListMeetingRequests", list));
  for (const MeetingRequest& request : queue.meeting_requests()) {
    ClaimMeetingRequestRequest claim;
    claim.set_name(request.name());
    claim.set_request_id(session.NewRequestId());
    auto claimed = CallRequests<MeetingRequest>(session, "ClaimMeetingRequest", claim);
    if (claimed.ok()) return claimed;
    const std::string reason = rpc::ReasonOf(claimed.status());
    // Somebody else works on it, or was faster.
    if (reason != "ALREADY_CLAIMED" && reason != "WRONG_STATE") return claimed.status();
  }
  return absl::NotFoundError(
      "nothing waits in your queue; finalmile requests list shows what others work on");
}

// Names of what to send, with their versions; none where the catalog cannot say.
absl::StatusOr<catalog::v1::RecommendAssetsResponse> Recommended(Session& session,
                                                                 const MeetingRequest& request) {
  catalog::v1::RecommendAssetsRequest recommend;
  recommend.set_lead(request.lead());
  recommend.set_situation(request.situation());
  recommend.set_page_size(kAssetsShown);
  recommend.set_request_id(session.NewRequestId());
  return session.Call<catalog::v1::RecommendAssetsResponse>("catalog.v1.CatalogService/RecommendAssets",
                                                            recommend);
}

std::string Waiting(const ListMeetingRequestsResponse& queue) {
  return fmt::format("{} waiting, {} overdue", FormatCount(queue.total()), FormatCount(queue.overdue()));
}

absl::StatusOr<ExitCode> Next(Session& session) {
  ListMeetingRequestsResponse queue;
  ASSIGN_OR_RETURN(const MeetingRequest request, TakeNext(session, queue));
  ASSIGN_OR_RETURN(const LeadsByName leads, ReadLeads(session, {request}));
  const auto lead = leads.find(request.lead());
  const auto assets = Recommended(session, request);
  RETURN_IF_ERROR(session.connector.Settle());
  Output& output = session.output;
  if (output.json()) {
    nlohmann::ordered_json all;
    const auto add = [&](const char* name, const google::protobuf::Message& message) -> absl::Status {
      ASSIGN_OR_RETURN(const std::string text, ToJson(message, /*with_defaults=*/true));
      all[name] = nlohmann::ordered_json::parse(text);
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(add("meeting_request", request));
    if (lead != leads.end()) RETURN_IF_ERROR(add("lead", lead->second));
    if (assets.ok()) RETURN_IF_ERROR(add("recommended", *assets));
    all["waiting"] = queue.total();
    all["overdue"] = queue.overdue();
    output.Json(all);
    return ExitCode::kOk;
  }
  const absl::Time now = session.clock.Now();
  std::string head = request.hand_raise() ? "HAND-RAISE" : "SALES-READY";
  if (request.rebook()) head = "TO BE BOOKED AGAIN";
  output.Line(fmt::format("{}  {} ({})    {}", head, AnswerText(request, now),
                          FormatMoment(rpc::FromTimestamp(request.deadline()), now, output.zone()),
                          Waiting(queue)));
  ShowRequest(request, lead == leads.end() ? nullptr : &lead->second, session);
  if (assets.ok() && !assets->recommendations().empty()) {
    std::string send;
    for (const auto& one : assets->recommendations())
      send += fmt::format("{}{} v{}", send.empty() ? "" : " · ", one.asset().title(), one.asset().version());
    output.Line(fmt::format("  {:<9}{}", "send", send));
  }
  output.Line(fmt::format("{} for {}: {}. Then: finalmile attempt no-answer", StateText(request),
                          request.setter(), request.name()));
  return ExitCode::kOk;
}

Action DeclareNext(Flags&) {
  return [](Session& session) { return Next(session); };
}

struct AttemptFlags {
  Target target;
  std::string disposition;
  std::string channel = "phone";
  std::string at;
  std::string callback;
  std::string objection;
  std::string track;
  bool made = false;
};

absl::StatusOr<ExitCode> LogOne(Session& session, const AttemptFlags& flags) {
  LogAttemptRequest request;
  Attempt& attempt = *request.mutable_attempt();
  ASSIGN_OR_RETURN(const int disposition,
                   NumberOf(*Disposition_descriptor(), "DISPOSITION_", "what came of it", flags.disposition));
  attempt.set_disposition(static_cast<Disposition>(disposition));
  ASSIGN_OR_RETURN(const int channel,
                   NumberOf(*leads::v1::Channel_descriptor(), "CHANNEL_", "--channel", flags.channel));
  attempt.set_channel(static_cast<leads::v1::Channel>(channel));
  if (!flags.at.empty()) {
    absl::Time at;
    if (!ParseMoment(flags.at, session.clock.Now(), session.output.zone(), at)) {
      return absl::InvalidArgumentError(fmt::format(
          "--at '{}' must be a time such as 2026-12-01 10:05, or so long ago: 20m, 2h", flags.at));
    }
    *attempt.mutable_attempt_time() = rpc::ToTimestamp(at);
  }
  if (!flags.callback.empty()) {
    ASSIGN_OR_RETURN(const absl::Time callback, ReadFuture(session, "--callback", flags.callback));
    *attempt.mutable_callback_at() = rpc::ToTimestamp(callback);
  }
  attempt.set_objection(flags.objection);
  if (!flags.track.empty()) attempt.set_talk_track(TrackName(flags.track));
  request.set_already_made(flags.made);
  ASSIGN_OR_RETURN(*request.mutable_name(), flags.target.Name(session));
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const LogAttemptResponse logged,
                   CallRequests<LogAttemptResponse>(session, "LogAttempt", request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(logged);
    return ExitCode::kOk;
  }
  const MeetingRequest& after = logged.meeting_request();
  ASSIGN_OR_RETURN(const LeadsByName leads, ReadLeads(session, {after}));
  const auto lead = leads.find(after.lead());
  std::string line = fmt::format("Attempt {} of 8 to reach {}", after.window_attempts(),
                                 lead == leads.end() ? after.lead() : WhoIs(lead->second));
  if (logged.attempt().number() == 1) {
    const absl::Duration took =
        rpc::FromTimestamp(logged.attempt().attempt_time()) - rpc::FromTimestamp(after.ready_time());
    line += fmt::format(", the first, {} after their own act: {}", FormatElapsed(took),
                        after.within_response_time() ? "in time" : "too late");
  }
  session.output.Line(line + ".");
  if (logged.attempt().not_permitted())
    session.output.Line("They had denied this channel: the attempt is recorded as not permitted.");
  const absl::Time now = session.clock.Now();
  if (after.state() == MeetingRequest::STATE_RECYCLED) {
    session.output.Line("Enough was tried. They are left alone until " +
                        FormatMoment(rpc::FromTimestamp(after.quiet_until()), now, session.output.zone()) +
                        ".");
  } else if (after.has_callback_at()) {
    session.output.Line("Back in your queue " +
                        FormatMoment(rpc::FromTimestamp(after.callback_at()), now, session.output.zone()) +
                        ".");
  }
  return ExitCode::kOk;
}

Action DeclareAttempt(Flags& flags) {
  auto given = std::make_shared<AttemptFlags>();
  flags.Argument("RESULT", given->disposition,
                 "connected, no-answer, voicemail, busy, wrong-number, bounced, replied, refused or sent");
  flags.Text("--channel", "CHANNEL", given->channel, "phone, email, post or social (phone)");
  flags.Text("--at", "TIME", given->at, "when it was: a time, or so long ago: 20m (now)");
  flags.Text("--callback", "WHEN", given->callback,
             "when they want to be called again: 'tomorrow 09:30', 2h");
  flags.Text("--objection", "WORD", given->objection, "what they objected, in one word: price, no-time");
  flags.Text("--track", "TRACK", given->track, "the talk track that was said");
  flags.Switch("--made", given->made, "it was made although they had denied the channel");
  given->target.Declare(flags);
  return [given](Session& session) { return LogOne(session, *given); };
}

// Prints one changed request.
absl::StatusOr<ExitCode> Print(Session& session, const absl::StatusOr<MeetingRequest>& request) {
  RETURN_IF_ERROR(request.status());
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(*request);
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const LeadsByName leads, ReadLeads(session, {*request}));
  const auto lead = leads.find(request->lead());
  ShowRequest(*request, lead == leads.end() ? nullptr : &lead->second, session);
  return ExitCode::kOk;
}

struct SnoozeFlags {
  Target target;
  std::string until;
};

Action DeclareSnooze(Flags& flags) {
  auto given = std::make_shared<SnoozeFlags>();
  flags.Argument("UNTIL", given->until, "until when: 'tomorrow 09:30', 'Thu 15:00', 2h, 3d; at most 14 days");
  given->target.Declare(flags);
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    SnoozeMeetingRequestRequest request;
    ASSIGN_OR_RETURN(const absl::Time until, ReadFuture(session, "UNTIL", given->until));
    *request.mutable_until() = rpc::ToTimestamp(until);
    ASSIGN_OR_RETURN(*request.mutable_name(), given->target.Name(session));
    request.set_request_id(session.NewRequestId());
    return Print(session, CallRequests<MeetingRequest>(session, "SnoozeMeetingRequest", request));
  };
}

struct ReturnFlags {
  Target target;
  std::string reason;
  std::string until;
  std::string duplicate_of;
  std::string referred_to;
};

Action DeclareReturn(Flags& flags) {
  auto given = std::make_shared<ReturnFlags>();
  flags.RequiredText(
      "--reason", "REASON", given->reason,
      "bad-fit, no-need, bad-timing, wrong-person, unreachable, bad-data, duplicate, customer or "
      "opted-out");
  flags.Text("--until", "WHEN", given->until, "of bad-timing: when to ask again (in 90 days)");
  flags.Text("--duplicate-of", "LEAD", given->duplicate_of, "of duplicate: the lead that it is");
  flags.Text("--referred-to", "LEAD", given->referred_to, "of wrong-person: whom to ask instead");
  given->target.Declare(flags);
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ReturnMeetingRequestRequest request;
    ASSIGN_OR_RETURN(const int reason,
                     NumberOf(*ReturnReason_descriptor(), "RETURN_REASON_", "--reason", given->reason));
    request.set_reason(static_cast<ReturnReason>(reason));
    if (!given->until.empty()) {
      ASSIGN_OR_RETURN(const absl::Time until, ReadFuture(session, "--until", given->until));
      *request.mutable_until() = rpc::ToTimestamp(until);
    }
    if (!given->duplicate_of.empty()) {
      ASSIGN_OR_RETURN(*request.mutable_duplicate_of(), ResolveLead(session, given->duplicate_of));
    }
    if (!given->referred_to.empty()) {
      ASSIGN_OR_RETURN(*request.mutable_referred_to(), ResolveLead(session, given->referred_to));
    }
    ASSIGN_OR_RETURN(*request.mutable_name(), given->target.Name(session));
    request.set_request_id(session.NewRequestId());
    return Print(session, CallRequests<MeetingRequest>(session, "ReturnMeetingRequest", request));
  };
}

}  // namespace

void AddNext(std::vector<Verb>& verbs) {
  verbs.push_back({"next", "the next lead to reach, claimed for you", "finalmile next", DeclareNext});
  verbs.push_back({"attempt", "record a try to reach a lead",
                   "finalmile attempt no-answer --callback 'tomorrow 09:30'", DeclareAttempt});
  verbs.push_back({"snooze", "leave a request out of your queue for a while", "finalmile snooze 'Thu 15:00'",
                   DeclareSnooze});
  verbs.push_back({"return", "give a request back, with the reason",
                   "finalmile return --reason bad-timing --until 2027-03-01", DeclareReturn});
}

}  // namespace finalmile::cli
