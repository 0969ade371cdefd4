#pragma once

#include <functional>

namespace finalmile {

// Where calls run. Thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `work` on a thread of the executor, in order of submission as threads become free. Does not block.
  // False: the queue is full and `work` was dropped; the caller refuses the call.
  virtual bool TryRun(std::function<void()> work) = 0;
};

}  // namespace finalmile
