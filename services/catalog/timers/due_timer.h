#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/leader.h"
#include "services/catalog/publishing/hot_assets.h"

namespace finalmile::catalog::timers {

// Expires assets whose publish window has ended, and says whose review is due or overdue.
class DueTimer final : public outbox::LeaderTask {
 public:
  // The references outlive the timer.
  DueTimer(Clock& clock, Rng& rng, publishing::HotAssets& hot) : clock_(clock), rng_(rng), hot_(hot) {}
  std::string_view name() const override { return "due"; }
  std::string_view channel() const override { return publishing::kDueChannel; }
  absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) override;

 private:
  Clock& clock_;
  Rng& rng_;
  publishing::HotAssets& hot_;
};

}  // namespace finalmile::catalog::timers
