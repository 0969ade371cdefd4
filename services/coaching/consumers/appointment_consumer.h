#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/handler.h"
#include "services/coaching/changes/rep_batch.h"

namespace finalmile::coaching::consumers {

inline constexpr std::string_view kAppointmentConsumer = changes::kByMeetings;

// Assigns practice by what happens to meetings, as changes::MeetingChanges says. Events of other kinds are
// passed over; what is no AppointmentEvent, or names no meeting or host where it has to, is parked.
class AppointmentConsumer final : public outbox::Handler {
 public:
  // The references outlive the consumer.
  AppointmentConsumer(Clock& clock, Rng& rng) : clock_(clock), rng_(rng) {}

  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  Clock& clock_;
  Rng& rng_;
};

}  // namespace finalmile::coaching::consumers
