#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/v1/operations_service.pb.h"
#include "libs/app/assembly.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/rpc/context.h"

namespace finalmile::app {

// The methods of finalmile.v1.OperationsService on parked records (see its proto), over the services of a
// process. What was changed, and by whom, is logged. Thread-safe.
class ParkedOperations {
 public:
  // The assemblies and `log` outlive it.
  ParkedOperations(const std::vector<const Assembly*>& assemblies, Log& log)
      : assemblies_(assemblies), log_(log) {}

  absl::StatusOr<v1::ListParkedResponse> List(rpc::CallContext& context,
                                              const v1::ListParkedRequest& request) const;
  absl::StatusOr<v1::ParkedRecord> Get(rpc::CallContext& context, const v1::GetParkedRequest& request) const;
  absl::StatusOr<v1::RetryParkedResponse> Retry(rpc::CallContext& context,
                                                const v1::RetryParkedRequest& request) const;
  absl::StatusOr<v1::SkipParkedResponse> Skip(rpc::CallContext& context,
                                              const v1::SkipParkedRequest& request) const;
  absl::StatusOr<v1::RetryMatchingParkedResponse> RetryMatching(
      rpc::CallContext& context, const v1::RetryMatchingParkedRequest& request) const;
  absl::StatusOr<v1::SkipMatchingParkedResponse> SkipMatching(
      rpc::CallContext& context, const v1::SkipMatchingParkedRequest& request) const;

 private:
  // Retry or Skip of a consumer.
  using Resolution = absl::Status (outbox::Consumer::*)(std::string_view, int32_t, int64_t, absl::Duration);

  const Assembly* Find(std::string_view service) const;
  absl::StatusOr<std::vector<const Assembly*>> Listed(const std::string& parent) const;
  // NOT_FOUND without a detail where there is no such record.
  static absl::Status Resolve(rpc::CallContext& context, const Assembly& assembly,
                              const outbox::ParkedRecord& record, Resolution resolution);
  absl::Status ResolveOne(rpc::CallContext& context, const std::string& name, Resolution resolution,
                          std::string_view message) const;
  template <class Response, class Request>
  absl::StatusOr<Response> ResolveMatching(rpc::CallContext& context, const Request& request,
                                           Resolution resolution, std::string_view message) const;

  const std::vector<const Assembly*> assemblies_;
  Log& log_;
};

}  // namespace finalmile::app
