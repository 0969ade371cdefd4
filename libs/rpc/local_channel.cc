#include "libs/rpc/local_channel.h"

#include <deque>
#include <map>

#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/base/trace_context.h"
#include "libs/rpc/dispatch.h"
#include "libs/rpc/edge.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::Message;

absl::Status ForCaller(const absl::Status& status, const ServedMethod& method) {
  return status.ok() ? status : rpc::ForCaller(status, method.domain);
}

CallInfo InfoOf(const ServedMethod& method, const std::shared_ptr<const v1::Principal>& principal,
                const AnswerRules& answers, const Clock& clock, const CallOptions& options) {
  CallInfo info;
  info.answers = &answers;
  info.method = method.path;
  info.principal = principal;
  info.deadline = HandlerDeadline(clock.Steady(), options.timeout, options.timeout, options.timeout);
  info.metadata = options.metadata;
  return info;
}

// The handler runs inside Write and Read.
class LocalStream final : public Stream {
 public:
  LocalStream(const ServedMethod* method, absl::Status status, Clock& clock, CallInfo info)
      : method_(method), wake_(clock.NewWaitEvent()), context_(clock, WithWake(std::move(info), *wake_)) {
    if (!status.ok()) {
      outcome_ = status;
    } else {
      handler_ = method_->method->stream();
    }
  }

  bool Write(const Message& request) override {
    if (outcome_ || writes_done_) return false;
    const TraceScope scope(trace_);
    const std::unique_ptr<Message> parsed(method_->method->request->New());
    absl::Status status = context_.Check();
    if (status.ok()) status = ParseRequest(request.SerializeAsString(), *parsed);
    if (status.ok()) status = handler_->OnMessage(context_, *parsed, sink_, [] {});
    if (!status.ok()) outcome_ = ForCaller(status, *method_);
    return status.ok();
  }

  void WritesDone() override { writes_done_ = true; }

  bool Read(Message& reply) override {
    while (replies_.empty() && !outcome_ && writes_done_) {
      absl::Status status = context_.Check();
      if (status.ok()) {
        const TraceScope scope(trace_);
        wake_->Clear();
        const absl::StatusOr<StreamNext> next = handler_->OnEnd(context_, sink_);
        status = next.status();
        if (next.ok() && *next == StreamNext::kWait) wake_->WaitUntil(context_.deadline());
        if (next.ok() && *next != StreamNext::kEnd) continue;
      }
      outcome_ = ForCaller(status, *method_);
    }
    if (replies_.empty()) return false;
    const bool parsed = reply.ParseFromString(replies_.front());
    replies_.pop_front();
    return parsed;
  }

  absl::Status Finish() override {
    WritesDone();
    const std::unique_ptr<Message> dropped(method_ == nullptr ? nullptr : method_->method->response->New());
    while (dropped != nullptr && Read(*dropped)) {
    }
    return *outcome_;
  }

 private:
  static CallInfo WithWake(CallInfo info, WaitEvent& wake) {
    info.wake = &wake;
    return info;
  }

  // Null when there is no such method; then the outcome is set.
  const ServedMethod* const method_;
  const std::unique_ptr<WaitEvent> wake_;
  CallContext context_;
  const std::optional<TraceContext> trace_ = ParseTraceparent(context_.traceparent());
  std::unique_ptr<StreamHandler> handler_;
  std::deque<std::string> replies_;
  const ReplySink sink_ = [this](const Message& reply) {
    RETURN_IF_ERROR(CheckAnswer(reply, context_.answers().most));
    replies_.push_back(reply.SerializeAsString());
    return absl::OkStatus();
  };
  bool writes_done_ = false;
  std::optional<absl::Status> outcome_;
};

class LocalChannel final : public Channel {
 public:
  LocalChannel(std::vector<std::unique_ptr<ServedMethod>> methods,
               std::shared_ptr<const v1::Principal> principal, Clock& clock, AnswerRules answers)
      : principal_(std::move(principal)), clock_(clock), answers_(std::move(answers)) {
    for (auto& method : methods) {
      const std::string path = method->path;
      methods_[path] = std::move(method);
    }
  }

  absl::Status CallMessage(std::string_view method, const Message& request, Message& reply,
                           const CallOptions& options) override {
    ASSIGN_OR_RETURN(const ServedMethod* served, Find(method, true));
    const std::shared_ptr<WaitEvent> wake = clock_.NewWaitEvent();
    CallInfo info = InfoOf(*served, principal_, answers_, clock_, options);
    info.signal = wake;
    CallContext context(clock_, std::move(info));
    const TraceScope scope(ParseTraceparent(context.traceparent()));
    const std::unique_ptr<Message> parsed(served->method->request->New());
    const std::unique_ptr<Message> answer(served->method->response->New());
    absl::Status status = Authorise(*served, *principal_);
    if (status.ok()) status = context.Check();
    if (status.ok()) status = ParseRequest(request.SerializeAsString(), *parsed);
    if (status.ok()) {
      const auto pending = served->method->unary(context, *parsed, *answer);
      status = pending.status();
      if (pending.ok() && *pending != nullptr) status = Await(**pending, *wake, context.deadline());
    }
    if (status.ok()) status = CheckAnswer(*answer, context.answers().most);
    if (!status.ok()) return ForCaller(status, *served);
    if (reply.ParseFromString(answer->SerializeAsString())) return absl::OkStatus();
    return absl::InternalError(
        fmt::format("the reply of {} is no {}", method, reply.GetDescriptor()->full_name()));
  }

  std::unique_ptr<Stream> Open(std::string_view method, const CallOptions& options) override {
    const absl::StatusOr<const ServedMethod*> served = Find(method, false);
    if (!served.ok()) return std::make_unique<LocalStream>(nullptr, served.status(), clock_, CallInfo());
    return std::make_unique<LocalStream>(*served, ForCaller(Authorise(**served, *principal_), **served),
                                         clock_, InfoOf(**served, principal_, answers_, clock_, options));
  }

 private:
  absl::StatusOr<const ServedMethod*> Find(std::string_view path, bool unary) const {
    const auto found = methods_.find(path);
    if (found == methods_.end() || (found->second->method->unary != nullptr) != unary) {
      return absl::UnimplementedError(
          fmt::format("there is no {} method {}", unary ? "unary" : "streaming", path));
    }
    return found->second.get();
  }

  const std::shared_ptr<const v1::Principal> principal_;
  Clock& clock_;
  const AnswerRules answers_;
  std::map<std::string, std::unique_ptr<ServedMethod>, std::less<>> methods_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> NewLocalChannel(const std::vector<const Service*>& services,
                                                         std::shared_ptr<const v1::Principal> principal,
                                                         Clock& clock, AnswerRules answers) {
  ASSIGN_OR_RETURN(auto methods, Serve(services, nullptr));
  return std::make_unique<LocalChannel>(std::move(methods), std::move(principal), clock, std::move(answers));
}

}  // namespace finalmile::rpc
