#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "absl/strings/escaping.h"
#include "finalmile/v1/operations_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/events/decode.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

// A row for each topic; what is counted for the consumer as a whole stands in the first.
void AddConsumer(const v1::ConsumerStatus& consumer, Table& table) {
  std::vector<std::string> row = {consumer.name(),
                                  "",
                                  "",
                                  FormatCount(consumer.records()),
                                  FormatCount(consumer.parked()),
                                  FormatCount(consumer.duplicates()),
                                  FormatCount(consumer.fenced_batches()),
                                  FormatCount(consumer.truncated_partitions())};
  if (consumer.lags().empty()) table.Add(row);
  for (const v1::TopicLag& lag : consumer.lags()) {
    row[1] = lag.topic();
    row[2] = FormatCount(lag.records());
    table.Add(row);
    row.assign(row.size(), "");
  }
}

bool IsHealthy(const v1::Status& status) {
  return std::all_of(
      status.services().begin(), status.services().end(), [](const v1::ServiceStatus& service) {
        return service.error().empty() && std::none_of(service.consumers().begin(), service.consumers().end(),
                                                       [](const v1::ConsumerStatus& consumer) {
                                                         return consumer.truncated_partitions() > 0;
                                                       });
      });
}

absl::StatusOr<ExitCode> Status(Session& session) {
  ASSIGN_OR_RETURN(const v1::Status status,
                   session.Call<v1::Status>("v1.OperationsService/GetStatus", v1::GetStatusRequest()));
  const ExitCode code = IsHealthy(status) ? ExitCode::kOk : ExitCode::kFailed;
  Output& output = session.output;
  if (output.json()) {
    output.Json(status);
    return code;
  }
  output.Line(fmt::format("finalmile {}, {}, since {}", status.version(), session.connector.Where(),
                          output.TimeText(rpc::FromTimestamp(status.start_time()))));
  output.Line();
  Table table({{"SERVICE"},
               {"STORE"},
               {"OUTBOX", Align::kRight},
               {"FAILED", Align::kRight},
               {"WAITING", Align::kRight},
               {"OLDEST PARKED"},
               {"NOTE", Align::kLeft, true}});
  for (const v1::ServiceStatus& service : status.services()) {
    table.Add({service.service(), service.engine(), FormatCount(service.outbox_depth()),
               FormatCount(service.parked_failed()), FormatCount(service.parked_waiting()),
               service.has_oldest_parked_time()
                   ? output.TimeText(rpc::FromTimestamp(service.oldest_parked_time()))
                   : "",
               service.error()});
  }
  output.Show(table);
  output.Line();
  Table consumers({{"CONSUMER"},
                   {"TOPIC", Align::kLeft, true},
                   {"LAG", Align::kRight},
                   {"RECORDS", Align::kRight},
                   {"PARKED", Align::kRight},
                   {"DUPLICATES", Align::kRight},
                   {"FENCED", Align::kRight},
                   {"TRUNCATED", Align::kRight}});
  for (const v1::ServiceStatus& service : status.services()) {
    for (const v1::ConsumerStatus& consumer : service.consumers()) {
      AddConsumer(consumer, consumers);
    }
  }
  output.Show(consumers);
  return code;
}

Action DeclareStatus(Flags&) {
  return [](Session& session) { return Status(session); };
}

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
    output.Line(fmt::format("{}: {}", header.key(), header.value()));
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

template <class Request, class Response>
absl::StatusOr<ExitCode> Resolve(Session& session, const std::string& name, std::string_view method,
                                 std::string_view done) {
  Request request;
  request.set_name(name);
  ASSIGN_OR_RETURN(const Response response, session.Call<Response>(method, request));
  if (session.output.json()) {
    session.output.Json(response);
  } else {
    session.output.Line(done);
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

Action DeclareRetry(Flags& flags) {
  return [name = DeclareRecord(flags)](Session& session) {
    return Resolve<v1::RetryParkedRequest, v1::RetryParkedResponse>(
        session, *name, "v1.OperationsService/RetryParked", "Applied, with those that waited for it.");
  };
}

Action DeclareSkip(Flags& flags) {
  return [name = DeclareRecord(flags)](Session& session) {
    return Resolve<v1::SkipParkedRequest, v1::SkipParkedResponse>(
        session, *name, "v1.OperationsService/SkipParked", "Given up; those that waited for it are applied.");
  };
}

}  // namespace

void AddOperations(std::vector<Verb>& verbs) {
  verbs.push_back({"status", "which suite answers, and how it is", "finalmile status --json", DeclareStatus});
  verbs.push_back(
      {"parked list", "what waits for a person's decision", "finalmile parked list", DeclareListParked});
  verbs.push_back({"parked show", "one record, decoded",
                   "finalmile parked show "
                   "services/leads/parkedRecords/leads.activities:finalmile.leads.activities.v1:3:120",
                   DeclareShowParked});
  verbs.push_back({"parked retry", "apply it again, once its cause is gone",
                   "finalmile parked retry "
                   "services/leads/parkedRecords/leads.activities:finalmile.leads.activities.v1:3:120",
                   DeclareRetry});
  verbs.push_back({"parked skip", "give it up for good",
                   "finalmile parked skip "
                   "services/leads/parkedRecords/leads.activities:finalmile.leads.activities.v1:3:120",
                   DeclareSkip});
}

}  // namespace finalmile::cli
