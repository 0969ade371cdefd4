#include <fmt/format.h>

#include <fstream>
#include <memory>

#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/record_lines.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

struct RecordFlags {
  std::string file;
  std::string lead;
  std::string type;
  std::string source = "cli";
  std::string id;
  std::string time = "now";
  std::string subject;
  int64_t count = 1;
  double seconds = 0;
  bool outbound = false;
  bool automated = false;
  std::vector<std::string> properties;
};

// An external id with its source need not be known yet.
absl::Status SetLead(Session& session, const std::string& text, Activity& activity) {
  const size_t at = text.find('=');
  if (at == std::string::npos) {
    ASSIGN_OR_RETURN(*activity.mutable_lead(), ResolveLead(session, text));
    return absl::OkStatus();
  }
  activity.set_lead("leads/-");
  activity.mutable_external_id()->set_source(text.substr(0, at));
  activity.mutable_external_id()->set_id(text.substr(at + 1));
  return absl::OkStatus();
}

absl::StatusOr<Activity> FromFlags(Session& session, const RecordFlags& flags) {
  Activity activity;
  if (flags.lead.empty())
    return absl::InvalidArgumentError(
        "--lead is missing; or give activities as JSON lines in FILE (- for standard input)");
  if (flags.type.empty()) return absl::InvalidArgumentError("--type is missing: page_view, demo_request, …");
  absl::Time time;
  if (!ParseMoment(flags.time, session.clock.Now(), session.output.zone(), time)) {
    return absl::InvalidArgumentError(fmt::format(
        "--time '{}' must be a time such as 2026-03-01T09:00:00Z, 2026-03-01 or 2h (ago)", flags.time));
  }
  RETURN_IF_ERROR(SetLead(session, flags.lead, activity));
  activity.set_type(flags.type);
  activity.set_source(flags.source);
  activity.set_activity_id(flags.id.empty() ? NewUuid(session.clock, session.rng) : flags.id);
  *activity.mutable_event_time() = rpc::ToTimestamp(time);
  activity.set_subject(flags.subject);
  activity.set_count(static_cast<int32_t>(flags.count));
  activity.set_seconds(flags.seconds);
  activity.set_outbound(flags.outbound);
  activity.set_automated(flags.automated);
  for (const std::string& property : flags.properties) {
    const size_t at = property.find('=');
    if (at == std::string::npos || at == 0) {
      return absl::InvalidArgumentError(
          fmt::format("--property '{}' must have the form NAME=VALUE", property));
    }
    (*activity.mutable_properties())[property.substr(0, at)] = property.substr(at + 1);
  }
  return activity;
}

absl::StatusOr<ExitCode> Record(Session& session, const RecordFlags& flags) {
  if (flags.file == "-") return RecordLines(session, session.input);
  if (!flags.file.empty()) {
    std::ifstream file(flags.file);
    if (!file) return absl::NotFoundError(fmt::format("{}: cannot be read", flags.file));
    return RecordLines(session, file);
  }
  RecordActivityRequest request;
  ASSIGN_OR_RETURN(*request.mutable_activity(), FromFlags(session, flags));
  ASSIGN_OR_RETURN(const RecordActivityResponse response,
                   session.Call<RecordActivityResponse>("leads.v1.LeadService/RecordActivity", request));
  if (response.clock_ahead()) session.output.Note("Its time is later than now: it is dated by its arrival.");
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(request.activity());
  } else {
    session.output.Line(
        fmt::format("Recorded {} {}", request.activity().source(), request.activity().activity_id()));
  }
  return ExitCode::kOk;
}

Action DeclareRecord(Flags& flags) {
  auto given = std::make_shared<RecordFlags>();
  flags.OptionalArgument("FILE", given->file, "activities as JSON lines; - for standard input");
  flags.Text("--lead", "LEAD", given->lead, std::string("who did it: ") + kLeadHelp);
  flags.Text("--type", "TYPE", given->type, "what happened: page_view, demo_request, …");
  flags.Text("--source", "SOURCE", given->source, "the system that saw it (cli)");
  flags.Text("--id", "ID", given->id, "unique within the source; a repeat changes nothing (a new one)");
  flags.Text("--time", "TIME", given->time, "when: an RFC 3339 time, a date, or 2h for two hours ago (now)");
  flags.Text("--subject", "SUBJECT", given->subject, "what it was about: pricing, assets/…");
  flags.Number("--count", given->count, 1, 10'000, "how often");
  flags.Real("--seconds", given->seconds, 0, 1e9, "how long");
  flags.Switch("--outbound", given->outbound, "something we did: kept, never scored");
  flags.Switch("--automated", given->automated, "done by a machine: kept, never scored");
  flags.Texts("--property", "NAME=VALUE", given->properties, "a further fact");
  return [given](Session& session) { return Record(session, *given); };
}

struct ListFlags {
  std::string lead;
  int64_t limit = 50;
};

// The audit line of a deletion.
std::string DeletedText(Session& session, const DeletedActivity& line) {
  const Activity& activity = line.activity();
  return fmt::format("Deleted {} by {}: {} of {}, {} {}{}{}",
                     session.output.TimeText(rpc::FromTimestamp(line.delete_time())), line.caller(),
                     activity.type(), session.output.TimeText(rpc::FromTimestamp(activity.event_time())),
                     activity.source(), activity.activity_id(), line.reason().empty() ? "" : "; ",
                     line.reason());
}

absl::StatusOr<ExitCode> List(Session& session, const ListFlags& flags) {
  ListActivitiesRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveLead(session, flags.lead));
  std::vector<DeletedActivity> deleted;
  Table table({{"TIME"},
               {"TYPE"},
               {"SUBJECT", Align::kLeft, true},
               {"COUNT", Align::kRight},
               {"SECONDS", Align::kRight},
               {"SOURCE"},
               {"ID", Align::kLeft, true}});
  RETURN_IF_ERROR(session
                      .EachPage<ListActivitiesResponse>(
                          "leads.v1.LeadService/ListActivities", request, flags.limit,
                          [&](const ListActivitiesResponse& page) -> int64_t {
                            deleted.insert(deleted.end(), page.deleted().begin(), page.deleted().end());
                            for (const RecordedActivity& recorded : page.activities()) {
                              const Activity& activity = recorded.activity();
                              if (session.output.json()) session.output.Json(recorded);
                              table.Add({session.output.TimeText(rpc::FromTimestamp(activity.event_time())),
                                         activity.type(), activity.subject(),
                                         FormatCount(std::max(1, activity.count())),
                                         activity.seconds() > 0 ? FormatPoints(activity.seconds()) : "",
                                         activity.source(), activity.activity_id()});
                            }
                            return page.activities_size();
                          })
                      .status());
  if (session.output.json()) return ExitCode::kOk;
  session.output.Show(table);
  for (const DeletedActivity& line : deleted) session.output.Line(DeletedText(session, line));
  return ExitCode::kOk;
}

Action DeclareList(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  flags.Argument("LEAD", given->lead, kLeadHelp);
  flags.Number("--limit", given->limit, 1, 1'000'000, "at most so many");
  return [given](Session& session) { return List(session, *given); };
}

struct DeleteFlags {
  std::string source;
  std::string id;
  std::string reason;
};

absl::StatusOr<ExitCode> Delete(Session& session, const DeleteFlags& flags) {
  DeleteActivityRequest request;
  request.set_source(flags.source);
  request.set_activity_id(flags.id);
  request.set_reason(flags.reason);
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const DeletedActivity line,
                   session.Call<DeletedActivity>("leads.v1.LeadService/DeleteActivity", request));
  if (session.output.json()) {
    session.output.Json(line);
  } else {
    session.output.Line(DeletedText(session, line));
  }
  return ExitCode::kOk;
}

Action DeclareDelete(Flags& flags) {
  auto given = std::make_shared<DeleteFlags>();
  flags.Argument("SOURCE", given->source, "as finalmile activity list shows it");
  flags.Argument("ID", given->id, "as finalmile activity list shows it");
  flags.Text("--reason", "TEXT", given->reason, "why, for those who look later");
  return [given](Session& session) { return Delete(session, *given); };
}

}  // namespace

void AddActivity(std::vector<Verb>& verbs) {
  verbs.push_back(
      {"activity record", "what a lead did: from flags, or JSON lines in bulk",
       "finalmile activity record --lead 0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b11 --type demo_request",
       DeclareRecord});
  verbs.push_back({"activity delete", "take back an activity that was recorded wrongly",
                   "finalmile activity delete web 4711 --reason 'a test of the tracker'", DeclareDelete});
  verbs.push_back({"activity list", "what a lead did, newest first",
                   "finalmile activity list 0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b11", DeclareList});
}

}  // namespace finalmile::cli
