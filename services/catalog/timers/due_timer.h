#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/due_rows.h"
#include "services/catalog/assets/hot_assets.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::timers {

// Expires assets whose publish window has ended, and says whose review is due or overdue.
class DueTimer final : public outbox::DueRowsTask<store::AssetRow> {
 public:
  // The references outlive the timer.
  DueTimer(Clock& clock, Rng& rng, assets::HotAssets& hot)
      : DueRowsTask(clock, store::kAssets, /*most=*/200), clock_(clock), rng_(rng), hot_(hot) {}
  std::string_view name() const override { return "due"; }
  std::string_view channel() const override { return assets::kDueChannel; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<domain::AssetId>& ids,
                     absl::Time now) override;
  void Committed() override { hot_.Wrote(std::exchange(changed_, {})); }

  Clock& clock_;
  Rng& rng_;
  assets::HotAssets& hot_;
  // By the last Visit.
  std::vector<assets::Changed> changed_;
};

}  // namespace finalmile::catalog::timers
