#include "libs/rpc/generic_service.h"

#include <grpc/support/time.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <deque>
#include <iterator>

#include "libs/base/span.h"
#include "libs/base/status.h"
#include "libs/base/trace_context.h"
#include "libs/rpc/edge.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::Message;
using grpc::ByteBuffer;

// Whatever a message of this size is parsed into is small.
constexpr size_t kSmallMessage = 16 << 10;
// How many times its largest size a request message may take when it is parsed.
constexpr int64_t kMostGrowth = 16;
constexpr int64_t kRequestMemory = 128 << 20;
// Answers of more bytes than this leave a third of the memory of answers to smaller ones.
constexpr int64_t kVeryLargeAnswer = 256 << 10;
// Lines about failed calls.
constexpr int kFailuresPerSecond = 20;
// Those of mutations may take this much more.
constexpr int64_t kReserveOfMutations = 16 << 20;

std::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

absl::Duration TimeLeft(const grpc::CallbackServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return absl::InfiniteDuration();
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

bool Passed(std::string_view key) {
  return key != "authorization" && key != "user-agent" && key.substr(0, 5) != "grpc-" &&
         key.substr(0, 1) != ":";
}

absl::Status Overloaded(const ServerOptions& options) {
  return WithRetry(Error(absl::StatusCode::kResourceExhausted, "OVERLOADED",
                         "the server has more calls than it can carry: try again a little later"),
                   options.target_wait);
}

// Takes the room of a message as it came from the budget of all calls. Small ones are bounded by the number
// of calls.
absl::Status TakeRoom(const ByteBuffer& bytes, const ServerOptions& options, MemoryShare& memory) {
  RETURN_IF_ERROR(CheckSize(bytes.Length(), options.max_message_bytes));
  const bool small = bytes.Length() <= kSmallMessage;
  // Twice: its pieces are put together.
  return small || memory.Take(2 * static_cast<int64_t>(bytes.Length())) ? absl::OkStatus()
                                                                        : Overloaded(options);
}

// The bytes of a large answer with their share of the budget, until the transport has written the last one
// into the socket: a call ends earlier.
struct Outgoing {
  Outgoing(std::shared_ptr<MemoryBudget> of, size_t size)
      : budget(std::move(of)), size(static_cast<int64_t>(size)), bytes(new uint8_t[size]) {}
  ~Outgoing() { budget->GiveBack(size); }

  const std::shared_ptr<MemoryBudget> budget;
  const int64_t size;
  const std::unique_ptr<uint8_t[]> bytes;
};

// The share has been taken.
ByteBuffer SerialiseLarge(const Message& message, const std::shared_ptr<MemoryBudget>& budget) {
  const size_t size = message.ByteSizeLong();
  auto* outgoing = new Outgoing(budget, size);
  message.SerializeWithCachedSizesToArray(outgoing->bytes.get());
  grpc::Slice slice(
      outgoing->bytes.get(), size, [](void* written) { delete static_cast<Outgoing*>(written); }, outgoing);
  return ByteBuffer(&slice, 1);
}

ByteBuffer SerialiseSmall(const Message& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return ByteBuffer(&slice, 1);
}

bool Small(const Message& message) { return message.ByteSizeLong() <= kSmallMessage; }

ByteBuffer Share(const SharedBytes& bytes) {
  auto* holder = new SharedBytes(bytes);
  grpc::Slice slice(
      const_cast<char*>(bytes->data()), bytes->size(),
      [](void* shared) { delete static_cast<SharedBytes*>(shared); }, holder);
  return ByteBuffer(&slice, 1);
}

// Parses a message whose own bytes have been taken from `memory` already, if it is large.
absl::Status Parse(const ByteBuffer& bytes, const ServedMethod& method, const ServerOptions& options,
                   MemoryShare& memory, Message& request) {
  grpc::Slice whole;
  // Of several pieces, or compressed: into one.
  if (!bytes.TrySingleSlice(&whole).ok() && !bytes.DumpToSingleSlice(&whole).ok()) {
    return absl::InvalidArgumentError("the request message cannot be decompressed");
  }
  const std::string_view view(reinterpret_cast<const char*>(whole.begin()), whole.size());
  if (view.size() > kSmallMessage) {
    const int64_t most = kMostGrowth * static_cast<int64_t>(options.max_message_bytes);
    const int64_t parsed = method.shape->ParsedBytes(view, most);
    RETURN_IF_ERROR(CheckParsedSize(view.size(), parsed, most));
    if (!memory.Take(parsed)) return Overloaded(options);
  }
  return ParseRequest(view, request);
}

// A handler that throws fails its own call, not the server.
template <class Work>
absl::Status Contained(Work&& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

// What unary and streaming calls have in common. Outlives its reactor's part in gRPC when the handler is
// still running after the call has been given up; then only the handler's own things are touched.
class Call {
 protected:
  Call(const std::shared_ptr<ServerCore>& core, const ServedMethod& method)
      : core_(core), method_(method), arrival_(core->deps.clock.Steady()) {
    (method_.open ? core_->open_calls : core_->calls).fetch_add(1);
    if (method_.observer != nullptr) method_.observer->Started();
  }

  // Fills `info_`, but for the metadata.
  absl::Status Admit(const grpc::CallbackServerContext& context, absl::Duration standard, absl::Duration most,
                     WaitEvent& wake) {
    const auto traceparent = context.client_metadata().find("traceparent");
    if (traceparent != context.client_metadata().end()) trace_ = ParseTraceparent(View(traceparent->second));
    if (method_.tracer != nullptr) BeginSpan();
    ASSIGN_OR_RETURN(info_.principal, PrincipalOf(context));
    const absl::Duration left = TimeLeft(context);
    caller_deadline_ = arrival_ + left;
    info_.method = method_.path;
    info_.deadline = HandlerDeadline(arrival_, left, standard, most);
    info_.cancelled = &cancelled_;
    info_.wake = &wake;
    info_.answers = &core_->options.answers;
    return absl::OkStatus();
  }

  // Who calls, if they may.
  absl::StatusOr<std::shared_ptr<const v1::Principal>> PrincipalOf(
      const grpc::CallbackServerContext& context) const {
    if (method_.open) return core_->anybody;
    std::shared_ptr<const v1::Principal> principal = core_->local_admin;
    const auto act_as = context.client_metadata().find(std::string(kActAs));
    if (act_as != context.client_metadata().end()) {
      if (core_->deps.credentials != nullptr) {
        return Error(absl::StatusCode::kPermissionDenied, "ACT_AS_REFUSED",
                     "the server knows its callers by their tokens: nobody acts as somebody else");
      }
      ASSIGN_OR_RETURN(principal, ActAs(View(act_as->second)));
    }
    if (core_->deps.credentials != nullptr) {
      const auto [first, last] = context.client_metadata().equal_range("authorization");
      if (first != last && std::next(first) != last) {
        return Error(absl::StatusCode::kUnauthenticated, "TOKEN_AMBIGUOUS",
                     "the call has more than one header `authorization`: send it once");
      }
      ASSIGN_OR_RETURN(principal,
                       Authenticate(*core_->deps.credentials, first == last ? "" : View(first->second)));
    }
    RETURN_IF_ERROR(Authorise(method_, *principal));
    return principal;
  }

  // Makes `context_` of `info_` and the metadata.
  void MakeContext(const grpc::CallbackServerContext& context) {
    for (const auto& [key, value] : context.client_metadata()) {
      if (Passed(View(key))) info_.metadata.emplace_back(View(key), View(value));
    }
    context_.emplace(core_->deps.clock, std::move(info_));
  }

  // Why the transport gave the call up.
  absl::Status GivenUp() const {
    if (core_->deps.clock.Steady() >= caller_deadline_) {
      return absl::DeadlineExceededError("the caller's deadline has passed");
    }
    return absl::CancelledError("the call was cancelled");
  }

  // The last thing before the status is sent.
  grpc::Status Close(const absl::Status& status) {
    const absl::Duration took = core_->deps.clock.Steady() - arrival_;
    if (method_.observer != nullptr) method_.observer->Finished(status.code(), took, received_, sent_);
    if (span_) EndSpan(status.code());
    if (status.ok()) return grpc::Status::OK;
    const absl::Status told = ForCaller(status, method_.domain);
    NoteFailure(status, ReasonOf(told), took);
    return grpc::Status(static_cast<grpc::StatusCode>(told.code()), std::string(told.message()),
                        ToProto(told).SerializeAsString());
  }

  // gRPC is through with the call.
  void Leave() {
    if (method_.open) {
      if (core_->open_calls.fetch_sub(1) == 1 && core_->draining.load()) core_->unwatched->Set();
    } else if (core_->calls.fetch_sub(1) == 1 && core_->draining.load()) {
      core_->idle->Set();
    }
  }

  // What handlers do belongs to the call's trace.
  Tracer* recording() const { return recorded_ ? method_.tracer : nullptr; }

 private:
  void BeginSpan() {
    span_ = method_.tracer->Start(std::string_view(method_.path).substr(1), SpanKind::kServer, trace_);
    recorded_ = static_cast<bool>(span_);
    if (recorded_) trace_ = span_.context();
  }

  void EndSpan(absl::StatusCode code) {
    const auto* const descriptor = method_.method->descriptor;
    span_.Set("rpc.system", "grpc");
    span_.Set("rpc.service", descriptor->service()->full_name());
    span_.Set("rpc.method", descriptor->name());
    span_.Set("rpc.grpc.status_code", static_cast<int>(code));
    // As OpenTelemetry's conventions for servers have it.
    if (ServerAtFault(code) || code == absl::StatusCode::kUnavailable ||
        code == absl::StatusCode::kDeadlineExceeded || code == absl::StatusCode::kUnimplemented) {
      span_.Fail();
    }
    span_.End();
  }

  void NoteFailure(const absl::Status& status, const std::string& reason, absl::Duration took) {
    // A client that watches health ends its calls as it likes.
    if (method_.open) return;
    const auto* const refusal = std::find(std::begin(kRefusals), std::end(kRefusals), reason);
    if (core_->deps.observer != nullptr && refusal != std::end(kRefusals))
      core_->deps.observer->Refused(*refusal);
    const bool at_fault = ServerAtFault(status.code());
    const std::optional<int64_t> left_out = (at_fault ? core_->faults : core_->failures).Take();
    if (!left_out) return;
    const TraceScope scope(trace_);
    const bool known = context_ || info_.principal != nullptr;
    // The text of an error that the caller can mend may quote the caller.
    const bool ours = at_fault || absl::IsUnavailable(status);
    core_->deps.log.Write(at_fault ? Severity::kError : Severity::kInfo, "a call failed",
                          {{"method", method_.path},
                           {"code", absl::StatusCodeToString(status.code())},
                           {"reason", reason},
                           {"principal", !known     ? ""
                                         : context_ ? context_->principal().name()
                                                    : info_.principal->name()},
                           {"ms", std::to_string(absl::ToInt64Milliseconds(took))},
                           {"error", ours ? std::string(status.message()) : ""},
                           {"left_out", std::to_string(*left_out)}});
  }

 protected:
  const std::shared_ptr<ServerCore> core_;
  const ServedMethod& method_;
  const absl::Duration arrival_;
  absl::Duration caller_deadline_ = absl::InfiniteDuration();
  std::atomic<bool> cancelled_{false};
  // The call's own span where it is recorded, else as the caller sent it.
  std::optional<TraceContext> trace_;
  // It belongs to whoever begins and ends the call; handlers may still run when it has ended.
  Span span_;
  bool recorded_ = false;
  CallInfo info_;
  std::optional<CallContext> context_;
  std::atomic<int64_t> received_{0};
  std::atomic<int64_t> sent_{0};
};

class UnaryCall final : public grpc::ServerUnaryReactor,
                        public Call,
                        public std::enable_shared_from_this<UnaryCall> {
 public:
  UnaryCall(const std::shared_ptr<ServerCore>& core, const ServedMethod& method, ByteBuffer* response)
      : Call(core, method), response_(response) {}

  void Begin(grpc::CallbackServerContext& context, const ByteBuffer& bytes) {
    self_ = shared_from_this();
    call_ = context.c_call();
    received_ = 1;
    absl::Status status =
        Admit(context, core_->options.default_timeout, core_->options.max_timeout, core_->pending.wake());
    // A caller that gave up before its message was read leaves none behind, which is not an empty one: a
    // process that was frozen finds such calls when it wakes.
    if (status.ok() && !bytes.Valid())
      status = absl::CancelledError("the call came without its request message");
    if (status.ok()) status = TakeRoom(bytes, core_->options, memory_);
    if (!status.ok()) return End(status);
    if (method_.method->inline_answer) {
      const SpanScope scope(recording(), trace_);
      std::optional<absl::StatusOr<SharedBytes>> answer;
      status = Contained([&]() -> absl::Status {
        RETURN_IF_ERROR(ReadRequest(bytes));
        CallContext without_metadata(core_->deps.clock, info_);
        answer = method_.method->inline_answer(without_metadata, *request_);
        return absl::OkStatus();
      });
      if (!status.ok()) return End(status);
      if (answer) {
        if (!answer->ok()) return End(answer->status());
        const size_t size = (**answer)->size();
        const size_t most = core_->options.answers.most;
        return size > most ? End(AnswerTooLarge(NameOf(*request_), size, most))
                           : End(absl::OkStatus(), Share(**answer));
      }
    } else {
      bytes_ = bytes;
    }
    MakeContext(context);
    if (!core_->admission.TryEnter()) return End(Overloaded(core_->options));
    if (!core_->deps.executor.TryRun([call = self_] { call->Run(); })) {
      core_->admission.Leave();
      End(Overloaded(core_->options));
    }
  }

  // Runs OnCancel and OnDone where gRPC comes upon them rather than on a thread of its executor, which costs
  // a quarter of a short call. They neither block nor wait. (gRPC keeps this hook to itself; 1.51 asks it as
  // here.)
  bool InternalInlineable() override { return true; }

  // Ends the call although its handler may still run: nobody reads its answer, and a server that drains must
  // not wait for it.
  void OnCancel() override {
    cancelled_ = true;
    End(GivenUp());
  }

  void OnDone() override {
    if (unread_) core_->answers.Remove(*unread_);
    Leave();
    self_.reset();
  }

 private:
  void Run() {
    const SpanScope scope(recording(), trace_);
    const absl::Duration now = core_->deps.clock.Steady();
    core_->admission.Began(now - arrival_, now);
    absl::Status status = context_->Check();
    if (status.ok() && MutationHasNoRoom()) status = Overloaded(core_->options);
    std::unique_ptr<Pending> pending;
    if (status.ok() && request_ == nullptr) status = Contained([&] { return ReadRequest(bytes_); });
    if (status.ok()) {
      reply_.reset(method_.method->response->New());
      status = Contained([&]() -> absl::Status {
        ASSIGN_OR_RETURN(pending, method_.method->unary(*context_, *request_, *reply_));
        return absl::OkStatus();
      });
    }
    if (pending == nullptr) return Answer(status);
    core_->pending.Add(std::move(pending), context_->deadline(),
                       [call = shared_from_this()](const absl::Status& outcome) { call->Answer(outcome); });
  }

  void Answer(absl::Status status) {
    core_->admission.Leave();
    if (status.ok()) status = CheckAnswer(*reply_, core_->options.answers.most);
    request_.reset();
    bytes_.Clear();
    memory_.Release();
    if (!status.ok()) return End(status);
    if (Small(*reply_)) return End(status, SerialiseSmall(*reply_));
    const auto& budget = core_->answers.budget();
    const auto size = static_cast<int64_t>(reply_->ByteSizeLong());
    if (method_.mutates) {
      // It has taken effect.
      budget->Take(size);
    } else if (!budget->TryTake(size, size > kVeryLargeAnswer ? budget->most() / 3 : 0)) {
      core_->answers.MakeRoom(core_->deps.clock.Steady());
      return End(Overloaded(core_->options));
    }
    ByteBuffer bytes = SerialiseLarge(*reply_, budget);
    reply_.reset();
    End(status, bytes);
  }

  // Before it has taken effect.
  bool MutationHasNoRoom() {
    const MemoryBudget& budget = *core_->answers.budget();
    if (!method_.mutates || budget.taken() <= budget.most() + kReserveOfMutations) return false;
    core_->answers.MakeRoom(core_->deps.clock.Steady());
    return true;
  }

  absl::Status ReadRequest(const ByteBuffer& bytes) {
    request_.reset(method_.method->request->New());
    return Parse(bytes, method_, core_->options, memory_, *request_);
  }

  // Whoever is first ends the call; only then may what belongs to gRPC be touched.
  void End(const absl::Status& status, ByteBuffer reply = {}) {
    if (ended_.exchange(true)) return;
    if (status.ok()) {
      sent_ = 1;
      if (reply.Length() > kSmallMessage) unread_ = core_->answers.Add(call_, core_->deps.clock.Steady());
      response_->Swap(&reply);
    }
    Finish(Close(status));
  }

  ByteBuffer* const response_;
  // Whose reactor this is.
  grpc_call* call_ = nullptr;
  // Of the two below.
  MemoryShare memory_{core_->requests};
  // As it came, unless it has been read.
  ByteBuffer bytes_;
  std::unique_ptr<Message> request_;
  std::unique_ptr<Message> reply_;
  std::atomic<bool> ended_{false};
  std::optional<UnreadAnswers::Place> unread_;
  std::shared_ptr<UnaryCall> self_;
};

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
        Admit(context, core_->options.default_stream_timeout, core_->options.max_stream_timeout, *wake_);
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
      return core_->pending.Add(
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
    if (Small(message)) {
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

class GenericService final : public grpc::Service {
 public:
  GenericService(const std::shared_ptr<ServerCore>& core, const rpc::Service& service) {
    int index = 0;
    for (const auto& served : core->methods) {
      const ServedMethod& method = *served;
      if (method.method->descriptor->service() != &service.descriptor()) continue;
      const bool unary = method.method->unary != nullptr;
      AddMethod(new grpc::internal::RpcServiceMethod(
          method.path.c_str(),
          unary ? grpc::internal::RpcMethod::NORMAL_RPC : grpc::internal::RpcMethod::BIDI_STREAMING,
          nullptr));
      MarkMethodRawCallback(index++, unary ? NewUnary(core, method) : NewStream(core, method));
    }
  }

 private:
  static grpc::internal::MethodHandler* NewUnary(const std::shared_ptr<ServerCore>& core,
                                                 const ServedMethod& method) {
    return new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
        [core, &method](grpc::CallbackServerContext* context, const ByteBuffer* request,
                        ByteBuffer* response) {
          auto call = std::make_shared<UnaryCall>(core, method, response);
          call->Begin(*context, *request);
          return call.get();
        });
  }

  static grpc::internal::MethodHandler* NewStream(const std::shared_ptr<ServerCore>& core,
                                                  const ServedMethod& method) {
    return new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
        [core, &method](grpc::CallbackServerContext* context) {
          auto call = std::make_shared<StreamCall>(core, method);
          call->Begin(*context);
          return call.get();
        });
  }
};

}  // namespace

ServerCore::ServerCore(const ServerOptions& options, const ServerDeps& deps,
                       const std::vector<const Service*>& services,
                       std::vector<std::unique_ptr<ServedMethod>> served)
    : options(options),
      deps(deps),
      health(services),
      methods(std::move(served)),
      admission(std::max(32, options.max_pending / 32), options.max_pending, options.target_wait),
      pending(deps.clock),
      streams(options.max_streams, options.max_streams_per_caller),
      watches(options.max_connections, options.max_connections),
      requests(std::max(kRequestMemory, (kMostGrowth + 4) * static_cast<int64_t>(options.max_message_bytes))),
      answers(std::max<int64_t>(options.answer_memory, 2 * static_cast<int64_t>(options.answers.most)),
              options.answer_patience),
      failures(deps.clock, kFailuresPerSecond),
      faults(deps.clock, kFailuresPerSecond),
      idle(deps.clock.NewWaitEvent()),
      unwatched(deps.clock.NewWaitEvent()) {
  for (auto& method : ServeOpenly(health.service())) methods.push_back(std::move(method));
}

std::unique_ptr<grpc::Service> NewGenericService(std::shared_ptr<ServerCore> core, const Service& service) {
  return std::make_unique<GenericService>(core, service);
}

}  // namespace finalmile::rpc
