#include "libs/rpc/client.h"

#include "grpc/health/v1/health.pb.h"

namespace finalmile::rpc {

absl::StatusOr<bool> IsServing(Channel& channel, std::string_view service, absl::Duration timeout) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(std::string(service));
  CallOptions options;
  options.timeout = timeout;
  options.retry = false;
  const auto reply =
      channel.Call<grpc::health::v1::HealthCheckResponse>("/grpc.health.v1.Health/Check", request, options);
  if (!reply.ok()) return reply.status();
  return reply->status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

}  // namespace finalmile::rpc
