#include "libs/rpc/errors.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/cord.h"
#include "fmt/format.h"

namespace finalmile::rpc {
namespace {

constexpr std::string_view kTypePrefix = "type.googleapis.com/";
// Sent twice (grpc-message, percent-encoded, and inside the details), so well below the metadata limit.
constexpr size_t kMaxMessage = 512;
// Grows by a third in base64.
constexpr size_t kMaxDetails = 4096;
constexpr int kMaxViolations = 100;

template <class Detail>
absl::string_view TypeUrl() {
  static const std::string* const url =
      new std::string(std::string(kTypePrefix) + Detail::descriptor()->full_name());
  return *url;
}

template <class Detail>
void Attach(absl::Status& status, const Detail& detail) {
  status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

template <class Detail>
std::optional<Detail> Get(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(TypeUrl<Detail>());
  Detail detail;
  if (!payload || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// At most `size` bytes, never ending inside a UTF-8 sequence.
std::string_view Cut(std::string_view text, size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

}  // namespace

absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message,
                   ErrorMetadata metadata) {
  absl::Status status(code, View(message));
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[std::string(key)] = std::string(value);
  Attach(status, info);
  return status;
}

absl::Status WithMetadata(absl::Status status,
                          const std::vector<std::pair<std::string, std::string>>& metadata) {
  google::rpc::ErrorInfo info = ErrorInfoOf(status).value_or(google::rpc::ErrorInfo());
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  Attach(status, info);
  return status;
}

absl::Status NotFound(std::string_view resource, std::string_view kind) {
  return Error(absl::StatusCode::kNotFound, Upper(kind) + "_NOT_FOUND",
               fmt::format("there is no {} {}", kind, resource), {{"resource", resource}});
}

absl::Status InvalidField(std::string_view field, std::string_view description) {
  FieldViolations violations;
  violations.Add(field, description);
  return violations.ToStatus();
}

void FieldViolations::Add(std::string_view field, std::string_view description) {
  if (violations_.field_violations_size() == kMaxViolations) return;
  auto* violation = violations_.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(description));
}

absl::Status FieldViolations::ToStatus() const {
  if (empty()) return absl::OkStatus();
  const auto& first = violations_.field_violations(0);
  std::string message = fmt::format("{}: {}", first.field(), first.description());
  if (const int more = violations_.field_violations_size() - 1; more > 0) {
    message += fmt::format(" (and {} more)", more);
  }
  absl::Status status = Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELDS", message);
  Attach(status, violations_);
  return status;
}

absl::Status WithRetry(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo info;
  const int64_t nanos = absl::ToInt64Nanoseconds(std::max(delay, absl::ZeroDuration()));
  info.mutable_retry_delay()->set_seconds(nanos / 1'000'000'000);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  Attach(status, info);
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const auto info = ErrorInfoOf(status);
  return info ? info->reason() : "";
}

std::optional<google::rpc::ErrorInfo> ErrorInfoOf(const absl::Status& status) {
  return Get<google::rpc::ErrorInfo>(status);
}

std::vector<google::rpc::BadRequest::FieldViolation> ViolationsOf(const absl::Status& status) {
  const auto bad = Get<google::rpc::BadRequest>(status);
  if (!bad) return {};
  return {bad->field_violations().begin(), bad->field_violations().end()};
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  const auto info = Get<google::rpc::RetryInfo>(status);
  if (!info) return std::nullopt;
  return absl::Seconds(info->retry_delay().seconds()) + absl::Nanoseconds(info->retry_delay().nanos());
}

bool ServerAtFault(absl::StatusCode code) {
  return code == absl::StatusCode::kUnknown || code == absl::StatusCode::kInternal ||
         code == absl::StatusCode::kDataLoss;
}

absl::Status ForCaller(const absl::Status& status, std::string_view domain) {
  const std::string code = absl::StatusCodeToString(status.code());
  absl::Status told(status.code(),
                    absl::IsUnknown(status)
                        ? "whether the call took effect is not known: look, or repeat it if it "
                          "has a request_id"
                        : "the server failed; its log says why");
  if (!ServerAtFault(status.code())) {
    told = absl::Status(status.code(),
                        View(Cut({status.message().data(), status.message().size()}, kMaxMessage)));
    status.ForEachPayload([&](absl::string_view url, const absl::Cord& data) { told.SetPayload(url, data); });
  }
  google::rpc::ErrorInfo info = ErrorInfoOf(told).value_or(google::rpc::ErrorInfo());
  if (info.reason().empty()) info.set_reason(code);
  if (info.domain().empty()) info.set_domain(std::string(domain));
  Attach(told, info);

  google::rpc::BadRequest violations = Get<google::rpc::BadRequest>(told).value_or(google::rpc::BadRequest());
  while (violations.field_violations_size() > 1 && ToProto(told).ByteSizeLong() > kMaxDetails) {
    violations.mutable_field_violations()->RemoveLast();
    Attach(told, violations);
  }
  if (ToProto(told).ByteSizeLong() > kMaxDetails) {
    told = Error(told.code(), Cut(info.reason(), 63), {told.message().data(), told.message().size()});
    google::rpc::ErrorInfo bare = *ErrorInfoOf(told);
    bare.set_domain(std::string(domain));
    Attach(told, bare);
  }
  return told;
}

google::rpc::Status ToProto(const absl::Status& status) {
  google::rpc::Status proto;
  proto.set_code(static_cast<int32_t>(status.code()));
  proto.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& data) {
    auto* detail = proto.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(data));
  });
  return proto;
}

absl::Status FromProto(const google::rpc::Status& proto) {
  absl::Status status(static_cast<absl::StatusCode>(proto.code()), proto.message());
  for (const auto& detail : proto.details()) status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  return status;
}

}  // namespace finalmile::rpc
