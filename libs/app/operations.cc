#include "libs/app/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "finalmile/v1/operations_service.pb.h"
#include "libs/app/instants.h"
#include "libs/app/parked_operations.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/lag.h"
#include "libs/outbox/place.h"
#include "libs/rpc/errors.h"

namespace finalmile::app {
namespace {

// How long one service's figures from its store, or the log's, may take: what does not answer must not hide
// the others.
constexpr absl::Duration kFiguresTimeout = absl::Seconds(2);

class Operations {
 public:
  Operations(std::string version, std::vector<const Assembly*> assemblies,
             const rpc::Credentials* credentials, const Clock& clock, Log& log)
      : parked_(assemblies, log),
        version_(std::move(version)),
        assemblies_(std::move(assemblies)),
        credentials_(credentials),
        clock_(clock),
        log_(log),
        start_time_(clock.Now()),
        start_(clock.Steady()) {}

  absl::StatusOr<v1::Status> GetStatus(rpc::CallContext& context, const v1::GetStatusRequest&) const {
    v1::Status status;
    status.set_version(version_);
    SetTime(start_time_, *status.mutable_start_time());
    SetDuration(clock_.Steady() - start_, *status.mutable_uptime());
    if (credentials_ != nullptr) status.set_tokens_problem(std::string(credentials_->problem().message()));
    for (const Assembly* assembly : assemblies_) {
      RETURN_IF_ERROR(context.Check());
      SetService(context, *assembly, *status.add_services());
    }
    return status;
  }

  absl::StatusOr<v1::MoveConsumerResponse> MoveConsumer(rpc::CallContext& context,
                                                        const v1::MoveConsumerRequest& request) const {
    outbox::NewPlace place = request.offset();
    if (!request.has_offset()) {
      if (request.edge() == v1::MoveConsumerRequest::EDGE_UNSPECIFIED ||
          !v1::MoveConsumerRequest::Edge_IsValid(request.edge())) {
        return rpc::InvalidField("place", "is missing: give an offset, or an edge of the partition");
      }
      place = request.edge() == v1::MoveConsumerRequest::EDGE_EARLIEST ? outbox::PlaceEdge::kEarliest
                                                                       : outbox::PlaceEdge::kLatest;
    }
    const auto [assembly, consumer] = Find(request.consumer());
    if (consumer == nullptr) {
      return rpc::Error(
          absl::StatusCode::kNotFound, "CONSUMER_NOT_FOUND",
          fmt::format("there is no consumer {} in this process; `finalmile consumers list` names them",
                      Printable(request.consumer(), 100)),
          {{"resource", request.consumer()}});
    }
    const std::vector<std::string>& topics = consumer->topics();
    if (std::find(topics.begin(), topics.end(), request.topic()) == topics.end()) {
      return rpc::InvalidField(
          "topic", fmt::format("must be one that the consumer reads: {}", fmt::join(topics, ", ")));
    }
    const absl::StatusOr<outbox::Moved> moved = outbox::MovePlace(
        assembly->database(), assembly->events(), *consumer, {request.topic(), request.partition()}, place,
        request.dry_run(), context.deadline());
    const std::string why(moved.status().message());
    if (absl::IsNotFound(moved.status())) return rpc::InvalidField("partition", why);
    if (absl::IsInvalidArgument(moved.status())) return rpc::InvalidField("offset", why);
    RETURN_IF_ERROR(moved.status());
    if (!request.dry_run()) {
      log_.Info("a consumer was moved", {{"principal", context.principal().name()},
                                         {"consumer", request.consumer()},
                                         {"topic", request.topic()},
                                         {"partition", std::to_string(request.partition())},
                                         {"previous", std::to_string(moved->previous)},
                                         {"offset", std::to_string(moved->offset)}});
    }
    v1::MoveConsumerResponse response;
    response.set_previous_offset(moved->previous);
    response.set_offset(moved->offset);
    response.set_start_offset(moved->start);
    response.set_end_offset(moved->end);
    return response;
  }

  const ParkedOperations& parked() const { return parked_; }

 private:
  void SetService(rpc::CallContext& context, const Assembly& assembly, v1::ServiceStatus& out) const {
    out.set_service(std::string(assembly.name()));
    out.set_engine(assembly.database().engine() == storage::Engine::kSqlite ? "sqlite" : "postgresql");
    // Before the outbox: what is consumed meanwhile shows there, so that nothing on its way is missed.
    SetConsumers(context, assembly, out);
    if (const absl::StatusOr<Backlog> backlog = ReadBacklog(assembly.database(), Soon(context));
        backlog.ok()) {
      out.set_outbox_depth(backlog->outbox);
      if (backlog->oldest_event != absl::InfinitePast())
        SetTime(backlog->oldest_event, *out.mutable_oldest_event_time());
      out.set_parked_failed(backlog->parked.failed);
      out.set_parked_waiting(backlog->parked.waiting);
      if (backlog->parked.oldest != absl::InfinitePast()) {
        SetTime(backlog->parked.oldest, *out.mutable_oldest_parked_time());
      }
    } else {
      out.set_error(std::string(backlog.status().message()));
    }
    for (const auto& leader : assembly.leaders()) {
      auto& task = *out.add_leader_tasks();
      task.set_name(std::string(leader->name()));
      task.set_leader(leader->is_leader());
    }
  }

  void SetConsumers(rpc::CallContext& context, const Assembly& assembly, v1::ServiceStatus& out) const {
    std::vector<const outbox::ConsumerGroup*> consumers;
    for (const auto& consumer : assembly.consumers()) consumers.push_back(consumer.get());
    auto lags = outbox::ReadLags(assembly.database(), assembly.events(), consumers, Soon(context));
    if (!lags.ok()) {
      out.set_error(std::string(lags.status().message()));
      lags.emplace();
    }
    for (const outbox::ConsumerGroup* consumer : consumers) {
      const outbox::ConsumerStats stats = consumer->stats();
      auto& member = *out.add_consumers();
      member.set_name(std::string(consumer->name()));
      member.set_records(stats.records);
      member.set_batches(stats.batches);
      member.set_parked(stats.parked);
      member.set_duplicates(stats.duplicates);
      member.set_skipped_offsets(stats.skipped_offsets);
      member.set_fenced_batches(stats.fenced);
      member.set_truncated_partitions(stats.truncated);
      member.set_held_reason(stats.held_reason);
      if (stats.held > absl::ZeroDuration()) SetDuration(stats.held, *member.mutable_held_duration());
      if (const absl::Duration stalled = assembly.watch().Stalled(consumer->name());
          stalled >= StoreWatch::kStalledAfter) {
        SetDuration(stalled, *member.mutable_stalled_duration());
      }
      for (const outbox::Lag& lag : *lags) {
        if (lag.consumer != consumer->name()) continue;
        auto& of_topic = *member.add_lags();
        of_topic.set_topic(lag.topic);
        of_topic.set_records(lag.records);
        for (const outbox::Lag::Place& place : lag.places) {
          auto& partition = *member.add_partitions();
          partition.set_topic(lag.topic);
          partition.set_partition(place.partition);
          partition.set_next_offset(place.next);
          partition.set_end_offset(place.end);
        }
      }
    }
  }

  absl::Duration Soon(rpc::CallContext& context) const {
    return std::min(context.deadline(), clock_.Steady() + kFiguresTimeout);
  }

  // Null: no service of the process has this consumer.
  std::pair<const Assembly*, const outbox::ConsumerGroup*> Find(std::string_view consumer) const {
    for (const Assembly* assembly : assemblies_) {
      for (const auto& group : assembly->consumers()) {
        if (group->name() == consumer) return {assembly, group.get()};
      }
    }
    return {nullptr, nullptr};
  }

  const ParkedOperations parked_;
  const std::string version_;
  const std::vector<const Assembly*> assemblies_;
  const rpc::Credentials* const credentials_;
  const Clock& clock_;
  Log& log_;
  const absl::Time start_time_;
  const absl::Duration start_;
};

}  // namespace

std::unique_ptr<rpc::Service> NewOperationsService(std::string version,
                                                   std::vector<const Assembly*> assemblies,
                                                   const rpc::Credentials* credentials, const Clock& clock,
                                                   Log& log) {
  const auto operations =
      std::make_shared<const Operations>(std::move(version), std::move(assemblies), credentials, clock, log);
  // The descriptor of a generated file is found through any of its messages.
  auto service = std::make_unique<rpc::Service>(
      v1::GetStatusRequest::descriptor()->file()->FindServiceByName("OperationsService"));
  service->Unary<v1::GetStatusRequest, v1::Status>(
      "GetStatus",
      [operations](auto& context, const auto& request) { return operations->GetStatus(context, request); });
  service->Unary<v1::MoveConsumerRequest, v1::MoveConsumerResponse>(
      "MoveConsumer", [operations](auto& context, const auto& request) {
        return operations->MoveConsumer(context, request);
      });
  const auto parked = [&]<class Request, class Response>(
                          const std::string& method, absl::StatusOr<Response> (ParkedOperations::*function)(
                                                         rpc::CallContext&, const Request&) const) {
    service->Unary<Request, Response>(method, [operations, function](auto& context, const auto& request) {
      return (operations->parked().*function)(context, request);
    });
  };
  parked("ListParked", &ParkedOperations::List);
  parked("GetParked", &ParkedOperations::Get);
  parked("RetryParked", &ParkedOperations::Retry);
  parked("SkipParked", &ParkedOperations::Skip);
  parked("RetryMatchingParked", &ParkedOperations::RetryMatching);
  parked("SkipMatchingParked", &ParkedOperations::SkipMatching);
  return service;
}

}  // namespace finalmile::app
