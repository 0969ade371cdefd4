#include "libs/app/parked_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <utility>

#include "libs/app/instants.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/parked.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"

namespace finalmile::app {
namespace {

constexpr size_t kLongestShown = 256;
// Less time than this is not begun with on another record.
constexpr absl::Duration kShortestTry = absl::Seconds(2);

// What names a parked record: its service, consumer and position.
struct RecordName {
  std::string service;
  outbox::ParkedRecord record;
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
      !ParseNumber(*partition, parsed.record.record.partition) ||
      !ParseNumber(rest, parsed.record.record.offset)) {
    return rpc::InvalidField(
        "name",
        "must be services/SERVICE/parkedRecords/CONSUMER:TOPIC:PARTITION:OFFSET, as ListParked gives it");
  }
  parsed.service = *service;
  parsed.record.consumer = *consumer;
  parsed.record.record.topic = *topic;
  return parsed;
}

std::string Shown(std::string_view bytes) { return Printable(bytes, kLongestShown); }

void SetRecord(std::string_view service, const outbox::ParkedRecord& parked, v1::ParkedRecord& out) {
  out.set_name(NameOf(service, parked));
  out.set_state(parked.state == outbox::kFailed ? v1::ParkedRecord::STATE_FAILED
                                                : v1::ParkedRecord::STATE_WAITING);
  out.set_reason(parked.reason);
  out.set_tries(parked.tries);
  SetTime(parked.parked_time, *out.mutable_park_time());
  SetTime(parked.record.time, *out.mutable_record_time());
  out.set_key(Shown(parked.record.key));
  out.set_seq(parked.seq);
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

absl::Status Read(rpc::CallContext& context, const Assembly& assembly,
                  const storage::TransactionFunction& function) {
  return assembly.database().Transact({.deadline = context.deadline(), .read_only = true}, function);
}

absl::Status Missing(std::string_view name) {
  return rpc::Error(absl::StatusCode::kNotFound, "PARKED_RECORD_NOT_FOUND",
                    fmt::format("there is no parked record {}", name), {{"resource", name}});
}

outbox::ParkedFilter FilterOf(const v1::ParkedFilter& filter) {
  return {.consumer = filter.consumer(),
          .topic = filter.topic(),
          .key = filter.key(),
          .state = std::string(filter.state() == v1::ParkedRecord::STATE_WAITING ? outbox::kWaiting
                                                                                 : outbox::kFailed),
          .reason = filter.reason()};
}

// Calls `take` with each parked record that the filter names, oldest first, over the page that begins where
// `page` says, until it returns false. The token of what follows; empty: nothing does.
absl::StatusOr<std::string> EachOfPage(
    rpc::CallContext& context, const std::vector<const Assembly*>& listed, const rpc::Page& page,
    const outbox::ParkedFilter& filter,
    const std::function<absl::StatusOr<bool>(const Assembly&, const outbox::ParkedRecord&)>& take) {
  bool begun = page.first();
  int left = page.size();
  std::vector<storage::Value> cursor;
  for (const Assembly* assembly : listed) {
    const bool resumes = !begun && storage::Row(page.cursor()).Text(0) == assembly->name();
    if (!begun && !resumes) continue;
    begun = true;
    const outbox::ParkedRecord position = resumes ? PositionOf(page.cursor()) : outbox::ParkedRecord();
    std::vector<outbox::ParkedRecord> records;
    RETURN_IF_ERROR(Read(context, *assembly, [&](storage::Transaction& transaction) -> absl::Status {
      // One more than fits tells whether there is a further page.
      ASSIGN_OR_RETURN(records,
                       outbox::ListParked(transaction, filter, left + 1, resumes ? &position : nullptr));
      return absl::OkStatus();
    }));
    for (const outbox::ParkedRecord& parked : records) {
      if (left == 0) return page.NextToken(cursor);
      ASSIGN_OR_RETURN(const bool more, take(*assembly, parked));
      --left;
      cursor = CursorOf(assembly->name(), parked);
      if (!more) return page.NextToken(cursor);
    }
  }
  return std::string();
}

// Whether the record's header ce_source is `source`.
absl::StatusOr<bool> IsFrom(rpc::CallContext& context, const Assembly& assembly,
                            const outbox::ParkedRecord& parked, const std::string& source) {
  bool from = false;
  const outbox::Position position = outbox::PositionOf(parked.record);
  RETURN_IF_ERROR(Read(context, assembly, [&](storage::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const auto loaded, outbox::LoadParked(transaction, parked.consumer, {position}));
    const auto record = loaded.find(position);
    from = record != loaded.end() &&
           std::any_of(
               record->second.record.headers.begin(), record->second.record.headers.end(),
               [&](const auto& header) { return header.first == "ce_source" && header.second == source; });
    return absl::OkStatus();
  }));
  return from;
}

}  // namespace

absl::StatusOr<v1::ListParkedResponse> ParkedOperations::List(rpc::CallContext& context,
                                                              const v1::ListParkedRequest& request) const {
  ASSIGN_OR_RETURN(const std::vector<const Assembly*> listed, Listed(request.parent()));
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request, CursorOf({}, {})));
  v1::ListParkedResponse response;
  rpc::AnswerRoom room(context.answers().most);
  ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                   EachOfPage(context, listed, page, {},
                              [&](const Assembly& assembly, const outbox::ParkedRecord& parked) {
                                v1::ParkedRecord& record = *response.add_parked_records();
                                SetRecord(assembly.name(), parked, record);
                                // The last one is below what the room leaves free.
                                return room.Take(record);
                              }));
  return response;
}

absl::StatusOr<v1::ParkedRecord> ParkedOperations::Get(rpc::CallContext& context,
                                                       const v1::GetParkedRequest& request) const {
  ASSIGN_OR_RETURN(const RecordName name, ParseName(request.name()));
  const Assembly* assembly = Find(name.service);
  if (assembly == nullptr) return Missing(request.name());
  outbox::ParkedRecord parked;
  const absl::Status read = Read(context, *assembly, [&](storage::Transaction& transaction) -> absl::Status {
    const events::Record& record = name.record.record;
    ASSIGN_OR_RETURN(parked, outbox::GetParked(transaction, name.record.consumer, record.topic,
                                               record.partition, record.offset));
    return absl::OkStatus();
  });
  if (absl::IsNotFound(read)) return Missing(request.name());
  RETURN_IF_ERROR(read);
  v1::ParkedRecord record;
  SetRecord(assembly->name(), parked, record);
  record.set_raw_key(parked.record.key);
  record.set_value(parked.record.value);
  for (const auto& [key, value] : parked.record.headers) {
    auto& header = *record.add_headers();
    header.set_key(Shown(key));
    header.set_value(value);
  }
  return record;
}

absl::StatusOr<v1::RetryParkedResponse> ParkedOperations::Retry(rpc::CallContext& context,
                                                                const v1::RetryParkedRequest& request) const {
  RETURN_IF_ERROR(
      ResolveOne(context, request.name(), &outbox::Consumer::Retry, "a parked record was applied"));
  return v1::RetryParkedResponse();
}

absl::StatusOr<v1::SkipParkedResponse> ParkedOperations::Skip(rpc::CallContext& context,
                                                              const v1::SkipParkedRequest& request) const {
  RETURN_IF_ERROR(
      ResolveOne(context, request.name(), &outbox::Consumer::Skip, "a parked record was given up"));
  return v1::SkipParkedResponse();
}

absl::StatusOr<v1::RetryMatchingParkedResponse> ParkedOperations::RetryMatching(
    rpc::CallContext& context, const v1::RetryMatchingParkedRequest& request) const {
  return ResolveMatching<v1::RetryMatchingParkedResponse>(context, request, &outbox::Consumer::Retry,
                                                          "parked records were retried");
}

absl::StatusOr<v1::SkipMatchingParkedResponse> ParkedOperations::SkipMatching(
    rpc::CallContext& context, const v1::SkipMatchingParkedRequest& request) const {
  return ResolveMatching<v1::SkipMatchingParkedResponse>(context, request, &outbox::Consumer::Skip,
                                                         "parked records were given up");
}

const Assembly* ParkedOperations::Find(std::string_view service) const {
  for (const Assembly* assembly : assemblies_) {
    if (assembly->name() == service) return assembly;
  }
  return nullptr;
}

absl::StatusOr<std::vector<const Assembly*>> ParkedOperations::Listed(const std::string& parent) const {
  if (parent.empty()) return assemblies_;
  constexpr std::string_view kCollection = "services/";
  const std::string_view name = parent;
  const Assembly* assembly = name.starts_with(kCollection) ? Find(name.substr(kCollection.size())) : nullptr;
  if (assembly != nullptr) return std::vector<const Assembly*>{assembly};
  std::vector<std::string> known;
  for (const Assembly* one : assemblies_) known.push_back(fmt::format("services/{}", one->name()));
  return rpc::InvalidField("parent", fmt::format("must be empty or one of {}", fmt::join(known, ", ")));
}

absl::Status ParkedOperations::Resolve(rpc::CallContext& context, const Assembly& assembly,
                                       const outbox::ParkedRecord& record, Resolution resolution) {
  for (const auto& consumer : assembly.consumers()) {
    if (consumer->name() != record.consumer) continue;
    return (*consumer->members().front().*resolution)(record.record.topic, record.record.partition,
                                                      record.record.offset, context.deadline());
  }
  return absl::NotFoundError("no such consumer");
}

absl::Status ParkedOperations::ResolveOne(rpc::CallContext& context, const std::string& name,
                                          Resolution resolution, std::string_view message) const {
  ASSIGN_OR_RETURN(const RecordName parsed, ParseName(name));
  const Assembly* assembly = Find(parsed.service);
  if (assembly == nullptr) return Missing(name);
  const absl::Status done = Resolve(context, *assembly, parsed.record, resolution);
  if (absl::IsNotFound(done)) return Missing(name);
  if (absl::IsFailedPrecondition(done)) {
    return rpc::Error(done.code(), "PARKED_RECORD_FAILED", std::string(done.message()));
  }
  RETURN_IF_ERROR(done);
  log_.Info(message, {{"principal", context.principal().name()}, {"record", name}});
  return absl::OkStatus();
}

template <class Response, class Request>
absl::StatusOr<Response> ParkedOperations::ResolveMatching(rpc::CallContext& context, const Request& request,
                                                           Resolution resolution,
                                                           std::string_view message) const {
  ASSIGN_OR_RETURN(const std::vector<const Assembly*> listed, Listed(request.parent()));
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request, CursorOf({}, {}),
                                                       {.standard = 100, .most = 500}));
  const std::string& source = request.filter().source();
  Response response;
  const auto take = [&](const Assembly& assembly,
                        const outbox::ParkedRecord& parked) -> absl::StatusOr<bool> {
    if (!source.empty()) {
      ASSIGN_OR_RETURN(const bool from, IsFrom(context, assembly, parked, source));
      if (!from) return context.Remaining() > kShortestTry;
    }
    absl::Status done;
    if (!request.dry_run()) done = Resolve(context, assembly, parked, resolution);
    // Somebody else has decided about it, or it was drained behind an earlier one.
    if (absl::IsNotFound(done)) return context.Remaining() > kShortestTry;
    if (!done.ok() && !absl::IsFailedPrecondition(done)) return done;
    response.set_matched(response.matched() + 1);
    if (request.dry_run() || !done.ok()) response.add_names(NameOf(assembly.name(), parked));
    if (!request.dry_run()) {
      if (done.ok()) {
        response.set_done(response.done() + 1);
      } else {
        response.set_failed(response.failed() + 1);
      }
    }
    return context.Remaining() > kShortestTry;
  };
  const absl::StatusOr<std::string> next =
      EachOfPage(context, listed, page, FilterOf(request.filter()), take);
  if (!request.dry_run() && response.matched() > 0) {
    log_.Info(message, {{"principal", context.principal().name()},
                        {"consumer", Printable(request.filter().consumer(), kLongestShown)},
                        {"topic", Printable(request.filter().topic(), kLongestShown)},
                        {"done", std::to_string(response.done())},
                        {"failed", std::to_string(response.failed())}});
  }
  RETURN_IF_ERROR(next.status());
  response.set_next_page_token(*next);
  return response;
}

}  // namespace finalmile::app
