#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "absl/strings/numbers.h"
#include "finalmile/v1/operations_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/consumer_trouble.h"
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
                                  FormatCount(consumer.truncated_partitions()),
                                  TroubleOf(consumer)};
  if (consumer.lags().empty()) table.Add(row);
  for (const v1::TopicLag& lag : consumer.lags()) {
    row[1] = lag.topic();
    row[2] = FormatCount(lag.records());
    table.Add(row);
    row.assign(row.size(), "");
  }
}

bool IsHealthy(const v1::Status& status) {
  return status.tokens_problem().empty() &&
         std::all_of(
             status.services().begin(), status.services().end(), [](const v1::ServiceStatus& service) {
               return service.error().empty() &&
                      std::none_of(
                          service.consumers().begin(), service.consumers().end(),
                          [](const v1::ConsumerStatus& consumer) { return !TroubleOf(consumer).empty(); });
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
  if (!status.tokens_problem().empty()) {
    output.Line(fmt::format("The tokens file is malformed: {}", status.tokens_problem()));
  }
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
                   {"TRUNCATED", Align::kRight},
                   {"NOTE", Align::kLeft, true}});
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

absl::StatusOr<ExitCode> ListConsumers(Session& session) {
  ASSIGN_OR_RETURN(const v1::Status status,
                   session.Call<v1::Status>("v1.OperationsService/GetStatus", v1::GetStatusRequest()));
  const ExitCode code = IsHealthy(status) ? ExitCode::kOk : ExitCode::kFailed;
  Table table({{"CONSUMER"},
               {"TOPIC", Align::kLeft, true},
               {"PARTITION", Align::kRight},
               {"NEXT", Align::kRight},
               {"END", Align::kRight},
               {"LAG", Align::kRight}});
  for (const v1::ServiceStatus& service : status.services()) {
    for (const v1::ConsumerStatus& consumer : service.consumers()) {
      if (session.output.json()) session.output.Json(consumer);
      for (const v1::ConsumerPartition& partition : consumer.partitions()) {
        const int64_t lag = std::max<int64_t>(0, partition.end_offset() - partition.next_offset());
        table.Add({consumer.name(), partition.topic(), std::to_string(partition.partition()),
                   FormatCount(partition.next_offset()), FormatCount(partition.end_offset()),
                   FormatCount(lag)});
      }
    }
    if (!service.error().empty())
      session.output.Note(fmt::format("{}: {}", service.service(), service.error()));
  }
  if (!session.output.json()) session.output.Show(table);
  return code;
}

Action DeclareListConsumers(Flags&) {
  return [](Session& session) { return ListConsumers(session); };
}

struct SkipToFlags {
  std::string consumer;
  std::string topic;
  std::string partition;
  std::string place;
  bool dry_run = false;
};

absl::Status SetNumber(std::string_view name, const std::string& text, auto& number) {
  if (absl::SimpleAtoi(text, &number) && number >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{} must be a whole number of at least 0, not {}", name, text));
}

absl::StatusOr<ExitCode> SkipTo(Session& session, const SkipToFlags& flags) {
  v1::MoveConsumerRequest request;
  request.set_consumer(flags.consumer);
  request.set_topic(flags.topic);
  int32_t partition = 0;
  RETURN_IF_ERROR(SetNumber("PARTITION", flags.partition, partition));
  request.set_partition(partition);
  if (flags.place == "earliest") {
    request.set_edge(v1::MoveConsumerRequest::EDGE_EARLIEST);
  } else if (flags.place == "latest") {
    request.set_edge(v1::MoveConsumerRequest::EDGE_LATEST);
  } else {
    int64_t offset = 0;
    RETURN_IF_ERROR(SetNumber("OFFSET, when not earliest or latest,", flags.place, offset));
    request.set_offset(offset);
  }
  request.set_dry_run(flags.dry_run);
  ASSIGN_OR_RETURN(const auto moved,
                   session.Call<v1::MoveConsumerResponse>("v1.OperationsService/MoveConsumer", request));
  if (session.output.json()) {
    session.output.Json(moved);
    return ExitCode::kOk;
  }
  const int64_t by = moved.offset() - moved.previous_offset();
  session.output.Line(fmt::format("{} from offset {} to {}: {} offsets {}. The partition holds {} to {}.",
                                  flags.dry_run ? "Would go" : "Goes", FormatCount(moved.previous_offset()),
                                  FormatCount(moved.offset()), FormatCount(std::abs(by)),
                                  by >= 0 ? "are passed over" : "are read again",
                                  FormatCount(moved.start_offset()), FormatCount(moved.end_offset())));
  return ExitCode::kOk;
}

Action DeclareSkipTo(Flags& flags) {
  auto given = std::make_shared<SkipToFlags>();
  flags.Argument("CONSUMER", given->consumer, "its name, as consumers list gives it");
  flags.Argument("TOPIC", given->topic, "one that it reads");
  flags.Argument("PARTITION", given->partition, "the partition's number, from 0");
  flags.Argument("OFFSET", given->place, "the offset to be consumed next, earliest or latest");
  flags.Switch("--dry-run", given->dry_run, "say what would change, and change nothing");
  return [given](Session& session) { return SkipTo(session, *given); };
}

}  // namespace

void AddOperations(std::vector<Verb>& verbs) {
  verbs.push_back({"status", "which suite answers, and how it is", "finalmile status --json", DeclareStatus});
  verbs.push_back({"consumers list", "where each consumer is in each partition", "finalmile consumers list",
                   DeclareListConsumers});
  verbs.push_back({"consumers skip-to", "have a consumer go on at another offset of a partition",
                   "finalmile consumers skip-to leads.activities finalmile.leads.activities.v1 3 earliest",
                   DeclareSkipTo});
}

}  // namespace finalmile::cli
