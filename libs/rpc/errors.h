#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

// Errors of calls. Details (google.rpc.ErrorInfo, BadRequest, RetryInfo) travel as payloads of absl::Status,
// on both sides of the wire; only the adapters in this folder turn them into gRPC statuses and back. Pure
// functions.
namespace finalmile::rpc {

using ErrorMetadata = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// An error with an ErrorInfo: `reason` is stable, UPPER_SNAKE_CASE, at most 63 characters; `message` is for
// people. The server fills in the domain.
absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message,
                   ErrorMetadata metadata = {});

// NOT_FOUND / LEAD_NOT_FOUND for ("leads/…", "lead"); metadata: resource.
absl::Status NotFound(std::string_view resource, std::string_view kind);

// INVALID_ARGUMENT / INVALID_FIELDS with one violation.
absl::Status InvalidField(std::string_view field, std::string_view description);

// The same error, whose ErrorInfo says this as well.
absl::Status WithMetadata(absl::Status status,
                          const std::vector<std::pair<std::string, std::string>>& metadata);

// Collects what is wrong with a request, so that the caller hears of everything at once. Not thread-safe.
class FieldViolations {
 public:
  // `field` is a path from the request message ("lead.attributes[3].name"); `description` says what to do
  // ("must be 0 to 100"). Neither holds personal data.
  void Add(std::string_view field, std::string_view description);
  bool empty() const { return violations_.field_violations().empty(); }
  // OK when empty; else INVALID_ARGUMENT / INVALID_FIELDS whose message names the first field and counts the
  // others.
  absl::Status ToStatus() const;

 private:
  google::rpc::BadRequest violations_;
};

// The same error with a RetryInfo: the caller may repeat the call after `delay`.
absl::Status WithRetry(absl::Status status, absl::Duration delay);

// What a status carries; empty or nullopt when it does not.
std::string ReasonOf(const absl::Status& status);
std::optional<google::rpc::ErrorInfo> ErrorInfoOf(const absl::Status& status);
std::vector<google::rpc::BadRequest::FieldViolation> ViolationsOf(const absl::Status& status);
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

// UNKNOWN, INTERNAL, DATA_LOSS: what went wrong is for the server's log, not for the caller.
bool ServerAtFault(absl::StatusCode code);

// What the caller is told of `status`, an error. Where the server is at fault, message and payloads are
// replaced. Every error has an ErrorInfo afterwards, at least with its code as reason, and `domain`
// ("leads.finalmile"). Message and details are cut to fit the 8 KiB of metadata that gRPC clients accept; the
// first violations stay.
absl::Status ForCaller(const absl::Status& status, std::string_view domain);

google::rpc::Status ToProto(const absl::Status& status);
absl::Status FromProto(const google::rpc::Status& status);

}  // namespace finalmile::rpc
