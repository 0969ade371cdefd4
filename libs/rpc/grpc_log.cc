#include "libs/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/line_budget.h"

namespace finalmile::rpc {
namespace {

// gRPC takes a plain function.
struct Target {
  std::mutex mutex;
  Log* log = nullptr;
  const std::unique_ptr<Clock> clock = NewSystemClock();
  LineBudget lines{*clock, GrpcLog::kPerSecond};
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
  const std::optional<int64_t> left_out = target.lines.Take();
  if (!left_out) return;
  const Severity severity = line->severity == GPR_LOG_SEVERITY_DEBUG  ? Severity::kDebug
                            : line->severity == GPR_LOG_SEVERITY_INFO ? Severity::kInfo
                                                                      : Severity::kWarning;
  target.log->Write(severity, "gRPC writes",
                    {{"text", line->message}, {"left_out", std::to_string(*left_out)}});
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
