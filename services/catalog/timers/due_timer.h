#pragma once

#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/due_task.h"
#include "services/catalog/assets/hot_assets.h"

namespace finalmile::catalog::timers {

// Expires assets whose publish window has ended, and says whose review is due or overdue.
class DueTimer final : public outbox::DueTask {
 public:
  // The references outlive the timer.
  DueTimer(Clock& clock, Rng& rng, assets::HotAssets& hot)
      : DueTask(clock, /*most=*/200), clock_(clock), rng_(rng), hot_(hot) {}
  std::string_view name() const override { return "due"; }
  std::string_view channel() const override { return assets::kDueChannel; }

 private:
  absl::StatusOr<absl::Time> RunDue(storage::Transaction& transaction, absl::Time now, int rows) override;
  void Committed() override { hot_.Wrote(changed_); }

  Clock& clock_;
  Rng& rng_;
  assets::HotAssets& hot_;
  // By the last RunDue.
  std::vector<assets::Changed> changed_;
};

}  // namespace finalmile::catalog::timers
