#include "libs/rpc/call.h"

#include <grpc/support/time.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <iterator>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

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

}  // namespace

Call::Call(const std::shared_ptr<ServerCore>& core, const ServedMethod& method)
    : core_(core), method_(method), arrival_(core->deps.clock.Steady()) {
  (method_.open ? core_->open_calls : core_->calls).fetch_add(1);
  if (method_.observer != nullptr) method_.observer->Started();
}

absl::Status Call::Admit(const grpc::CallbackServerContext& context, absl::Duration standard,
                         absl::Duration most) {
  const auto traceparent = context.client_metadata().find("traceparent");
  if (traceparent != context.client_metadata().end()) trace_ = ParseTraceparent(View(traceparent->second));
  if (method_.tracer != nullptr) BeginSpan();
  ASSIGN_OR_RETURN(info_.principal, PrincipalOf(context));
  const absl::Duration left = TimeLeft(context);
  caller_deadline_ = arrival_ + left;
  info_.method = method_.path;
  info_.deadline = HandlerDeadline(arrival_, left, standard, most);
  info_.cancelled = &cancelled_;
  info_.answers = &core_->options.answers;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const v1::Principal>> Call::PrincipalOf(
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

void Call::MakeContext(const grpc::CallbackServerContext& context) {
  for (const auto& [key, value] : context.client_metadata()) {
    if (Passed(View(key))) info_.metadata.emplace_back(View(key), View(value));
  }
  context_.emplace(core_->deps.clock, std::move(info_));
}

absl::Status Call::GivenUp() const {
  if (core_->deps.clock.Steady() >= caller_deadline_) {
    return absl::DeadlineExceededError("the caller's deadline has passed");
  }
  return absl::CancelledError("the call was cancelled");
}

grpc::Status Call::Close(const absl::Status& status) {
  const absl::Duration took = core_->deps.clock.Steady() - arrival_;
  if (method_.observer != nullptr) method_.observer->Finished(status.code(), took, received_, sent_);
  if (span_) EndSpan(status.code());
  if (status.ok()) return grpc::Status::OK;
  const absl::Status told = ForCaller(status, method_.domain);
  NoteFailure(status, ReasonOf(told), took);
  return grpc::Status(static_cast<grpc::StatusCode>(told.code()), std::string(told.message()),
                      ToProto(told).SerializeAsString());
}

void Call::Leave() {
  if (method_.open) {
    if (core_->open_calls.fetch_sub(1) == 1 && core_->draining.load()) core_->unwatched->Set();
  } else if (core_->calls.fetch_sub(1) == 1 && core_->draining.load()) {
    core_->idle->Set();
  }
}

void Call::BeginSpan() {
  span_ = method_.tracer->Start(std::string_view(method_.path).substr(1), SpanKind::kServer, trace_);
  recorded_ = static_cast<bool>(span_);
  if (recorded_) trace_ = span_.context();
}

void Call::EndSpan(absl::StatusCode code) {
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

void Call::NoteFailure(const absl::Status& status, const std::string& reason, absl::Duration took) {
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

}  // namespace finalmile::rpc
