#include <fmt/format.h>

#include <memory>
#include <optional>

#include "absl/strings/numbers.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/host_name.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/times.h"
#include "services/finalmile/commands/weekly_hours.h"
#include "services/finalmile/output/moment.h"

// Those who hold meetings, their hours and when they are away.
namespace finalmile::cli {
namespace {

using namespace appointments::v1;

template <class Response>
absl::StatusOr<Response> Ask(Session& session, std::string_view method,
                             const google::protobuf::Message& request) {
  return session.Call<Response>(fmt::format("appointments.v1.AppointmentService/{}", method), request);
}

// When a host can be booked next; "-" where that is not to be said.
std::string NextFree(Session& session, const Host& host) {
  if (!host.active()) return "-";
  FindSlotsRequest request;
  request.add_hosts(host.name());
  request.set_limit(1);
  const auto found = Ask<FindSlotsResponse>(session, "FindSlots", request);
  if (!found.ok()) return "-";
  if (found->slots().empty()) return "nothing free";
  return FormatMoment(rpc::FromTimestamp(found->slots(0).start_time()), session.clock.Now(),
                      session.output.zone());
}

Action DeclareHostsList(Flags& flags) {
  auto limit = std::make_shared<int64_t>(50);
  flags.Number("--limit", *limit, 0, 100'000'000, "at most so many; 0: all");
  return [limit](Session& session) -> absl::StatusOr<ExitCode> {
    ASSIGN_OR_RETURN(
        const std::vector<Host> hosts,
        ReadList(session, "appointments.v1.AppointmentService/ListHosts", ListHostsRequest(), *limit,
                 &ListHostsResponse::hosts, "There is no host; finalmile hosts set NAME makes one."));
    if (session.output.json() || hosts.empty()) return ExitCode::kOk;
    Table table({{"host"},
                 {"title", Align::kLeft, true},
                 {"zone"},
                 {"weight", Align::kRight},
                 {"a day", Align::kRight},
                 {"next free"}});
    for (const Host& host : hosts) {
      table.Add({HostText(host.name()), host.title(), host.zone(), fmt::format("{:g}", host.weight()),
                 std::to_string(host.daily_cap()), host.active() ? NextFree(session, host) : "inactive"});
    }
    session.output.Show(table);
    return ExitCode::kOk;
  };
}

std::string SpanText(const google::protobuf::Duration& span) {
  return absl::FormatDuration(rpc::FromDuration(span));
}

absl::StatusOr<ExitCode> Print(Session& session, const absl::StatusOr<Host>& host,
                               const std::vector<TimeOff>& away) {
  RETURN_IF_ERROR(host.status());
  Output& output = session.output;
  if (output.json()) {
    output.Json(*host);
    for (const TimeOff& one : away) output.Json(one);
    return ExitCode::kOk;
  }
  output.Line(fmt::format("{}{}  {}  zone {}", HostText(host->name()),
                          host->title().empty() ? "" : ", " + host->title(),
                          host->active() ? "active" : "inactive", host->zone()));
  ShowHours(host->weekly_hours(), output);
  output.Line(fmt::format("  meetings every {}, {} before and {} after kept free, booked {} ahead at least",
                          SpanText(host->slot_step()), SpanText(host->buffer_before()),
                          SpanText(host->buffer_after()), SpanText(host->notice())));
  output.Line(fmt::format("  at most {} a day, up to {} days ahead, weight {:g}", host->daily_cap(),
                          host->horizon_days(), host->weight()));
  for (const TimeOff& one : away) {
    const absl::Time now = session.clock.Now();
    output.Line(fmt::format(
        "  away {} to {}  {}", FormatMoment(rpc::FromTimestamp(one.start_time()), now, output.zone()),
        FormatMoment(rpc::FromTimestamp(one.end_time()), now, output.zone()), one.name()));
  }
  return ExitCode::kOk;
}

Action DeclareHostsShow(Flags& flags) {
  auto name = std::make_shared<std::string>();
  flags.Argument("HOST", *name, "whose");
  return [name](Session& session) -> absl::StatusOr<ExitCode> {
    GetHostRequest get;
    get.set_name(HostName(*name));
    ASSIGN_OR_RETURN(const Host host, Ask<Host>(session, "GetHost", get));
    ListTimeOffRequest list;
    list.set_host(host.name());
    std::vector<TimeOff> away;
    RETURN_IF_ERROR(session
                        .EachPage<ListTimeOffResponse>(
                            "appointments.v1.AppointmentService/ListTimeOff", list, 0,
                            [&](const ListTimeOffResponse& page) -> int64_t {
                              away.insert(away.end(), page.time_off().begin(), page.time_off().end());
                              return page.time_off_size();
                            })
                        .status());
    return Print(session, host, away);
  };
}

struct HostFlags {
  std::string name;
  std::optional<std::string> title;
  std::optional<std::string> zone;
  std::vector<std::string> hours;
  std::optional<std::string> before;
  std::optional<std::string> after;
  std::optional<std::string> notice;
  std::optional<std::string> step;
  std::optional<std::string> horizon;
  std::optional<std::string> cap;
  std::optional<std::string> weight;
  std::optional<std::string> active;
};

// A change of a host from flags: what is given, and its mask.
class HostChange {
 public:
  explicit HostChange(UpsertHostRequest& request) : request_(request) {}

  void Text(const char* path, const std::optional<std::string>& given,
            void (Host::*set)(const std::string&)) {
    if (given) (Named(path).*set)(*given);
  }
  absl::Status Span(const char* flag, const char* path, const std::optional<std::string>& given,
                    google::protobuf::Duration* (Host::*field)()) {
    if (!given) return absl::OkStatus();
    absl::Duration span;
    if (!absl::ParseDuration(*given, &span) || span == absl::InfiniteDuration() ||
        span == -absl::InfiniteDuration())
      return Wrong(flag, *given, "a span of time such as 30m or 2h");
    *(Named(path).*field)() = rpc::ToDuration(span);
    return absl::OkStatus();
  }
  absl::Status Count(const char* flag, const char* path, const std::optional<std::string>& given,
                     void (Host::*set)(int32_t)) {
    if (!given) return absl::OkStatus();
    int32_t count;
    if (!absl::SimpleAtoi(*given, &count)) return Wrong(flag, *given, "a whole number");
    (Named(path).*set)(count);
    return absl::OkStatus();
  }
  absl::Status Weight(const std::optional<std::string>& given) {
    if (!given) return absl::OkStatus();
    double weight;
    if (!absl::SimpleAtod(*given, &weight)) return Wrong("--weight", *given, "a number");
    Named("weight").set_weight(weight);
    return absl::OkStatus();
  }
  absl::Status Active(const std::optional<std::string>& given) {
    if (!given) return absl::OkStatus();
    if (*given != "yes" && *given != "no") return Wrong("--active", *given, "yes or no");
    Named("active").set_active(*given == "yes");
    return absl::OkStatus();
  }
  absl::Status Hours(const std::vector<std::string>& given) {
    if (given.empty()) return absl::OkStatus();
    Host& host = Named("weekly_hours");
    for (const std::string& hours : given) RETURN_IF_ERROR(ParseHours(hours, *host.mutable_weekly_hours()));
    return absl::OkStatus();
  }

 private:
  static absl::Status Wrong(const char* flag, const std::string& text, const char* what) {
    return absl::InvalidArgumentError(fmt::format("{} '{}' must be {}", flag, text, what));
  }
  Host& Named(const char* path) {
    request_.mutable_update_mask()->add_paths(path);
    return *request_.mutable_host();
  }

  UpsertHostRequest& request_;
};

absl::StatusOr<ExitCode> SetHost(Session& session, const HostFlags& flags) {
  UpsertHostRequest request;
  request.mutable_host()->set_name(HostName(flags.name));
  HostChange change(request);
  change.Text("title", flags.title, &Host::set_title);
  change.Text("zone", flags.zone, &Host::set_zone);
  RETURN_IF_ERROR(change.Hours(flags.hours));
  RETURN_IF_ERROR(change.Span("--before", "buffer_before", flags.before, &Host::mutable_buffer_before));
  RETURN_IF_ERROR(change.Span("--after", "buffer_after", flags.after, &Host::mutable_buffer_after));
  RETURN_IF_ERROR(change.Span("--notice", "notice", flags.notice, &Host::mutable_notice));
  RETURN_IF_ERROR(change.Span("--step", "slot_step", flags.step, &Host::mutable_slot_step));
  RETURN_IF_ERROR(change.Count("--horizon", "horizon_days", flags.horizon, &Host::set_horizon_days));
  RETURN_IF_ERROR(change.Count("--cap", "daily_cap", flags.cap, &Host::set_daily_cap));
  RETURN_IF_ERROR(change.Weight(flags.weight));
  RETURN_IF_ERROR(change.Active(flags.active));
  request.set_request_id(session.NewRequestId());
  return Print(session, Ask<Host>(session, "UpsertHost", request), {});
}

Action DeclareHostsSet(Flags& flags) {
  auto given = std::make_shared<HostFlags>();
  flags.Argument("HOST", given->name, "who; made where there is none, with the team's zone and hours");
  flags.Text("--title", "TEXT", given->title, "what guests read");
  flags.Text("--zone", "ZONE", given->zone, "where the host works: America/New_York");
  flags.Texts("--hours", "HOURS", given->hours,
              "'Mon-Fri 09:00-18:00'; all hours are replaced; may be repeated");
  flags.Text("--before", "SPAN", given->before, "kept free before each meeting: 10m");
  flags.Text("--after", "SPAN", given->after, "kept free after each meeting: 10m");
  flags.Text("--notice", "SPAN", given->notice, "booked so long ahead at least: 2h");
  flags.Text("--step", "SPAN", given->step, "meetings begin in such steps: 30m");
  flags.Text("--horizon", "DAYS", given->horizon, "booked so many days ahead at most");
  flags.Text("--cap", "N", given->cap, "at most so many meetings a day");
  flags.Text("--weight", "W", given->weight, "the share of meetings that name no host; 0: none");
  flags.Text("--active", "yes|no", given->active, "whether the host gets meetings");
  return [given](Session& session) { return SetHost(session, *given); };
}

struct OffFlags {
  std::string host;
  std::string from;
  std::string until;
  std::string cancel;
  bool force = false;
};

absl::StatusOr<ExitCode> SetOff(Session& session, const OffFlags& flags) {
  absl::StatusOr<TimeOff> done = absl::InternalError("not asked");
  if (!flags.cancel.empty()) {
    if (!flags.from.empty() || !flags.until.empty())
      return absl::InvalidArgumentError("--cancel takes time off back; leave out --from and --until");
    DeleteTimeOffRequest request;
    request.set_name(flags.cancel.starts_with("timeOff/") ? flags.cancel : "timeOff/" + flags.cancel);
    request.set_request_id(session.NewRequestId());
    done = Ask<TimeOff>(session, "DeleteTimeOff", request);
  } else {
    if (flags.from.empty() || flags.until.empty())
      return absl::InvalidArgumentError("say from when with --from, and until when with --until");
    SetTimeOffRequest request;
    request.set_host(HostName(flags.host));
    ASSIGN_OR_RETURN(const absl::Time from, ReadMoment(session, "--from", flags.from));
    ASSIGN_OR_RETURN(const absl::Time until, ReadMoment(session, "--until", flags.until));
    *request.mutable_start_time() = rpc::ToTimestamp(from);
    *request.mutable_end_time() = rpc::ToTimestamp(until);
    request.set_force(flags.force);
    request.set_request_id(session.NewRequestId());
    done = Ask<TimeOff>(session, "SetTimeOff", request);
  }
  RETURN_IF_ERROR(done.status());
  if (session.output.json()) {
    session.output.Json(*done);
    return ExitCode::kOk;
  }
  const absl::Time now = session.clock.Now();
  session.output.Line(
      fmt::format("{} is {} from {} to {}. {}", HostText(done->host()),
                  flags.cancel.empty() ? "away" : "not away any more",
                  FormatMoment(rpc::FromTimestamp(done->start_time()), now, session.output.zone()),
                  FormatMoment(rpc::FromTimestamp(done->end_time()), now, session.output.zone()),
                  flags.cancel.empty() ? "Take it back with --cancel " + done->name() : ""));
  return ExitCode::kOk;
}

Action DeclareHostsOff(Flags& flags) {
  auto given = std::make_shared<OffFlags>();
  flags.Argument("HOST", given->host, "who is away");
  flags.Text("--from", "WHEN", given->from, "'Mon 09:00', 2026-12-24");
  flags.Text("--until", "WHEN", given->until, "when the host is back: 2026-12-28");
  flags.Switch("--force", given->force,
               "although meetings are set then: they are listed by finalmile overdue");
  flags.Text("--cancel", "NAME", given->cancel, "takes time off back: its name, as hosts show says it");
  return [given](Session& session) { return SetOff(session, *given); };
}

}  // namespace

void AddHosts(std::vector<Verb>& verbs) {
  verbs.push_back({"hosts list", "who holds meetings, and when each is free next", "finalmile hosts list",
                   DeclareHostsList});
  verbs.push_back(
      {"hosts show", "a host's hours and time off", "finalmile hosts show ben", DeclareHostsShow});
  verbs.push_back({"hosts set", "make a host, or change hours and limits",
                   "finalmile hosts set ben --zone America/New_York --hours 'Mon-Fri 09:00-17:00'",
                   DeclareHostsSet});
  verbs.push_back({"hosts off", "say when a host is away",
                   "finalmile hosts off ben --from 2026-12-24 --until 2026-12-28", DeclareHostsOff});
}

}  // namespace finalmile::cli
