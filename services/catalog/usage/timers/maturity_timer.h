#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/outbox/due_task.h"

namespace finalmile::catalog::usage::timers {

// Counts uses and trials that are 30 days old.
class MaturityTimer final : public outbox::DueTask {
 public:
  // The clock outlives the timer.
  explicit MaturityTimer(Clock& clock) : DueTask(clock, /*most=*/500) {}
  std::string_view name() const override { return "maturity"; }

 private:
  absl::StatusOr<absl::Time> RunDue(storage::Transaction& transaction, absl::Time now, int rows) override;
};

}  // namespace finalmile::catalog::usage::timers
