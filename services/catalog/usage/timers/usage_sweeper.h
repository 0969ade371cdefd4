#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/leader.h"

namespace finalmile::catalog::usage::timers {

// Deletes single uses, offers, meetings and leads 400 days after they were last written, and declines gaps of
// searches that nobody has repeated for 90 days; their sums stay. Erases the sketches of reps' own messages
// 90 days after these, and the words of gaps 90 days after they were closed.
class UsageSweeper final : public outbox::LeaderTask {
 public:
  // The references outlive the sweeper.
  UsageSweeper(Clock& clock, Rng& rng) : clock_(clock), rng_(rng) {}
  std::string_view name() const override { return "usage_sweeper"; }
  absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) override;

 private:
  Clock& clock_;
  Rng& rng_;
};

}  // namespace finalmile::catalog::usage::timers
