#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "libs/base/executor.h"
#include "libs/base/log.h"

namespace finalmile::app {

// A fixed number of threads behind a bounded queue. Work that throws is logged and forgotten.
class ThreadPool final : public Executor {
 public:
  // `threads` and `queue` >= 1. `log` outlives the pool.
  ThreadPool(int threads, size_t queue, Log& log);
  // Stop().
  ~ThreadPool() override;

  bool TryRun(std::function<void()> work) override;

  // Refuses further work, runs what was accepted, and returns when all of it has ended. Once is enough; not
  // to be called by the pool's own work.
  void Stop();

  int threads() const { return static_cast<int>(threads_.size()); }

 private:
  void Work();

  const size_t queue_limit_;
  Log& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace finalmile::app
