#include "libs/rpc/unary_call.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/answer.h"
#include "libs/rpc/call.h"
#include "libs/rpc/wire_message.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::Message;
using grpc::ByteBuffer;

// Answers of more bytes than this leave a third of the memory of answers to smaller ones.
constexpr int64_t kVeryLargeAnswer = 256 << 10;
// Those of mutations may take this much more.
constexpr int64_t kReserveOfMutations = 16 << 20;

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
    absl::Status status = Admit(context, core_->options.default_timeout, core_->options.max_timeout);
    // A caller that gave up before its message was read leaves none behind, which is not an empty one: a
    // process that was frozen finds such calls when it wakes.
    if (status.ok() && !bytes.Valid())
      status = absl::CancelledError("the call came without its request message");
    if (method_.mutates) {
      info_.standstill = &core_->standstill;
      info_.standstills = core_->standstill.CountAt(arrival_);
      if (status.ok() && core_->standstill.MayBeLeftover(arrival_)) status = Standstill::Refusal();
    }
    if (status.ok()) status = TakeRoom(bytes, core_->options, memory_);
    if (!status.ok()) return End(status);
    if (method_.method->waits) info_.signal = reply_signal_ = core_->pending.NewReply();
    if (method_.method->inline_answer && AnswerInline(bytes)) return;
    if (!core_->admission.TryEnter()) return End(Overloaded(core_->options));
    if (method_.method->inline_start && bytes.Length() <= kSmallMessage && StartInline(bytes)) return;
    if (request_ == nullptr) bytes_ = bytes;
    MakeContext(context);
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
    AnswerAfter(std::move(pending), context_->deadline(), status);
  }

  // On the network's thread. False: the handler is to be run.
  bool AnswerInline(const ByteBuffer& bytes) {
    const SpanScope scope(recording(), trace_);
    std::optional<absl::StatusOr<SharedBytes>> answer;
    const absl::Status status = Contained([&]() -> absl::Status {
      RETURN_IF_ERROR(ReadRequest(bytes));
      CallContext without_metadata(core_->deps.clock, info_);
      answer = method_.method->inline_answer(without_metadata, *request_);
      return absl::OkStatus();
    });
    if (status.ok() && !answer) return false;
    const size_t most = core_->options.answers.most;
    if (!status.ok()) {
      End(status);
    } else if (!answer->ok()) {
      End(answer->status());
    } else if (const size_t size = (**answer)->size(); size > most) {
      End(AnswerTooLarge(NameOf(*request_), size, most));
    } else {
      End(absl::OkStatus(), Share(**answer));
    }
    return true;
  }

  // The same for what an answer waits for. The call is admitted already.
  bool StartInline(const ByteBuffer& bytes) {
    const SpanScope scope(recording(), trace_);
    std::optional<absl::StatusOr<std::unique_ptr<Pending>>> started;
    absl::Status status = Contained([&]() -> absl::Status {
      if (MutationHasNoRoom()) return Overloaded(core_->options);
      RETURN_IF_ERROR(ReadRequest(bytes));
      reply_.reset(method_.method->response->New());
      CallContext without_metadata(core_->deps.clock, info_);
      started = method_.method->inline_start(without_metadata, *request_, *reply_);
      return absl::OkStatus();
    });
    if (status.ok() && !started) return false;
    if (status.ok()) status = started->status();
    AnswerAfter(status.ok() ? **std::move(started) : nullptr, info_.deadline, status);
    return true;
  }

  void AnswerAfter(std::unique_ptr<Pending> pending, absl::Duration deadline, const absl::Status& status) {
    if (pending == nullptr) return Answer(status);
    core_->pending.Await(reply_signal_, std::move(pending), deadline,
                         [call = shared_from_this()](const absl::Status& outcome) { call->Answer(outcome); });
  }

  void Answer(absl::Status status) {
    core_->admission.Leave();
    if (status.ok()) status = CheckAnswer(*reply_, core_->options.answers.most);
    request_.reset();
    bytes_.Clear();
    memory_.Release();
    if (!status.ok()) return End(status);
    if (IsSmall(*reply_)) return End(status, SerialiseSmall(*reply_));
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
  // `bytes_` and `request_` take this share of the memory of requests.
  MemoryShare memory_{core_->requests};
  // As it came, unless it has been read.
  ByteBuffer bytes_;
  std::unique_ptr<Message> request_;
  std::unique_ptr<Message> reply_;
  // Null where the handler starts nothing.
  std::shared_ptr<PendingReplies::Reply> reply_signal_;
  std::atomic<bool> ended_{false};
  std::optional<UnreadAnswers::Place> unread_;
  std::shared_ptr<UnaryCall> self_;
};

}  // namespace

grpc::ServerUnaryReactor* BeginUnaryCall(const std::shared_ptr<ServerCore>& core, const ServedMethod& method,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request, grpc::ByteBuffer* response) {
  const auto call = std::make_shared<UnaryCall>(core, method, response);
  call->Begin(context, request);
  return call.get();
}

}  // namespace finalmile::rpc
