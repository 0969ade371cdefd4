#include <grpc/support/time.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "fmt/format.h"
#include "libs/rpc/client.h"
#include "libs/rpc/dispatch.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::Message;
using grpc::ByteBuffer;

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(50);
constexpr absl::Duration kLongestBackoff = absl::Seconds(2);

// Every replica behind the target is used while its health says SERVING: calls leave one that is about to
// stop. (The default, pick_first, looks at no health.) proto/service_config.json is that of clients in other
// languages, which leaves repeats to gRPC; GrpcChannel repeats by itself, since gRPC knows no RetryInfo.
constexpr char kServiceConfig[] =
    R"({"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}})";
constexpr std::string_view kHealthService = "/grpc.health.v1.Health/";

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) details.Clear();
  details.set_code(status.error_code());
  details.set_message(status.error_message());
  return FromProto(details);
}

ByteBuffer Serialise(const Message& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return ByteBuffer(&slice, 1);
}

absl::Status Parse(ByteBuffer& bytes, Message& message) {
  grpc::ProtoBufferReader reader(&bytes);
  if (message.ParseFromZeroCopyStream(&reader)) return absl::OkStatus();
  return absl::InternalError(
      fmt::format("the server's reply is no {}", message.GetDescriptor()->full_name()));
}

gpr_timespec In(absl::Duration span) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_micros(absl::ToInt64Microseconds(span), GPR_TIMESPAN));
}

void Prepare(const ChannelOptions& channel, const CallOptions& options, absl::Duration timeout,
             grpc::ClientContext& context) {
  context.set_deadline(In(std::max(timeout, absl::ZeroDuration())));
  const std::string& token = options.token.empty() ? channel.token : options.token;
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  if (!channel.act_as.empty()) context.AddMetadata(std::string(kActAs), channel.act_as);
  for (const auto& [key, value] : options.metadata) context.AddMetadata(key, value);
}

// Waits on gRPC's own threads; every wait ends at the call's deadline at the latest.
class GrpcStream final : public Stream, public grpc::ClientBidiReactor<ByteBuffer, ByteBuffer> {
 public:
  GrpcStream(grpc::GenericStub& stub, std::string_view method, const ChannelOptions& channel,
             const CallOptions& options)
      : method_(method) {
    Prepare(channel, options, options.timeout, context_);
    stub.PrepareBidiStreamingCall(&context_, method_, {}, this);
    // Keeps the call open while no operation runs.
    AddHold();
    StartCall();
  }

  ~GrpcStream() override {
    if (!closed_) {
      context_.TryCancel();
      Close();
    }
  }

  bool Write(const Message& request) override {
    outgoing_ = Serialise(request);
    std::unique_lock lock(mutex_);
    write_ = kRunning;
    StartWrite(&outgoing_);
    changed_.wait(lock, [&] { return write_ != kRunning; });
    return write_ == kGood;
  }

  void WritesDone() override {
    std::unique_lock lock(mutex_);
    if (std::exchange(writes_done_, true)) return;
    write_ = kRunning;
    StartWritesDone();
    changed_.wait(lock, [&] { return write_ != kRunning; });
  }

  bool Read(Message& reply) override {
    if (!ReadBytes()) return false;
    parse_error_.Update(Parse(incoming_, reply));
    return parse_error_.ok();
  }

  absl::Status Finish() override {
    WritesDone();
    while (ReadBytes()) {
    }
    Close();
    const absl::Status status = FromGrpc(status_);
    return status.ok() ? parse_error_ : status;
  }

  void OnWriteDone(bool ok) override { Complete(write_, ok); }
  void OnWritesDoneDone(bool ok) override { Complete(write_, ok); }
  void OnReadDone(bool ok) override { Complete(read_, ok); }
  void OnDone(const grpc::Status& status) override {
    std::lock_guard lock(mutex_);
    status_ = status;
    done_ = true;
    changed_.notify_all();
  }

 private:
  enum Operation { kIdle, kRunning, kGood, kFailed };

  void Complete(Operation& operation, bool ok) {
    std::lock_guard lock(mutex_);
    operation = ok ? kGood : kFailed;
    changed_.notify_all();
  }

  bool ReadBytes() {
    std::unique_lock lock(mutex_);
    if (read_ == kFailed) return false;
    read_ = kRunning;
    StartRead(&incoming_);
    changed_.wait(lock, [&] { return read_ != kRunning; });
    return read_ == kGood;
  }

  void Close() {
    if (std::exchange(closed_, true)) return;
    RemoveHold();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_; });
  }

  const std::string method_;
  grpc::ClientContext context_;
  ByteBuffer outgoing_;
  ByteBuffer incoming_;
  absl::Status parse_error_;
  bool closed_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  Operation write_ = kIdle;
  Operation read_ = kIdle;
  bool writes_done_ = false;
  bool done_ = false;
  grpc::Status status_;
};

// Makes a lost connection anew while no call does. gRPC reads its sockets only in threads that wait for
// something: a call that is refused at once waits for nothing, so that a connection which comes back would be
// seen by gRPC's own look every 5 s, once for each step of its making. While the channel is connected the
// thread sleeps, since a call that reads its own socket is answered sooner.
class Reconnection {
 public:
  explicit Reconnection(std::shared_ptr<grpc::Channel> channel)
      : channel_(std::move(channel)), thread_([this] { Run(); }) {}
  ~Reconnection() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // A call found no connection: works for kPatience on a new one.
  void Begin() {
    {
      std::lock_guard lock(mutex_);
      steps_ = kPatience / kStep;
    }
    changed_.notify_all();
  }

 private:
  static constexpr absl::Duration kStep = absl::Milliseconds(100);
  static constexpr absl::Duration kPatience = absl::Seconds(10);

  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || steps_ > 0; });
      if (stopping_) return;
      --steps_;
      lock.unlock();
      const grpc_connectivity_state state = channel_->GetState(/*try_to_connect=*/true);
      const bool connected = state == GRPC_CHANNEL_READY;
      if (!connected) channel_->WaitForStateChange(state, In(kStep));
      lock.lock();
      if (connected) steps_ = 0;
    }
  }

  const std::shared_ptr<grpc::Channel> channel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  // How many more times it looks.
  int64_t steps_ = 0;
  std::thread thread_;
};

class GrpcChannel final : public Channel {
 public:
  GrpcChannel(ChannelOptions options, Clock& clock, Rng& rng)
      : options_(std::move(options)),
        clock_(clock),
        rng_(rng),
        asking_(NewChannel(options_.target, false)),
        health_(asking_),
        calling_(NewChannel(options_.target, true)),
        calls_(calling_),
        reconnection_(calling_) {}

  absl::Status Connect(absl::Duration timeout) override {
    // The reason is told by a call alone. Whoever answers it, with whatever, is there.
    const absl::Status asked = IsServing(*this, "", timeout).status();
    const bool silent = absl::IsUnavailable(asked) || absl::IsDeadlineExceeded(asked);
    if (!silent || asking_->GetState(false) == GRPC_CHANNEL_READY) return absl::OkStatus();
    std::string why = "no connection in time";
    if (absl::IsUnavailable(asked)) {
      why = std::string(asked.message());
      // "failed to connect to all addresses; last error: UNKNOWN: …: Connection refused"
      if (const size_t last = why.rfind(": "); last != std::string::npos) why.erase(0, last + 2);
    }
    return absl::UnavailableError(fmt::format("nobody answers at {}: {}", options_.target, why));
  }

  absl::Status CallMessage(std::string_view method, const Message& request, Message& reply,
                           const CallOptions& options) override {
    const absl::Duration deadline = clock_.Steady() + options.timeout;
    const std::string path(method);
    const ByteBuffer bytes = Serialise(request);
    absl::Duration backoff = kFirstBackoff;
    for (;;) {
      absl::Status status = Once(path, bytes, reply, options, deadline - clock_.Steady());
      if (!options.retry || !Retryable(status)) return status;
      absl::Duration wait = backoff * (0.5 + 0.5 * rng_.Uniform());
      if (const auto told = RetryDelayOf(status)) wait += *told;
      backoff = std::min(2 * backoff, kLongestBackoff);
      const absl::Duration resume = clock_.Steady() + wait;
      if (resume >= deadline) return status;
      clock_.NewWaitEvent()->WaitUntil(resume);
    }
  }

  std::unique_ptr<Stream> Open(std::string_view method, const CallOptions& options) override {
    return std::make_unique<GrpcStream>(StubFor(method), method, options_, options);
  }

 private:
  static std::shared_ptr<grpc::Channel> NewChannel(const std::string& target, bool checks_health) {
    grpc::ChannelArguments arguments;
    if (checks_health) arguments.SetServiceConfigJSON(kServiceConfig);
    // A connection of its own.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    // A replica that is new is found when a connection ends, and no later than this.
    arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 5'000);
    arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  }

  grpc::GenericStub& StubFor(std::string_view method) {
    return method.starts_with(kHealthService) ? health_ : calls_;
  }

  // CANCELLED: a server that ends loses what reaches it at the last moment, and nobody here cancels.
  static bool Retryable(const absl::Status& status) {
    return absl::IsUnavailable(status) || absl::IsCancelled(status) ||
           (status.code() == absl::StatusCode::kResourceExhausted && RetryDelayOf(status).has_value());
  }

  absl::Status Once(const std::string& method, const ByteBuffer& request, Message& reply,
                    const CallOptions& options, absl::Duration timeout) {
    grpc::ClientContext context;
    Prepare(options_, options, timeout, context);
    // A queue per call is polled by the calling thread itself: no hop to another one.
    grpc::CompletionQueue queue;
    const auto call = StubFor(method).PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    ByteBuffer bytes;
    grpc::Status status;
    void* tag = nullptr;
    bool ok = false;
    call->Finish(&bytes, &status, &tag);
    queue.Next(&tag, &ok);
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) reconnection_.Begin();
    return status.ok() ? Parse(bytes, reply) : FromGrpc(status);
  }

  const ChannelOptions options_;
  Clock& clock_;
  Rng& rng_;
  // For questions about health, which a server answers that is not serving. Connects when it is used.
  const std::shared_ptr<grpc::Channel> asking_;
  grpc::GenericStub health_;
  const std::shared_ptr<grpc::Channel> calling_;
  grpc::GenericStub calls_;
  Reconnection reconnection_;
};

}  // namespace

std::unique_ptr<Channel> NewGrpcChannel(ChannelOptions options, Clock& clock, Rng& rng) {
  return std::make_unique<GrpcChannel>(std::move(options), clock, rng);
}

}  // namespace finalmile::rpc
