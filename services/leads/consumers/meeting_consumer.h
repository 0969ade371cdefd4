#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/handler.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::consumers {

inline constexpr std::string_view kMeetingConsumer = "leads.meetings";

// Has leads follow what sales makes of them: their stage, the end of a crossing's request, gates and
// permissions of those that were returned, and the label of the crossing. Other events of appointments are
// passed over; what is no AppointmentEvent, or names no lead, is parked.
class MeetingConsumer final : public outbox::Handler {
 public:
  // The references outlive the consumer.
  MeetingConsumer(Clock& clock, Rng& rng, scoring::Policies& policies)
      : clock_(clock), rng_(rng), policies_(policies) {}

  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  Clock& clock_;
  Rng& rng_;
  scoring::Policies& policies_;
};

}  // namespace finalmile::leads::consumers
