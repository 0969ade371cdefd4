#include <fmt/format.h>

#include <memory>

#include "absl/strings/escaping.h"
#include "finalmile/v1/operations_service.pb.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/events/decode.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

std::string StateText(const v1::ParkedRecord& record) {
  return EnumText(v1::ParkedRecord::State_Name(record.state()), "STATE_");
}

absl::StatusOr<ExitCode> ListParked(Session& session, int64_t limit) {
  v1::ListParkedRequest request;
  Table table({{"STATE"},
               {"TRIES", Align::kRight},
               {"PARKED"},
               {"KEY", Align::kLeft, true},
               {"SEQ", Align::kRight},
               {"REASON", Align::kLeft, true},
               {"RECORD"}});
  int64_t shown = 0;
  RETURN_IF_ERROR(session
                      .EachPage<v1::ListParkedResponse>(
                          "v1.OperationsService/ListParked", request, limit,
                          [&](const v1::ListParkedResponse& page) -> int64_t {
                            for (const v1::ParkedRecord& record : page.parked_records()) {
                              if (session.output.json()) session.output.Json(record);
                              table.Add({StateText(record), FormatCount(record.tries()),
                                         session.output.TimeText(rpc::FromTimestamp(record.park_time())),
                                         record.key(), record.seq() == 0 ? "" : FormatCount(record.seq()),
                                         record.reason(), record.name()});
                            }
                            shown += page.parked_records_size();
                            return page.parked_records_size();
                          })
                      .status());
  if (!session.output.json()) session.output.Show(table);
  if (shown == 0) session.output.Note("Nothing is parked.");
  return ExitCode::kOk;
}

Action DeclareListParked(Flags& flags) {
  auto limit = std::make_shared<int64_t>(100);
  flags.Number("--limit", *limit, 1, 1'000'000, "at most so many");
  return [limit](Session& session) { return ListParked(session, *limit); };
}

// The topic in "services/{service}/parkedRecords/{consumer}:{topic}:{partition}:{offset}".
std::string TopicOf(const std::string& name) {
  const size_t from = name.find(':');
  const size_t to = name.find(':', from + 1);
  return from == std::string::npos || to == std::string::npos ? "" : name.substr(from + 1, to - from - 1);
}

absl::StatusOr<ExitCode> ShowParked(Session& session, const std::string& name) {
  v1::GetParkedRequest request;
  request.set_name(name);
  ASSIGN_OR_RETURN(const v1::ParkedRecord record,
                   session.Call<v1::ParkedRecord>("v1.OperationsService/GetParked", request));
  Output& output = session.output;
  if (output.json()) {
    output.Json(record);
    return ExitCode::kOk;
  }
  output.Line(record.name());
  output.Line(fmt::format("{}, {} tries: {}", StateText(record), record.tries(), record.reason()));
  output.Line(fmt::format("Key {}, seq {}, parked {}, in the log since {}", record.key(), record.seq(),
                          output.TimeText(rpc::FromTimestamp(record.park_time())),
                          output.TimeText(rpc::FromTimestamp(record.record_time()))));
  for (const auto& header : record.headers())
    output.Line(fmt::format("{}: {}", header.key(), Printable(header.value(), 1000)));
  output.Line();
  const absl::StatusOr<DecodedEvent> event = DecodeEvent(TopicOf(record.name()), record.value());
  if (event.ok()) {
    output.Json(*event->message);
  } else {
    output.Line(fmt::format("{} ({} bytes): {}", std::string(event.status().message()), record.value().size(),
                            absl::CHexEscape(record.value().substr(0, 200))));
  }
  return ExitCode::kOk;
}

std::shared_ptr<std::string> DeclareRecord(Flags& flags) {
  auto name = std::make_shared<std::string>();
  flags.Argument("RECORD", *name, "its name, as parked list gives it");
  return name;
}

Action DeclareShowParked(Flags& flags) {
  return [name = DeclareRecord(flags)](Session& session) { return ShowParked(session, *name); };
}

struct ResolveFlags {
  std::string record;
  bool all = false;
  bool waiting = false;
  bool dry_run = false;
  std::string service;
  std::string consumer;
  std::string topic;
  std::string key;
  std::string reason;
  std::string source;

  bool filters() const { return waiting || !(service + consumer + topic + key + reason + source).empty(); }
};

// What differs between retrying and giving up.
struct Resolution {
  std::string one;
  std::string matching;
  std::string_view one_done;
  std::string_view done;
  std::string_view failed;
};

absl::Status Check(const ResolveFlags& flags) {
  if (flags.record.empty() && !flags.all && !flags.filters()) {
    return absl::InvalidArgumentError(
        "give a RECORD, or --all, or which ones: --consumer, --topic, --reason, …");
  }
  if (!flags.record.empty() && (flags.all || flags.filters() || flags.dry_run)) {
    return absl::InvalidArgumentError("give either a RECORD or what names several, not both");
  }
  return absl::OkStatus();
}

template <class Request, class Response>
absl::StatusOr<ExitCode> ResolveMatching(Session& session, const ResolveFlags& flags,
                                         const Resolution& resolution) {
  Request request;
  if (!flags.service.empty()) request.set_parent("services/" + flags.service);
  v1::ParkedFilter& filter = *request.mutable_filter();
  filter.set_consumer(flags.consumer);
  filter.set_topic(flags.topic);
  filter.set_key(flags.key);
  filter.set_reason(flags.reason);
  filter.set_source(flags.source);
  if (flags.waiting) filter.set_state(v1::ParkedRecord::STATE_WAITING);
  request.set_dry_run(flags.dry_run);
  int64_t matched = 0;
  int64_t done = 0;
  int64_t failed = 0;
  do {
    ASSIGN_OR_RETURN(const Response page, session.Call<Response>(resolution.matching, request));
    if (session.output.json()) session.output.Json(page);
    for (const std::string& name : page.names()) {
      if (!session.output.json()) session.output.Line(name);
    }
    matched += page.matched();
    done += page.done();
    failed += page.failed();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (session.output.json()) return failed == 0 ? ExitCode::kOk : ExitCode::kFailed;
  session.output.Line(
      flags.dry_run ? fmt::format("{} records would be touched; nothing was changed.", FormatCount(matched))
                    : fmt::format("{} {}, {} {}.", FormatCount(done), resolution.done, FormatCount(failed),
                                  resolution.failed));
  return failed == 0 ? ExitCode::kOk : ExitCode::kFailed;
}

template <class One, class OneResponse, class Matching, class MatchingResponse>
Action DeclareResolve(Flags& flags, const Resolution& resolution) {
  auto given = std::make_shared<ResolveFlags>();
  flags.OptionalArgument("RECORD", given->record, "its name, as parked list gives it");
  flags.Switch("--all", given->all, "all failed records, a page at a time");
  flags.Text("--service", "NAME", given->service, "those of a service: leads");
  flags.Text("--consumer", "NAME", given->consumer, "those of a consumer: leads.activities");
  flags.Text("--topic", "TOPIC", given->topic, "those of a topic");
  flags.Text("--key", "KEY", given->key, "those of a key");
  flags.Text("--reason", "TEXT", given->reason, "those with this in their reason");
  flags.Text("--source", "SOURCE", given->source, "those of a producer, by the header ce_source");
  flags.Switch("--dry-run", given->dry_run, "name them, and change nothing");
  if (resolution.one.ends_with("SkipParked")) {
    flags.Switch("--waiting", given->waiting,
                 "those that wait behind a missing one, in place of failed ones");
  }
  return [given, resolution](Session& session) -> absl::StatusOr<ExitCode> {
    RETURN_IF_ERROR(Check(*given));
    if (given->record.empty())
      return ResolveMatching<Matching, MatchingResponse>(session, *given, resolution);
    One request;
    request.set_name(given->record);
    ASSIGN_OR_RETURN(const OneResponse response, session.Call<OneResponse>(resolution.one, request));
    if (session.output.json()) {
      session.output.Json(response);
    } else {
      session.output.Line(resolution.one_done);
    }
    return ExitCode::kOk;
  };
}

Action DeclareRetry(Flags& flags) {
  return DeclareResolve<v1::RetryParkedRequest, v1::RetryParkedResponse, v1::RetryMatchingParkedRequest,
                        v1::RetryMatchingParkedResponse>(
      flags, {"v1.OperationsService/RetryParked", "v1.OperationsService/RetryMatchingParked",
              "Applied, with those that waited for it.", "applied", "failed again"});
}

Action DeclareSkip(Flags& flags) {
  return DeclareResolve<v1::SkipParkedRequest, v1::SkipParkedResponse, v1::SkipMatchingParkedRequest,
                        v1::SkipMatchingParkedResponse>(
      flags, {"v1.OperationsService/SkipParked", "v1.OperationsService/SkipMatchingParked",
              "Given up; those that waited for it are applied.", "given up",
              "not, since an earlier one of their key is parked"});
}

}  // namespace

void AddParked(std::vector<Verb>& verbs) {
  verbs.push_back(
      {"parked list", "what waits for a person's decision", "finalmile parked list", DeclareListParked});
  verbs.push_back({"parked show", "one record, decoded",
                   "finalmile parked show "
                   "services/leads/parkedRecords/leads.activities:finalmile.leads.activities.v1:3:120",
                   DeclareShowParked});
  verbs.push_back({"parked retry", "apply one or many again, once the cause is gone",
                   "finalmile parked retry "
                   "services/leads/parkedRecords/leads.activities:finalmile.leads.activities.v1:3:120",
                   DeclareRetry});
  verbs.push_back({"parked skip", "give one or many up for good",
                   "finalmile parked skip "
                   "services/leads/parkedRecords/leads.activities:finalmile.leads.activities.v1:3:120",
                   DeclareSkip});
}

}  // namespace finalmile::cli
