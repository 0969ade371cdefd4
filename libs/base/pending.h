#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace finalmile {

// Something under way whose outcome is pulled: whoever started it gave a Signal, which it shares and sets
// when there may be one. Used by one thread at a time. Destroying it gives up waiting, not what is under way;
// the signal may be set once more after that.
class Pending {
 public:
  virtual ~Pending() = default;
  // nullopt while it is under way, afterwards the outcome every time. Does not block.
  virtual std::optional<absl::Status> Outcome() = 0;
  // For who cannot wait longer: DEADLINE_EXCEEDED that says what was slow. What is under way may succeed all
  // the same.
  virtual absl::Status GiveUp() = 0;
};

// What is over already.
inline std::unique_ptr<Pending> Finished(absl::Status outcome) {
  class Over final : public Pending {
   public:
    explicit Over(absl::Status outcome) : outcome_(std::move(outcome)) {}
    std::optional<absl::Status> Outcome() override { return outcome_; }
    absl::Status GiveUp() override { return outcome_; }

   private:
    const absl::Status outcome_;
  };
  return std::make_unique<Over>(std::move(outcome));
}

// Blocks until there is an outcome or Clock::Steady() reaches `deadline`. `wake` is the event that `pending`
// was started with, and nobody else's.
inline absl::Status Await(Pending& pending, WaitEvent& wake, absl::Duration deadline) {
  for (;;) {
    wake.Clear();
    if (std::optional<absl::Status> outcome = pending.Outcome()) return *std::move(outcome);
    if (!wake.WaitUntil(deadline)) return pending.GiveUp();
  }
}

}  // namespace finalmile
