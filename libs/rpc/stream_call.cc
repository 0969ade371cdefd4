#include "libs/rpc/stream_call.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <mutex>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/answer.h"
#include "libs/rpc/call.h"
#include "libs/rpc/wire_message.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::Message;
using grpc::ByteBuffer;

// Any streaming call: on the wire the two kinds are the same. One thing happens at a time: a read, a write,
// a wait for the handler's event, or a piece of the handler's work on the executor. Each starts the next, so
// no thread waits for a slow client or for something to send.
class StreamCall final : public grpc::ServerBidiReactor<ByteBuffer, ByteBuffer>,
                         public Call,
                         public std::enable_shared_from_this<StreamCall> {
 public:
  StreamCall(const std::shared_ptr<ServerCore>& core, const ServedMethod& method) : Call(core, method) {}

  void Begin(const grpc::CallbackServerContext& context) {
    self_ = shared_from_this();
    absl::Status status =
        Admit(context, core_->options.default_stream_timeout, core_->options.max_stream_timeout);
    info_.wake = wake_.get();
    if (status.ok()) status = OpenStreamsOf(method_).Open(info_.principal->name());
    if (!status.ok()) return End(status);
    counted_ = true;
    MakeContext(context);
    handler_ = method_.method->stream();
    Advance();
  }

  void OnReadDone(bool ok) override {
    has_message_ = ok;
    input_ended_ = !ok;
    if (ok) ++received_;
    Schedule();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(GivenUp());
    ++sent_;
    outbox_.pop_front();
    Advance();
  }

  void OnCancel() override {
    {
      std::lock_guard lock(mutex_);
      cancelled_ = true;
      // The operation on the wire fails by itself, and ends the call.
      if (on_wire_) return;
    }
    End(GivenUp());
    // If it waits, what it holds goes now.
    core_->pending.wake().Set();
  }

  void OnDone() override {
    if (counted_) OpenStreamsOf(method_).Close(context_->principal().name());
    Leave();
    self_.reset();
  }

 private:
  OpenStreams& OpenStreamsOf(const ServedMethod& method) {
    return method.open ? core_->watches : core_->streams;
  }

  // Outcome: whether the handler is to be called again, or the call to be ended.
  struct Wait final : Pending {
    explicit Wait(const StreamCall& call) : call(call) {}
    std::optional<absl::Status> Outcome() override {
      if (call.core_->draining) {
        return absl::UnavailableError("the server is stopping: open the stream again");
      }
      if (call.cancelled_ || call.wake_->WaitUntil(absl::ZeroDuration())) return absl::OkStatus();
      return std::nullopt;
    }
    // The context says by itself that its deadline has passed.
    absl::Status GiveUp() override { return absl::OkStatus(); }
    const StreamCall& call;
  };

  // Sends what there is to send, else ends, waits, goes on pulling, or reads.
  void Advance() {
    if (outbox_.empty() && outcome_) return End(*outcome_);
    if (outbox_.empty() && waits_) {
      waits_ = false;
      return core_->pending.AwaitStream(
          std::make_unique<Wait>(*this), context_->deadline(),
          [call = shared_from_this()](const absl::Status& outcome) { call->Resume(outcome); });
    }
    if (outbox_.empty() && input_ended_) return Schedule();
    bool given_up;
    {
      std::lock_guard lock(mutex_);
      if (ended_) return;
      given_up = cancelled_;
      on_wire_ = !given_up;
    }
    if (given_up) return End(GivenUp());
    if (outbox_.empty()) {
      StartRead(&incoming_);
    } else {
      StartWrite(&outbox_.front());
    }
  }

  void Resume(const absl::Status& outcome) {
    if (!outcome.ok()) End(outcome);
    // Also what has ended: its handler may take a while to be destroyed.
    Schedule();
  }

  void Schedule() {
    {
      std::lock_guard lock(mutex_);
      on_wire_ = false;
    }
    if (cancelled_) End(GivenUp());
    // Health has to be told also when there are more calls than threads.
    if (method_.open) return Run();
    if (!core_->deps.executor.TryRun([call = shared_from_this()] { call->Run(); }))
      End(Overloaded(core_->options));
  }

  void Run() {
    const SpanScope scope(recording(), trace_);
    if (Ended()) return handler_.reset();
    absl::Status status = context_->Check();
    if (status.ok()) status = Contained([&] { return has_message_ ? Take() : Pull(); });
    if (!status.ok()) outcome_ = status;
    Advance();
  }

  absl::Status Pull() {
    wake_->Clear();
    ASSIGN_OR_RETURN(const StreamNext next, handler_->OnEnd(*context_, sink_));
    if (next == StreamNext::kEnd) outcome_ = absl::OkStatus();
    waits_ = next == StreamNext::kWait;
    return absl::OkStatus();
  }

  absl::Status Take() {
    has_message_ = false;
    MemoryShare memory(core_->requests);
    RETURN_IF_ERROR(TakeRoom(incoming_, core_->options, memory));
    const std::unique_ptr<Message> request(method_.method->request->New());
    RETURN_IF_ERROR(Parse(incoming_, method_, core_->options, memory, *request));
    incoming_.Clear();
    return handler_->OnMessage(*context_, *request, sink_);
  }

  bool Ended() {
    std::lock_guard lock(mutex_);
    return ended_;
  }

  void End(const absl::Status& status) {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(ended_, true)) return;
    }
    Finish(Close(status));
  }

  // Outlives what the handler gave it to.
  const std::unique_ptr<WaitEvent> wake_ = core_->pending.NewWake();
  std::unique_ptr<StreamHandler> handler_;
  bool counted_ = false;
  ByteBuffer incoming_;
  bool has_message_ = false;
  bool input_ended_ = false;
  std::deque<ByteBuffer> outbox_;
  const ReplySink sink_ = [this](const Message& message) {
    RETURN_IF_ERROR(CheckAnswer(message, core_->options.answers.most));
    if (IsSmall(message)) {
      outbox_.push_back(SerialiseSmall(message));
    } else {
      // There are few streams, and each is held back by its own reader.
      core_->answers.budget()->Take(static_cast<int64_t>(message.ByteSizeLong()));
      outbox_.push_back(SerialiseLarge(message, core_->answers.budget()));
    }
    return absl::OkStatus();
  };
  // Set when the handler is through.
  std::optional<absl::Status> outcome_;
  bool waits_ = false;

  std::mutex mutex_;
  bool on_wire_ = false;
  bool ended_ = false;
  std::shared_ptr<StreamCall> self_;
};

}  // namespace

grpc::ServerBidiReactor<ByteBuffer, ByteBuffer>* BeginStreamCall(const std::shared_ptr<ServerCore>& core,
                                                                 const ServedMethod& method,
                                                                 const grpc::CallbackServerContext& context) {
  const auto call = std::make_shared<StreamCall>(core, method);
  call->Begin(context);
  return call.get();
}

}  // namespace finalmile::rpc
