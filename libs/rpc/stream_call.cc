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

// Any streaming call: on the wire the two kinds are the same. The handler's work is done in turns on the
// executor: one for each message and, after the last one, as many as the handler wants. A turn begins when
// the one before has ended and its replies are sent, or when that one lets it in; replies are sent in the
// order of the turns. No thread waits for a slow client or for something to send.
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
    TurnPointer turn;
    {
      std::lock_guard lock(mutex_);
      reading_ = false;
      input_ended_ = !ok;
      if (ok) {
        turn = turns_.emplace_back(std::make_shared<Turn>());
        turn->has_message = true;
        turn->message.Swap(&incoming_);
      }
    }
    if (ok) ++received_;
    if (cancelled_) return End(GivenUp());
    if (!ok) return Advance();
    Schedule(turn);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(GivenUp());
    ++sent_;
    {
      std::lock_guard lock(mutex_);
      writing_ = false;
      turns_.front()->replies.pop_front();
    }
    Advance();
  }

  void OnCancel() override {
    {
      std::lock_guard lock(mutex_);
      cancelled_ = true;
      // An operation on the wire fails by itself, and ends the call.
      if (reading_ || writing_) return;
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
  // One piece of the handler's work.
  struct Turn {
    bool has_message = false;
    ByteBuffer message;
    // These belong to the turn until it is done. `heard`: the handler was called with the message.
    bool heard = false;
    std::deque<ByteBuffer> replies;
    // The call ends with it.
    std::optional<absl::Status> outcome;
    bool waits = false;
    // These belong to the call's mutex.
    bool done = false;
    bool lets_next = false;
    // It began beside the one before.
    bool beside = false;
    // Its message could not be read, for want of room it may be, beside the one before: it is read again when
    // that one is through.
    bool postponed = false;
  };
  using TurnPointer = std::shared_ptr<Turn>;

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

  // A call does these next.
  struct Steps {
    std::optional<absl::Status> end;
    bool wait = false;
    TurnPointer turn;
    const ByteBuffer* write = nullptr;
    bool read = false;
  };

  Steps NextSteps() {
    Steps steps;
    std::lock_guard lock(mutex_);
    if (ended_) return steps;
    while (!writing_ && !turns_.empty() && turns_.front()->done && turns_.front()->replies.empty()) {
      const Turn& sent = *turns_.front();
      if (sent.outcome) {
        steps.end = sent.outcome;
        return steps;
      }
      steps.wait = sent.waits;
      turns_.pop_front();
    }
    if (steps.wait) return steps;
    if (turns_.empty() && input_ended_) {
      steps.turn = turns_.emplace_back(std::make_shared<Turn>());
      return steps;
    }
    if (!turns_.empty() && std::exchange(turns_.front()->postponed, false)) steps.turn = turns_.front();
    if (!writing_ && !turns_.empty() && turns_.front()->done) steps.write = &turns_.front()->replies.front();
    steps.read =
        !reading_ && !input_ended_ && (turns_.empty() || (turns_.size() == 1 && turns_.front()->lets_next));
    if (cancelled_ && (steps.write != nullptr || steps.read)) {
      steps.end = GivenUp();
      return steps;
    }
    writing_ = writing_ || steps.write != nullptr;
    reading_ = reading_ || steps.read;
    return steps;
  }

  void Advance() {
    const Steps steps = NextSteps();
    if (steps.end) return End(*steps.end);
    if (steps.wait) {
      return core_->pending.AwaitStream(
          std::make_unique<Wait>(*this), context_->deadline(),
          [call = shared_from_this()](const absl::Status& outcome) { call->Resume(outcome); });
    }
    if (steps.write != nullptr) StartWrite(steps.write);
    if (steps.read) StartRead(&incoming_);
    if (steps.turn != nullptr) Schedule(steps.turn);
  }

  void Resume(const absl::Status& outcome) {
    if (!outcome.ok()) End(outcome);
    // Also what has ended: its handler may take a while to be destroyed.
    TurnPointer turn = std::make_shared<Turn>();
    {
      std::lock_guard lock(mutex_);
      turns_.push_back(turn);
    }
    Schedule(turn);
  }

  void Schedule(const TurnPointer& turn) {
    if (cancelled_) End(GivenUp());
    // Health has to be told also when there are more calls than threads.
    if (method_.open) return Run(*turn);
    if (!core_->deps.executor.TryRun([call = shared_from_this(), turn] { call->Run(*turn); }))
      End(Overloaded(core_->options));
  }

  void Run(Turn& turn) {
    const SpanScope scope(recording(), trace_);
    if (!BeginTurn(turn)) return;
    absl::Status status = context_->Check();
    if (status.ok()) status = Contained([&] { return turn.has_message ? Take(turn) : Pull(turn); });
    EndTurn(turn, status);
    Advance();
  }

  // False: the call has ended.
  bool BeginTurn(Turn& turn) {
    std::lock_guard lock(mutex_);
    if (ended_ && running_ == 0) handler_.reset();
    if (ended_) return false;
    turn.beside = turns_.front().get() != &turn;
    ++running_;
    return true;
  }

  void EndTurn(Turn& turn, const absl::Status& status) {
    std::lock_guard lock(mutex_);
    --running_;
    if (!turn.heard && turn.beside) {
      turn.postponed = true;
      return;
    }
    if (!status.ok()) turn.outcome = status;
    turn.done = true;
  }

  absl::Status Pull(Turn& turn) {
    wake_->Clear();
    ASSIGN_OR_RETURN(const StreamNext next, handler_->OnEnd(*context_, SinkOf(turn)));
    if (next == StreamNext::kEnd) turn.outcome = absl::OkStatus();
    turn.waits = next == StreamNext::kWait;
    return absl::OkStatus();
  }

  absl::Status Take(Turn& turn) {
    MemoryShare memory(core_->requests);
    const std::unique_ptr<Message> request(method_.method->request->New());
    RETURN_IF_ERROR(TakeRoom(turn.message, core_->options, memory));
    RETURN_IF_ERROR(Parse(turn.message, method_, core_->options, memory, *request));
    turn.heard = true;
    turn.message.Clear();
    return handler_->OnMessage(*context_, *request, SinkOf(turn), [&] { LetNextAfter(turn); });
  }

  void LetNextAfter(Turn& turn) {
    {
      std::lock_guard lock(mutex_);
      turn.lets_next = true;
    }
    Advance();
  }

  ReplySink SinkOf(Turn& turn) {
    return [this, &turn](const Message& message) {
      RETURN_IF_ERROR(CheckAnswer(message, core_->options.answers.most));
      if (IsSmall(message)) {
        turn.replies.push_back(SerialiseSmall(message));
      } else {
        // There are few streams, and each is held back by its own reader.
        core_->answers.budget()->Take(static_cast<int64_t>(message.ByteSizeLong()));
        turn.replies.push_back(SerialiseLarge(message, core_->answers.budget()));
      }
      return absl::OkStatus();
    };
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

  std::mutex mutex_;
  // Those that have begun or wait for a thread, and whose replies are not all sent: at most two.
  std::deque<TurnPointer> turns_;
  int running_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool input_ended_ = false;
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
