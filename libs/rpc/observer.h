#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace finalmile::rpc {

// What identifies a method in metrics. The views live as long as the server.
struct MethodLabels {
  // "finalmile.leads.v1.LeadService".
  std::string_view service;
  // "GetLead".
  std::string_view method;
  // "unary", "server_stream" or "bidi_stream", as grpc_type of the usual metrics.
  std::string_view type;
};

// Watches the calls of one method. Thread-safe; does not block. Every Started is followed by one Finished.
class MethodObserver {
 public:
  virtual ~MethodObserver() = default;
  virtual void Started() = 0;
  // `took`: from the call's arrival to its status. `received` and `sent` count messages.
  virtual void Finished(absl::StatusCode code, absl::Duration took, int64_t received, int64_t sent) = 0;
};

// The reasons (ErrorInfo) for which a server refuses a call on its own, whatever the method.
inline constexpr std::string_view kRefusals[] = {"OVERLOADED",       "TOO_MANY_STREAMS", "MESSAGE_TOO_LARGE",
                                                 "ANSWER_TOO_LARGE", "TOKEN_MISSING",    "TOKEN_UNKNOWN",
                                                 "TOKEN_AMBIGUOUS",  "ROLE_MISSING",     "ACT_AS_REFUSED",
                                                 "ACT_AS_MALFORMED", "STOOD_STILL"};

// Where a server reports its calls; libs/telemetry turns them into grpc_server_started_total,
// grpc_server_handled_total, grpc_server_handling_seconds and finalmile_calls_refused_total.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  // Called once per method when a server starts, so that labels are looked up once.
  virtual std::unique_ptr<MethodObserver> ForMethod(const MethodLabels& labels) = 0;
  // A call was refused; `reason` is one of kRefusals. Thread-safe; does not block.
  virtual void Refused(std::string_view /*reason*/) {}
};

}  // namespace finalmile::rpc
