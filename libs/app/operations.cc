#include "libs/app/operations.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "finalmile/v1/operations_service.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/lag.h"
#include "libs/outbox/parked.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"

namespace finalmile::app {
namespace {

// Of one service's figures from its store, or from the log: what does not answer must not hide the others.
constexpr absl::Duration kFiguresTimeout = absl::Seconds(2);

void SetTime(absl::Time time, google::protobuf::Timestamp& out) {
  const int64_t micros = ToMicros(time);
  const int64_t seconds = absl::ToUnixSeconds(time);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>((micros - seconds * 1'000'000) * 1000));
}

void SetDuration(absl::Duration duration, google::protobuf::Duration& out) {
  absl::Duration rest;
  out.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  out.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
}

// What names a parked record.
struct RecordName {
  std::string service;
  std::string consumer;
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
};

template <typename Number>
bool ParseNumber(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0;
}

// Takes what stands before `separator` off `text`.
std::optional<std::string_view> Take(std::string_view& text, char separator) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

std::string NameOf(std::string_view service, const outbox::ParkedRecord& parked) {
  return fmt::format("services/{}/parkedRecords/{}:{}:{}:{}", service, parked.consumer, parked.record.topic,
                     parked.record.partition, parked.record.offset);
}

absl::StatusOr<RecordName> ParseName(const std::string& name) {
  std::string_view rest = name;
  const auto collection = Take(rest, '/');
  const auto service = Take(rest, '/');
  const auto records = Take(rest, '/');
  const auto consumer = Take(rest, ':');
  const auto topic = Take(rest, ':');
  const auto partition = Take(rest, ':');
  RecordName parsed;
  if (collection != "services" || records != "parkedRecords" || !consumer || !topic || !partition ||
      !ParseNumber(*partition, parsed.partition) || !ParseNumber(rest, parsed.offset)) {
    return rpc::InvalidField(
        "name",
        "must be services/SERVICE/parkedRecords/CONSUMER:TOPIC:PARTITION:OFFSET, as ListParked gives it");
  }
  parsed.service = *service;
  parsed.consumer = *consumer;
  parsed.topic = *topic;
  return parsed;
}

void SetRecord(std::string_view service, const outbox::ParkedRecord& parked, bool content,
               v1::ParkedRecord& out) {
  out.set_name(NameOf(service, parked));
  out.set_state(parked.state == outbox::kWaiting ? v1::ParkedRecord::STATE_WAITING
                                                 : v1::ParkedRecord::STATE_FAILED);
  out.set_reason(parked.reason);
  out.set_tries(parked.tries);
  SetTime(parked.parked_time, *out.mutable_park_time());
  SetTime(parked.record.time, *out.mutable_record_time());
  out.set_key(parked.record.key);
  out.set_seq(parked.seq);
  if (!content) return;
  out.set_value(parked.record.value);
  for (const auto& [key, value] : parked.record.headers) {
    auto& header = *out.add_headers();
    header.set_key(key);
    header.set_value(value);
  }
}

// What a page of parked records ends with: the service and the position in its store.
std::vector<storage::Value> CursorOf(std::string_view service, const outbox::ParkedRecord& last) {
  return {std::string(service), ToMicros(last.parked_time),     last.consumer,
          last.record.topic,    int64_t{last.record.partition}, last.record.offset};
}

outbox::ParkedRecord PositionOf(const std::vector<storage::Value>& cursor) {
  const storage::Row row(cursor);
  outbox::ParkedRecord position;
  position.parked_time = FromMicros(row.Int(1));
  position.consumer = row.Text(2);
  position.record.topic = row.Text(3);
  position.record.partition = static_cast<int32_t>(row.Int(4));
  position.record.offset = row.Int(5);
  return position;
}

class Operations {
 public:
  Operations(std::string version, std::vector<const Assembly*> assemblies, const Clock& clock)
      : version_(std::move(version)),
        assemblies_(std::move(assemblies)),
        clock_(clock),
        start_time_(clock.Now()),
        start_(clock.Steady()) {}

  absl::StatusOr<v1::Status> GetStatus(rpc::CallContext& context, const v1::GetStatusRequest&) const {
    v1::Status status;
    status.set_version(version_);
    SetTime(start_time_, *status.mutable_start_time());
    SetDuration(clock_.Steady() - start_, *status.mutable_uptime());
    for (const Assembly* assembly : assemblies_) {
      RETURN_IF_ERROR(context.Check());
      SetService(context, *assembly, *status.add_services());
    }
    return status;
  }

  absl::StatusOr<v1::ListParkedResponse> ListParked(rpc::CallContext& context,
                                                    const v1::ListParkedRequest& request) const {
    ASSIGN_OR_RETURN(const std::vector<const Assembly*> listed, Listed(request.parent()));
    ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(request, CursorOf({}, {})));
    v1::ListParkedResponse response;
    bool begun = page.first();
    std::vector<storage::Value> cursor;
    for (const Assembly* assembly : listed) {
      const bool resumes = !begun && storage::Row(page.cursor()).Text(0) == assembly->name();
      if (!begun && !resumes) continue;
      begun = true;
      const outbox::ParkedRecord position = resumes ? PositionOf(page.cursor()) : outbox::ParkedRecord();
      // One more than fits tells whether there is a further page.
      const int room = page.size() + 1 - response.parked_records_size();
      std::vector<outbox::ParkedRecord> records;
      RETURN_IF_ERROR(Read(context, *assembly, [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(records, outbox::ListParked(transaction, room, resumes ? &position : nullptr));
        return absl::OkStatus();
      }));
      for (const outbox::ParkedRecord& parked : records) {
        if (response.parked_records_size() == page.size()) {
          response.set_next_page_token(page.NextToken(cursor));
          return response;
        }
        SetRecord(assembly->name(), parked, false, *response.add_parked_records());
        cursor = CursorOf(assembly->name(), parked);
      }
    }
    return response;
  }

  absl::StatusOr<v1::ParkedRecord> GetParked(rpc::CallContext& context,
                                             const v1::GetParkedRequest& request) const {
    ASSIGN_OR_RETURN(const RecordName name, ParseName(request.name()));
    const Assembly* assembly = Find(name.service);
    if (assembly == nullptr) return Missing(request.name());
    outbox::ParkedRecord parked;
    // Not a read-only transaction: the row is locked.
    const absl::Status read = assembly->database().Transact(
        {.deadline = context.deadline()}, [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(
              parked, outbox::GetParked(transaction, name.consumer, name.topic, name.partition, name.offset));
          return absl::OkStatus();
        });
    if (absl::IsNotFound(read)) return Missing(request.name());
    RETURN_IF_ERROR(read);
    v1::ParkedRecord record;
    SetRecord(assembly->name(), parked, true, record);
    return record;
  }

  absl::StatusOr<v1::RetryParkedResponse> RetryParked(rpc::CallContext& context,
                                                      const v1::RetryParkedRequest& request) const {
    RETURN_IF_ERROR(Resolve(context, request.name(), &outbox::Consumer::Retry));
    return v1::RetryParkedResponse();
  }

  absl::StatusOr<v1::SkipParkedResponse> SkipParked(rpc::CallContext& context,
                                                    const v1::SkipParkedRequest& request) const {
    RETURN_IF_ERROR(Resolve(context, request.name(), &outbox::Consumer::Skip));
    return v1::SkipParkedResponse();
  }

 private:
  void SetService(rpc::CallContext& context, const Assembly& assembly, v1::ServiceStatus& out) const {
    out.set_service(std::string(assembly.name()));
    out.set_engine(assembly.database().engine() == storage::Engine::kSqlite ? "sqlite" : "postgresql");
    // Before the outbox: what is consumed meanwhile shows there, so that nothing on its way is missed.
    SetConsumers(context, assembly, out);
    if (const absl::StatusOr<Backlog> backlog = ReadBacklog(assembly.database(), Soon(context));
        backlog.ok()) {
      out.set_outbox_depth(backlog->outbox);
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
      task.set_leader(leader->leads());
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
      for (const outbox::Lag& lag : *lags) {
        if (lag.consumer != consumer->name()) continue;
        auto& of_topic = *member.add_lags();
        of_topic.set_topic(lag.topic);
        of_topic.set_records(lag.records);
      }
    }
  }

  absl::Duration Soon(rpc::CallContext& context) const {
    return std::min(context.deadline(), clock_.Steady() + kFiguresTimeout);
  }

  const Assembly* Find(std::string_view service) const {
    for (const Assembly* assembly : assemblies_) {
      if (assembly->name() == service) return assembly;
    }
    return nullptr;
  }

  absl::StatusOr<std::vector<const Assembly*>> Listed(const std::string& parent) const {
    if (parent.empty()) return assemblies_;
    constexpr std::string_view kCollection = "services/";
    const std::string_view name = parent;
    const Assembly* assembly =
        name.starts_with(kCollection) ? Find(name.substr(kCollection.size())) : nullptr;
    if (assembly != nullptr) return std::vector<const Assembly*>{assembly};
    std::vector<std::string> known;
    for (const Assembly* one : assemblies_) known.push_back(fmt::format("services/{}", one->name()));
    return rpc::InvalidField("parent", fmt::format("must be empty or one of {}", fmt::join(known, ", ")));
  }

  static absl::Status Missing(std::string_view name) {
    return rpc::Error(absl::StatusCode::kNotFound, "PARKED_RECORD_NOT_FOUND",
                      fmt::format("there is no parked record {}", name), {{"resource", name}});
  }

  static absl::Status Read(rpc::CallContext& context, const Assembly& assembly,
                           const storage::TransactionFunction& function) {
    return assembly.database().Transact({.deadline = context.deadline(), .read_only = true}, function);
  }

  using Resolution = absl::Status (outbox::Consumer::*)(std::string_view, int32_t, int64_t, absl::Duration);
  absl::Status Resolve(rpc::CallContext& context, const std::string& record, Resolution resolution) const {
    ASSIGN_OR_RETURN(const RecordName name, ParseName(record));
    const Assembly* assembly = Find(name.service);
    if (assembly == nullptr) return Missing(record);
    for (const auto& consumer : assembly->consumers()) {
      if (consumer->name() != name.consumer) continue;
      absl::Status done = (*consumer->members().front().*resolution)(name.topic, name.partition, name.offset,
                                                                     context.deadline());
      if (absl::IsNotFound(done)) return Missing(record);
      if (absl::IsFailedPrecondition(done)) {
        return rpc::Error(done.code(), "PARKED_RECORD_FAILED", std::string(done.message()));
      }
      return done;
    }
    return Missing(record);
  }

  const std::string version_;
  const std::vector<const Assembly*> assemblies_;
  const Clock& clock_;
  const absl::Time start_time_;
  const absl::Duration start_;
};

}  // namespace

std::unique_ptr<rpc::Service> NewOperationsService(std::string version,
                                                   std::vector<const Assembly*> assemblies,
                                                   const Clock& clock) {
  const auto operations =
      std::make_shared<const Operations>(std::move(version), std::move(assemblies), clock);
  // The descriptor of a generated file is found through any of its messages.
  auto service = std::make_unique<rpc::Service>(
      v1::GetStatusRequest::descriptor()->file()->FindServiceByName("OperationsService"));
  service->Unary<v1::GetStatusRequest, v1::Status>(
      "GetStatus",
      [operations](auto& context, const auto& request) { return operations->GetStatus(context, request); });
  service->Unary<v1::ListParkedRequest, v1::ListParkedResponse>(
      "ListParked",
      [operations](auto& context, const auto& request) { return operations->ListParked(context, request); });
  service->Unary<v1::GetParkedRequest, v1::ParkedRecord>(
      "GetParked",
      [operations](auto& context, const auto& request) { return operations->GetParked(context, request); });
  service->Unary<v1::RetryParkedRequest, v1::RetryParkedResponse>(
      "RetryParked",
      [operations](auto& context, const auto& request) { return operations->RetryParked(context, request); });
  service->Unary<v1::SkipParkedRequest, v1::SkipParkedResponse>(
      "SkipParked",
      [operations](auto& context, const auto& request) { return operations->SkipParked(context, request); });
  return service;
}

}  // namespace finalmile::app
