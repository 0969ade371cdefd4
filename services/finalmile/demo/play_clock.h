#pragma once

#include <mutex>

#include "libs/base/clock.h"

namespace finalmile::cli {

// Wall time that stands still until it is set; deadlines and waits are the machine's. So that a sample
// quarter is played in seconds and gives the same figures each time. Thread-safe.
class PlayClock final : public Clock {
 public:
  // `system` outlives the clock.
  PlayClock(Clock& system, absl::Time now) : system_(system), now_(now) {}

  void SetNow(absl::Time now) {
    std::lock_guard lock(mutex_);
    now_ = now;
  }
  absl::Time Now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  absl::Duration Steady() const override { return system_.Steady(); }
  std::unique_ptr<Event> NewEvent() override { return system_.NewEvent(); }

 private:
  Clock& system_;
  mutable std::mutex mutex_;
  absl::Time now_;
};

}  // namespace finalmile::cli
