#pragma once

#include <memory>

#include "absl/time/time.h"
#include "libs/base/signal.h"

namespace finalmile {

// Something another thread can wait for. Once set it stays set until it is cleared.
//
// Every wait of the suite goes through this interface, so that a simulation can order them and no test
// sleeps. Thread-safe.
class WaitEvent : public Signal {
 public:
  virtual void Clear() = 0;
  // Blocks until the event is set or Clock::Steady() reaches `deadline` (absl::InfiniteDuration(): no
  // deadline). Returns whether the event is set.
  virtual bool WaitUntil(absl::Duration deadline) = 0;
};

// The only source of time. Thread-safe; lives as long as the process's runtime.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, for what is stored and shown. May jump.
  virtual absl::Time Now() const = 0;
  // Time since an arbitrary start; never goes back, counts suspended time. For deadlines and measurements.
  virtual absl::Duration Steady() const = 0;
  // An event whose waits use this clock. It must not outlive the clock.
  virtual std::unique_ptr<WaitEvent> NewWaitEvent() = 0;
};

// The machine's clocks (CLOCK_REALTIME, CLOCK_BOOTTIME).
std::unique_ptr<Clock> NewSystemClock();

// Microseconds since the Unix epoch: how instants are stored.
int64_t ToMicros(absl::Time time);
absl::Time FromMicros(int64_t micros);

}  // namespace finalmile
