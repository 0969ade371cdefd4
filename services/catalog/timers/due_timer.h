#pragma once

#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/due_task.h"
#include "services/catalog/publishing/hot_assets.h"

namespace finalmile::catalog::timers {

// Expires assets whose publish window has ended, and says whose review is due or overdue.
class DueTimer final : public outbox::DueTask {
 public:
  // The references outlive the timer.
  DueTimer(Clock& clock, Rng& rng, publishing::HotAssets& hot)
      : DueTask(clock, /*most=*/200), clock_(clock), rng_(rng), hot_(hot) {}
  std::string_view name() const override { return "due"; }
  std::string_view channel() const override { return publishing::kDueChannel; }

 private:
  absl::StatusOr<absl::Time> RunDue(storage::Transaction& transaction, absl::Time now, int rows) override;
  void Committed() override { hot_.Wrote(changed_); }

  Clock& clock_;
  Rng& rng_;
  publishing::HotAssets& hot_;
  // By the last RunDue.
  std::vector<publishing::Changed> changed_;
};

}  // namespace finalmile::catalog::timers
