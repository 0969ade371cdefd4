#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/due_rows.h"
#include "services/appointments/store/appointment_store.h"

namespace finalmile::appointments::timers {

// Does to meetings what time does: reminders, briefs, outcomes that nobody recorded; and deletes what ended
// long ago.
class AppointmentTimer final : public outbox::DueRowsTask<store::AppointmentRow> {
 public:
  // The references outlive the timer.
  AppointmentTimer(Clock& clock, Rng& rng)
      : DueRowsTask(clock, store::kAppointments, /*most=*/200), clock_(clock), rng_(rng) {}
  std::string_view name() const override { return "meetings"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<domain::AppointmentId>& ids,
                     absl::Time now) override;

  Clock& clock_;
  Rng& rng_;
};

}  // namespace finalmile::appointments::timers
