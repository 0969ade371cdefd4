#include "libs/rpc/server.h"

#include <grpc/grpc.h>
#include <grpc/support/time.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <mutex>

#include "fmt/format.h"
#include "google/protobuf/stubs/logging.h"
#include "libs/base/status.h"
#include "libs/rpc/acceptor.h"
#include "libs/rpc/generic_service.h"
#include "libs/rpc/listen_address.h"

namespace finalmile::rpc {
namespace {

constexpr int kCallsPerConnection = 200;
constexpr int kReflectionThreads = 8;
// How long a drained server waits for the watches of its health to end.
constexpr absl::Duration kWatchesEnd = absl::Seconds(1);
// What gRPC may hold of messages that are on their way.
constexpr size_t kTransportMemory = 128 << 20;

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
  // gRPC 1.51 shrinks the window of open streams after a probe, and resets a stream ("frame of size 0
  // overflows local window") whose client ends its input just then. A window grows with the message that is
  // read all the same.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  // One that says nothing, and one that calls nothing.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Millis(absl::Seconds(10)));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Millis(absl::Minutes(5)));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kCallsPerConnection);
  // A compressed message would be unpacked whole before its size or the caller is looked at.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  // Reflection has a thread for each stream; those beyond are RESOURCE_EXHAUSTED.
  grpc::ResourceQuota quota("server");
  quota.Resize(std::max<size_t>(kTransportMemory, 16 * options.max_message_bytes));
  quota.SetMaxThreads(kReflectionThreads);
  builder.SetResourceQuota(quota);
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
    ASSIGN_OR_RETURN(acceptor_, Acceptor::Listen(listen, options.max_connections));
    for (const auto& method : methods) {
      if (deps.tracer_of) method->tracer = deps.tracer_of(*method->method->descriptor->service());
    }
    core_ = std::make_shared<ServerCore>(options, deps, services, std::move(methods));

    // A request that is not UTF-8 is the caller's error, not a line on our standard error.
    google::protobuf::SetLogHandler(nullptr);
    grpc::EnableDefaultHealthCheckService(false);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    Configure(options, builder);
    using External = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
    connections_ = builder.experimental().AddExternalConnectionAcceptor(External::FROM_FD,
                                                                        grpc::InsecureServerCredentials());
    std::vector<const Service*> all = services;
    all.push_back(&core_->health.service());
    for (const Service* service : all) {
      services_.push_back(NewGenericService(core_, *service));
      builder.RegisterService(services_.back().get());
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return absl::InternalError("gRPC does not start");
    acceptor_->Start([this](int listener, int connection) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
      parameters.listener_fd = listener;
      parameters.fd = connection;
      connections_->HandleNewConnection(&parameters);
    });
    const bool v6 = listen.host.find(':') != std::string::npos;
    address_ = fmt::format("{}{}{}:{}", v6 ? "[" : "", listen.host, v6 ? "]" : "", port());
    return absl::OkStatus();
  }

  void SetServing(bool serving) { core_->health.SetServing(serving); }

  absl::Status CheckListening() const {
    return core_->draining ? absl::UnavailableError("the server is stopping") : acceptor_->Check();
  }

  void Drain(absl::Duration deadline) {
    std::lock_guard lock(drain_mutex_);
    if (server_ == nullptr || drained_) return;
    drained_ = true;
    SetServing(false);
    acceptor_->Stop();
    // GOAWAY to every client and no new calls. grpc::Server::Shutdown alone would wait for health and
    // reflection streams, which clients hold open for as long as they like.
    grpc_completion_queue* notified = grpc_completion_queue_create_for_next(nullptr);
    grpc_server_shutdown_and_notify(server_->c_server(), notified, nullptr);
    core_->draining = true;
    core_->pending.wake().Set();
    if (core_->calls.load() == 0) core_->idle->Set();
    core_->idle->WaitUntil(deadline);
    // Watches of health hear that the server is stopping. Those that the transport would have to cancel make
    // it end their connections with an error.
    if (core_->open_calls.load() == 0) core_->unwatched->Set();
    core_->unwatched->WaitUntil(std::min(deadline, core_->deps.clock.Steady() + kWatchesEnd));
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

  std::vector<Step*> steps() { return {&core_->pending, &core_->standstill}; }
  Server::Load load() const { return {core_->admission.limit(), core_->admission.inside()}; }
  const std::string& address() const { return address_; }
  int port() const { return acceptor_->port(); }

 private:
  std::unique_ptr<Acceptor> acceptor_;
  std::shared_ptr<ServerCore> core_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::string address_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
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
std::vector<Step*> Server::steps() { return impl_->steps(); }
Server::Load Server::load() const { return impl_->load(); }
const std::string& Server::address() const { return impl_->address(); }
int Server::port() const { return impl_->port(); }
absl::Status Server::CheckListening() const { return impl_->CheckListening(); }
void Server::SetServing(bool serving) { impl_->SetServing(serving); }
void Server::Drain(absl::Duration deadline) { impl_->Drain(deadline); }

}  // namespace finalmile::rpc
