#include "libs/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <string>

namespace finalmile::rpc {
namespace {

LogTarget& TheTarget() {
  static LogTarget& target = *new LogTarget(GrpcLog::kPerSecond);
  return target;
}

// gRPC takes a plain function.
void Write(gpr_log_func_args* line) {
  const Severity severity = line->severity == GPR_LOG_SEVERITY_DEBUG  ? Severity::kDebug
                            : line->severity == GPR_LOG_SEVERITY_INFO ? Severity::kInfo
                                                                      : Severity::kWarning;
  TheTarget().WriteLine([&](Log& log, int64_t left_out) {
    log.Write(severity, "gRPC writes", {{"text", line->message}, {"left_out", std::to_string(left_out)}});
  });
}

}  // namespace

GrpcLog::GrpcLog(Log& log) : hold_(TheTarget(), log) { gpr_set_log_function(&Write); }

}  // namespace finalmile::rpc
