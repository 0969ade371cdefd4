#include "libs/app/events_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "finalmile/v1/events_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"

namespace finalmile::app {
namespace {

constexpr int kChunk = 200;
constexpr absl::Duration kOpenTimeout = absl::Seconds(10);

v1::EventRecord ToProto(const events::Record& record) {
  v1::EventRecord to;
  to.set_topic(record.topic);
  to.set_partition(record.partition);
  to.set_offset(record.offset);
  *to.mutable_time() = rpc::ToTimestamp(record.time);
  to.set_key(record.key);
  to.set_value(record.value);
  return to;
}

// As rpc::Chunks: nothing while the tail has to wait, nullopt at its end.
absl::StatusOr<std::optional<std::vector<v1::TailEventsResponse>>> Next(events::Tail& tail, bool until_now) {
  // Asked before the records are read: what it counts is then among them.
  const bool caught_up = tail.caught_up();
  ASSIGN_OR_RETURN(const std::vector<events::Record> records, tail.Poll(kChunk));
  if (records.empty() && until_now && caught_up) return std::nullopt;
  if (records.empty()) return std::vector<v1::TailEventsResponse>();
  v1::TailEventsResponse response;
  for (const events::Record& record : records) *response.add_records() = ToProto(record);
  return std::vector<v1::TailEventsResponse>{std::move(response)};
}

absl::StatusOr<rpc::Chunks<v1::TailEventsResponse>> Open(events::EventLog& events, Clock& clock,
                                                         rpc::CallContext& context,
                                                         const v1::TailEventsRequest& request) {
  if (request.topics().empty()) return rpc::InvalidField("topics", "must name at least one topic");
  const absl::Duration deadline = clock.Steady() + kOpenTimeout;
  ASSIGN_OR_RETURN(const std::vector<events::TopicSpec> known, events.ListTopics(deadline));
  for (const std::string& topic : request.topics()) {
    const bool exists =
        std::any_of(known.begin(), known.end(), [&](const auto& spec) { return spec.name == topic; });
    if (!exists) return rpc::NotFound(topic, "topic");
  }
  ASSIGN_OR_RETURN(std::shared_ptr<events::Tail> tail,
                   events.OpenTail({request.topics().begin(), request.topics().end()},
                                   request.from_start() ? events::TailFrom::kStart : events::TailFrom::kEnd,
                                   deadline, context.wake()));
  return [tail = std::move(tail), until_now = request.until_now()](rpc::CallContext&) {
    return Next(*tail, until_now);
  };
}

absl::StatusOr<v1::ListTopicsResponse> List(events::EventLog& events, rpc::CallContext& context) {
  ASSIGN_OR_RETURN(const std::vector<events::TopicSpec> topics, events.ListTopics(context.deadline()));
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

}  // namespace

std::unique_ptr<rpc::Service> NewEventsService(events::EventLog& events, Clock& clock) {
  auto service = std::make_unique<rpc::Service>(
      v1::TailEventsRequest::descriptor()->file()->FindServiceByName("EventsService"));
  service->ServerStream<v1::TailEventsRequest, v1::TailEventsResponse>(
      "TailEvents", [&events, &clock](rpc::CallContext& context, const v1::TailEventsRequest& request) {
        return Open(events, clock, context, request);
      });
  service->Unary<v1::ListTopicsRequest, v1::ListTopicsResponse>(
      "ListTopics",
      [&events](rpc::CallContext& context, const v1::ListTopicsRequest&) { return List(events, context); });
  return service;
}

}  // namespace finalmile::app
