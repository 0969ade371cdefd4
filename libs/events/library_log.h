#pragma once

#include "libs/base/log_target.h"

namespace finalmile::events {

// While it lives, what librdkafka writes of its own goes to `log`, which outlives it: at most kPerSecond
// lines each second, since each of its clients has one for each broker that is away; the next line that is
// written counts those left out. The last one that was made holds; there is one librdkafka in a process.
class LibraryLog {
 public:
  static constexpr int kPerSecond = 2;

  explicit LibraryLog(Log& log);

 private:
  const LogTarget::Hold hold_;
};

}  // namespace finalmile::events
