#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>

#include "libs/base/clock.h"

namespace finalmile::cli {

// A clock whose wall time stands still and jumps when it is told to, so that a quarter is played in seconds
// and gives the same figures each time. A jump moves Steady() as far and so ends the waits that lie within
// it: whatever falls due in a night that is skipped is done at its end. Between jumps Steady() goes on as the
// machine's does. Thread-safe.
class PlayClock final : public Clock {
 public:
  // `system` outlives the clock.
  PlayClock(Clock& system, absl::Time now) : system_(system), now_(now) {}

  absl::Time Now() const override;
  absl::Duration Steady() const override;
  std::unique_ptr<WaitEvent> NewWaitEvent() override;

  // `now` is not before Now(). To be called when nothing is running: deadlines of running work would pass.
  void JumpTo(absl::Time now);
  // Waits until as many threads wait on this clock, with nothing to do, as ever did: all that fell due is
  // done. False: not within `limit`.
  bool WaitUntilIdle(absl::Duration limit);
  // Threads that wait on this clock with nothing to do.
  size_t Idle() const;

 private:
  class PlayEvent;
  // A thread that waits.
  struct Wait {
    const PlayEvent* event;
    absl::Duration deadline;
  };

  absl::Duration SteadyLocked() const { return system_.Steady() + skipped_; }
  size_t IdleLocked() const;

  Clock& system_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  absl::Time now_;
  absl::Duration skipped_ = absl::ZeroDuration();
  std::list<Wait> waits_;
  size_t most_idle_ = 0;
};

}  // namespace finalmile::cli
