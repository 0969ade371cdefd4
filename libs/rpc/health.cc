#include "libs/rpc/health.h"

#include <algorithm>
#include <optional>

#include "fmt/format.h"
#include "grpc/health/v1/health.pb.h"

namespace finalmile::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthCheckResponse Saying(HealthCheckResponse::ServingStatus status) {
  HealthCheckResponse response;
  response.set_status(status);
  return response;
}

}  // namespace

// One running Watch.
struct Health::Watcher {
  Watcher(Health& health, WaitEvent& wake, bool known) : health(health), wake(wake), known(known) {
    std::lock_guard lock(health.mutex_);
    health.watchers_.push_back(&wake);
  }
  ~Watcher() {
    std::lock_guard lock(health.mutex_);
    health.watchers_.erase(std::find(health.watchers_.begin(), health.watchers_.end(), &wake));
  }

  // What has not been said yet.
  std::vector<HealthCheckResponse> Next() {
    std::lock_guard lock(health.mutex_);
    const auto now = !known            ? HealthCheckResponse::SERVICE_UNKNOWN
                     : health.serving_ ? HealthCheckResponse::SERVING
                                       : HealthCheckResponse::NOT_SERVING;
    if (said == now) return {};
    said = now;
    return {Saying(now)};
  }

  Health& health;
  WaitEvent& wake;
  const bool known;
  std::optional<HealthCheckResponse::ServingStatus> said;
};

Health::Health(const std::vector<const Service*>& services)
    : service_(HealthCheckRequest::descriptor()->file()->FindServiceByName("Health")) {
  names_.emplace_back();
  for (const Service* service : services) names_.push_back(service->descriptor().full_name());
  const auto known = [this](const std::string& name) {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  };
  const auto check = [this, known](CallContext&,
                                   const HealthCheckRequest& request) -> absl::StatusOr<HealthCheckResponse> {
    if (!known(request.service())) {
      return absl::NotFoundError(fmt::format("there is no service {}", request.service()));
    }
    std::lock_guard lock(mutex_);
    return Saying(serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  };
  service_.Unary<HealthCheckRequest, HealthCheckResponse>("Check", check);
  service_.Inline<HealthCheckRequest>(
      "Check",
      [check](CallContext& context,
              const HealthCheckRequest& request) -> std::optional<absl::StatusOr<SharedBytes>> {
        const auto response = check(context, request);
        if (!response.ok()) return response.status();
        return std::make_shared<const std::string>(response->SerializeAsString());
      });
  service_.ServerStream<HealthCheckRequest, HealthCheckResponse>(
      "Watch",
      [this, known](CallContext& context,
                    const HealthCheckRequest& request) -> absl::StatusOr<Chunks<HealthCheckResponse>> {
        const auto watcher = std::make_shared<Watcher>(*this, context.wake(), known(request.service()));
        return [watcher](CallContext&) -> absl::StatusOr<std::optional<std::vector<HealthCheckResponse>>> {
          return watcher->Next();
        };
      });
}

void Health::SetServing(bool serving) {
  std::lock_guard lock(mutex_);
  serving_ = serving;
  for (WaitEvent* wake : watchers_) wake->Set();
}

}  // namespace finalmile::rpc
