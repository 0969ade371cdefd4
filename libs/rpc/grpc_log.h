#pragma once

#include "libs/base/log_target.h"

namespace finalmile::rpc {

// While it lives, what gRPC writes of its own goes to `log`, which outlives it: at most kPerSecond lines each
// second, since a caller can cause as many as it likes; the next line that is written counts those left out.
// The last one that was made holds; there is one gRPC in a process.
class GrpcLog {
 public:
  static constexpr int kPerSecond = 10;

  explicit GrpcLog(Log& log);

 private:
  const LogTarget::Hold hold_;
};

}  // namespace finalmile::rpc
