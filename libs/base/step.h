#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace finalmile {

// Background work (relay, consumer, timer): an object whose Run does one bounded piece of work.
//
// The runtime calls Run from one thread at a time, then waits until the returned time or until wake() is set,
// whichever comes first, and clears wake() before the next Run. A step that stops is one that is not run
// again, so every Run ends at a commit point. A step handles its own errors: it logs, backs off by what it
// returns, and goes on.
class Step {
 public:
  virtual ~Step() = default;
  // A stable name for logs and metrics: "leads.relay".
  virtual std::string_view name() const = 0;
  // Does at most about 100 ms of work; every wait inside has a deadline. Returns when it wants to run next,
  // as a Clock::Steady() time: ZeroDuration() for at once, InfiniteDuration() for only when woken.
  virtual absl::Duration Run() = 0;
  // Set to have the step run early. Owned by the step.
  virtual WaitEvent& wake() = 0;
};

}  // namespace finalmile
