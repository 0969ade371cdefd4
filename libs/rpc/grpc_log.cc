#include "libs/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <memory>
#include <mutex>
#include <string>

#include "libs/base/clock.h"

namespace finalmile::rpc {
namespace {

// gRPC takes a plain function.
struct Target {
  std::mutex mutex;
  Log* log = nullptr;
  const std::unique_ptr<Clock> clock = NewSystemClock();
  absl::Duration second;
  int written = 0;
  int64_t left_out = 0;
};

Target& TheTarget() {
  // gRPC's threads may write until the very end.
  static Target& target = *new Target;
  return target;
}

void Write(gpr_log_func_args* line) {
  Target& target = TheTarget();
  std::lock_guard lock(target.mutex);
  if (target.log == nullptr) return;
  const absl::Duration now = target.clock->Steady();
  if (now - target.second >= absl::Seconds(1)) {
    target.second = now;
    target.written = 0;
  }
  if (target.written == GrpcLog::kPerSecond) {
    ++target.left_out;
    return;
  }
  ++target.written;
  const Severity severity = line->severity == GPR_LOG_SEVERITY_DEBUG  ? Severity::kDebug
                            : line->severity == GPR_LOG_SEVERITY_INFO ? Severity::kInfo
                                                                      : Severity::kWarning;
  target.log->Write(severity, "gRPC writes",
                    {{"text", line->message}, {"left_out", std::to_string(target.left_out)}});
  target.left_out = 0;
}

}  // namespace

GrpcLog::GrpcLog(Log& log) : log_(log) {
  Target& target = TheTarget();
  {
    std::lock_guard lock(target.mutex);
    target.log = &log;
  }
  gpr_set_log_function(&Write);
}

GrpcLog::~GrpcLog() {
  Target& target = TheTarget();
  std::lock_guard lock(target.mutex);
  if (target.log == &log_) target.log = nullptr;
}

}  // namespace finalmile::rpc
