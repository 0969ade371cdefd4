#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/due_rows.h"
#include "services/coaching/store/rep_store.h"

namespace finalmile::coaching::timers {

// Does to reps what time does: rehearsals that fall due, mastery that is forgotten, certificates that expire,
// assignments that are overdue.
class RepTimer final : public outbox::DueRowsTask<store::RepRow> {
 public:
  // The references outlive the timer.
  RepTimer(Clock& clock, Rng& rng)
      : DueRowsTask(clock, store::kReps, /*most=*/50), clock_(clock), rng_(rng) {}
  std::string_view name() const override { return "reps"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                     absl::Time now) override;

  Clock& clock_;
  Rng& rng_;
};

}  // namespace finalmile::coaching::timers
