#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "libs/base/clock.h"

namespace finalmile::testing {

// A clock for unit tests: time stands still until the test moves it. A wait of another thread ends when its
// event is set or when the test has moved the clock to its deadline. A wait on the test's own thread that
// neither holds would last for ever; so does one without end. Thread-safe; outlives its events.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time now = absl::FromUnixSeconds(1'750'000'000)) : now_(now) {}

  absl::Time Now() const override;
  // Starts at one hour.
  absl::Duration Steady() const override;
  std::unique_ptr<WaitEvent> NewWaitEvent() override;

  // Moves both clocks ahead; `by` ≥ 0.
  void Advance(absl::Duration by);
  // Moves the wall clock alone, as an administrator would.
  void SetNow(absl::Time now);

 private:
  class ManualEvent;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  absl::Time now_;
  absl::Duration steady_ = absl::Hours(1);
};

}  // namespace finalmile::testing
