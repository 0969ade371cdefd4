#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/outbox/due_rows.h"
#include "services/leads/store/sales_store.h"

namespace finalmile::leads::timers {

// Decides what crossings came to once they have matured, and deletes those that are 400 days old.
class CrossingTimer final : public outbox::DueRowsTask<store::CrossingRow> {
 public:
  // The clock outlives the timer.
  explicit CrossingTimer(Clock& clock) : DueRowsTask(clock, store::kCrossings, /*most=*/200) {}
  std::string_view name() const override { return "crossings"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                     absl::Time now) override;
};

}  // namespace finalmile::leads::timers
