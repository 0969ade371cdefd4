#include "libs/rpc/server.h"

#include <grpc/grpc.h>
#include <grpc/support/time.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <mutex>

#include "fmt/format.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/health/v1/health.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/generic_service.h"
#include "libs/rpc/listen_address.h"

namespace finalmile::rpc {
namespace {

int Millis(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

void Configure(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(
      static_cast<int>(std::min<size_t>(2 * options.max_message_bytes, INT_MAX)));
  builder.SetMaxSendMessageSize(-1);
  // Two servers would share a port silently.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Millis(options.max_connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Millis(options.max_stream_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Millis(absl::Seconds(30)));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Millis(absl::Seconds(10)));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Millis(absl::Seconds(10)));
  // Only reflection is served synchronously.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
}

}  // namespace

class Server::Impl {
 public:
  absl::Status Start(const ServerOptions& options, const std::vector<const Service*>& services,
                     const ServerDeps& deps) {
    ASSIGN_OR_RETURN(auto methods, Serve(services, deps.observer));
    ASSIGN_OR_RETURN(const ListenAddress listen, ParseListenAddress(options.listen));
    if (deps.credentials == nullptr && !listen.loopback) {
      return absl::FailedPreconditionError(fmt::format(
          "cannot listen on {}: without a credentials file only a loopback address is allowed, such as "
          "127.0.0.1:{}",
          options.listen, listen.port));
    }
    RETURN_IF_ERROR(CheckFree(listen));
    core_ = std::make_shared<ServerCore>(options, deps, std::move(methods));

    // Reflection shows only services whose descriptors are linked.
    grpc::health::v1::HealthCheckRequest::descriptor();
    // A request that is not UTF-8 is the caller's error, not a line on our standard error.
    google::protobuf::SetLogHandler(nullptr);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    Configure(options, builder);
    builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &port_);
    for (const Service* service : services) {
      services_.push_back(NewGenericService(core_, *service));
      builder.RegisterService(services_.back().get());
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      return absl::FailedPreconditionError(
          fmt::format("cannot listen on {}: the port is in use", options.listen));
    }
    names_.emplace_back();
    for (const Service* service : services) names_.push_back(service->descriptor().full_name());
    SetServing(false);
    const bool v6 = listen.host.find(':') != std::string::npos;
    address_ = fmt::format("{}{}{}:{}", v6 ? "[" : "", listen.host, v6 ? "]" : "", port_);
    return absl::OkStatus();
  }

  void SetServing(bool serving) {
    for (const std::string& name : names_) server_->GetHealthCheckService()->SetServingStatus(name, serving);
  }

  void Drain(absl::Duration deadline) {
    std::lock_guard lock(drain_mutex_);
    if (server_ == nullptr || drained_) return;
    drained_ = true;
    SetServing(false);
    // GOAWAY to every client and no new calls. grpc::Server::Shutdown alone would wait for health and
    // reflection streams, which clients hold open for as long as they like.
    grpc_completion_queue* notified = grpc_completion_queue_create_for_next(nullptr);
    grpc_server_shutdown_and_notify(server_->c_server(), notified, nullptr);
    core_->draining = true;
    core_->pending.wake().Set();
    if (core_->calls.load() == 0) core_->idle->Set();
    core_->idle->WaitUntil(deadline);
    server_->Shutdown(gpr_now(GPR_CLOCK_MONOTONIC));
    grpc_completion_queue_shutdown(notified);
    while (grpc_completion_queue_next(notified, gpr_inf_future(GPR_CLOCK_MONOTONIC), nullptr).type !=
           GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(notified);
  }

  // What its calls hold goes with them.
  ~Impl() {
    Drain(absl::ZeroDuration());
    if (core_ != nullptr) core_->pending.Close();
  }

  Step& pending() { return core_->pending; }
  const std::string& address() const { return address_; }
  int port() const { return port_; }

 private:
  std::shared_ptr<ServerCore> core_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::vector<std::string> names_;
  int port_ = 0;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
  std::mutex drain_mutex_;
  bool drained_ = false;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const std::vector<const Service*>& services,
                                                      const ServerDeps& deps) {
  auto impl = std::make_unique<Impl>();
  RETURN_IF_ERROR(impl->Start(options, services, deps));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
Step& Server::pending() { return impl_->pending(); }
const std::string& Server::address() const { return impl_->address(); }
int Server::port() const { return impl_->port(); }
void Server::SetServing(bool serving) { impl_->SetServing(serving); }
void Server::Drain(absl::Duration deadline) { impl_->Drain(deadline); }

}  // namespace finalmile::rpc
