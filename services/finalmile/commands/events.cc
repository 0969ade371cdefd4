#include <fmt/format.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "finalmile/v1/events_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/events/decode.h"
#include "services/finalmile/output/text.h"

namespace finalmile::cli {
namespace {

constexpr absl::Duration kTailTimeout = absl::Hours(6);
constexpr absl::Duration kListTimeout = absl::Seconds(10);

struct TailFlags {
  std::string topic = "leads.events";
  std::string type;
  bool from_start = false;
  bool until_now = false;
};

// The value of a record that is no event, or holds what JSON cannot, is given as its bytes in base64.
absl::StatusOr<nlohmann::ordered_json> JsonOf(const v1::EventRecord& record,
                                              const absl::StatusOr<DecodedEvent>& event) {
  v1::EventRecord head = record;
  head.clear_value();
  ASSIGN_OR_RETURN(const std::string text, ToJson(head, /*with_defaults=*/false));
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(text);
  json["type"] = event.ok() ? event->type : "";
  const absl::StatusOr<std::string> value = event.ok() ? ToJson(*event->message, false) : event.status();
  json["value"] = value.ok() ? nlohmann::ordered_json::parse(*value)
                             : nlohmann::ordered_json(absl::Base64Escape(record.value()));
  return json;
}

absl::Status Print(const v1::EventRecord& record, const TailFlags& flags, Output& output) {
  const absl::StatusOr<DecodedEvent> event = DecodeEvent(record.topic(), record.value());
  const std::string type = event.ok() ? event->type : "";
  if (!flags.type.empty() && type != flags.type) return absl::OkStatus();
  if (output.json()) {
    ASSIGN_OR_RETURN(const nlohmann::ordered_json json, JsonOf(record, event));
    output.Json(json);
  } else {
    const std::string time =
        absl::FormatTime("%Y-%m-%d %H:%M:%S", rpc::FromTimestamp(record.time()), output.zone());
    const absl::StatusOr<std::string> value = event.ok() ? ToJson(*event->message, false) : event.status();
    output.Line(fmt::format("{}  {}  {}  {}", time, type.empty() ? "?" : type, record.key(),
                            value.ok() ? *value : std::string(value.status().message())));
  }
  return output.Written();
}

absl::Status TailThroughSuite(Session& session, const TailFlags& flags) {
  ASSIGN_OR_RETURN(rpc::Channel * channel, session.connector.Channel());
  v1::TailEventsRequest request;
  request.add_topics(TopicName(flags.topic));
  request.set_from_start(flags.from_start);
  request.set_until_now(flags.until_now || session.connector.IsOwn());
  const auto stream = channel->Open("/finalmile.v1.EventsService/TailEvents", {.timeout = kTailTimeout});
  if (stream->Write(request)) stream->WritesDone();
  for (v1::TailEventsResponse response; stream->Read(response);) {
    for (const v1::EventRecord& record : response.records())
      RETURN_IF_ERROR(Print(record, flags, session.output));
  }
  return stream->Finish();
}

absl::Status TailDirectly(Session& session, const TailFlags& flags) {
  ASSIGN_OR_RETURN(events::EventLog * log, session.connector.Events());
  const std::unique_ptr<WaitEvent> wake = session.clock.NewWaitEvent();
  ASSIGN_OR_RETURN(const auto tail,
                   log->OpenTail({TopicName(flags.topic)},
                                 flags.from_start ? events::TailFrom::kStart : events::TailFrom::kEnd,
                                 session.clock.Steady() + session.timeout, *wake));
  while (true) {
    wake->Clear();
    const bool caught_up = tail->caught_up();
    ASSIGN_OR_RETURN(const std::vector<events::Record> records, tail->Poll(1000));
    for (const events::Record& from : records) {
      v1::EventRecord record;
      record.set_topic(from.topic);
      record.set_partition(from.partition);
      record.set_offset(from.offset);
      *record.mutable_time() = rpc::ToTimestamp(from.time);
      record.set_key(from.key);
      record.set_value(from.value);
      RETURN_IF_ERROR(Print(record, flags, session.output));
    }
    if (flags.until_now && caught_up && records.empty()) return absl::OkStatus();
    if (records.empty()) wake->WaitUntil(session.clock.Steady() + absl::Seconds(1));
  }
}

bool EventsAreGiven(Session& session) {
  const config::Assignments settings = session.connector.Settings();
  return std::any_of(settings.begin(), settings.end(),
                     [](const auto& setting) { return setting.first == "events"; });
}

absl::StatusOr<ExitCode> Tail(Session& session, const TailFlags& flags) {
  RETURN_IF_ERROR(EventsAreGiven(session) ? TailDirectly(session, flags) : TailThroughSuite(session, flags));
  return ExitCode::kOk;
}

Action DeclareTail(Flags& flags) {
  auto given = std::make_shared<TailFlags>();
  flags.OptionalArgument("TOPIC", given->topic, "leads.events by default, leads.activities, …");
  flags.Text("--type", "TYPE", given->type, "only these: LeadBecameSalesReady, …");
  flags.Switch("--from-start", given->from_start, "everything that the topic still holds, then what follows");
  flags.Switch("--until-now", given->until_now, "end instead of waiting for more");
  return [given](Session& session) { return Tail(session, *given); };
}

// Through the suite, or from the event log that --events names.
absl::StatusOr<v1::ListTopicsResponse> ReadTopics(Session& session) {
  if (!EventsAreGiven(session)) {
    return session.Call<v1::ListTopicsResponse>("v1.EventsService/ListTopics", v1::ListTopicsRequest());
  }
  ASSIGN_OR_RETURN(events::EventLog * log, session.connector.Events());
  ASSIGN_OR_RETURN(const auto topics, log->ListTopics(session.clock.Steady() + kListTimeout));
  v1::ListTopicsResponse response;
  for (const events::TopicSpec& topic : topics) {
    v1::Topic& to = *response.add_topics();
    to.set_name(topic.name);
    to.set_partitions(topic.partitions);
    if (topic.retention != absl::InfiniteDuration())
      to.set_retention_days(absl::FDivDuration(topic.retention, absl::Hours(24)));
  }
  return response;
}

absl::StatusOr<ExitCode> ListTopics(Session& session) {
  ASSIGN_OR_RETURN(const v1::ListTopicsResponse response, ReadTopics(session));
  Table table({{"TOPIC"}, {"PARTITIONS", Align::kRight}, {"KEPT"}});
  for (const v1::Topic& topic : response.topics()) {
    if (session.output.json()) session.output.Json(topic);
    table.Add({topic.name(), fmt::format("{}", topic.partitions()),
               topic.retention_days() > 0 ? fmt::format("{:g} days", topic.retention_days()) : "for ever"});
  }
  if (!session.output.json()) session.output.Show(table);
  return ExitCode::kOk;
}

Action DeclareListTopics(Flags&) {
  return [](Session& session) { return ListTopics(session); };
}

}  // namespace

void AddEvents(std::vector<Verb>& verbs) {
  verbs.push_back({"events tail", "what the services told each other, decoded",
                   "finalmile events tail --from-start --type LeadBecameSalesReady", DeclareTail});
  verbs.push_back({"topics list", "the topics that exist", "finalmile topics list", DeclareListTopics});
}

}  // namespace finalmile::cli
