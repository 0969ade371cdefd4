#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/outbox/due_rows.h"
#include "services/appointments/store/host_store.h"

namespace finalmile::appointments::timers {

// Credits hosts who are back from a long time off (changes::Calibrate).
class ReturnTimer final : public outbox::DueRowsTask<store::TimeOffRow> {
 public:
  // The clock outlives the timer.
  explicit ReturnTimer(Clock& clock) : DueRowsTask(clock, store::kTimeOff, /*most=*/50) {}
  std::string_view name() const override { return "returns"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                     absl::Time now) override;
};

}  // namespace finalmile::appointments::timers
