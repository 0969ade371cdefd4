#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/span.h"
#include "libs/base/trace_context.h"
#include "libs/rpc/context.h"
#include "libs/rpc/server_core.h"

namespace grpc {
class CallbackServerContext;
class Status;
}  // namespace grpc

// No part of the library's interface.
namespace finalmile::rpc {

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
  Call(const std::shared_ptr<ServerCore>& core, const ServedMethod& method);

  // Fills `info_`, but for the metadata.
  absl::Status Admit(const grpc::CallbackServerContext& context, absl::Duration standard,
                     absl::Duration most);

  // Makes `context_` of `info_` and the metadata.
  void MakeContext(const grpc::CallbackServerContext& context);

  // Why the transport gave the call up.
  absl::Status GivenUp() const;

  // The last thing before the status is sent.
  grpc::Status Close(const absl::Status& status);

  // gRPC is through with the call.
  void Leave();

  // What handlers do belongs to the call's trace.
  Tracer* recording() const { return recorded_ ? method_.tracer : nullptr; }

 private:
  // Who calls, if they may.
  absl::StatusOr<std::shared_ptr<const v1::Principal>> PrincipalOf(
      const grpc::CallbackServerContext& context) const;
  void BeginSpan();

  void EndSpan(absl::StatusCode code);

  void NoteFailure(const absl::Status& status, const std::string& reason, absl::Duration took);

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

}  // namespace finalmile::rpc
