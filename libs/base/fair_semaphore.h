#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace finalmile {

// Lets in at most `permits` holders at once, strictly in order of arrival. Waits are waits for the clock's
// events, so that a simulated clock can order them. Thread-safe.
class FairSemaphore {
 public:
  // `permits` ≥ 1. `clock` must outlive it.
  FairSemaphore(Clock& clock, int permits) : clock_(clock), free_(permits) {}

  // Blocks until let in, or until `deadline` (steady): then false. Whoever was let in calls Release.
  bool Acquire(absl::Duration deadline);
  void Release();

  // How many wait now.
  int waiting() const {
    std::lock_guard lock(mutex_);
    return static_cast<int>(queue_.size());
  }

 private:
  struct Waiter {
    std::unique_ptr<WaitEvent> turn;
    bool admitted = false;
  };

  Clock& clock_;
  mutable std::mutex mutex_;
  int free_;
  // Not empty only while free_ is zero.
  std::deque<std::shared_ptr<Waiter>> queue_;
};

}  // namespace finalmile
