#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/outbox/handler.h"

namespace finalmile::catalog::usage::consumers {

inline constexpr std::string_view kCreditConsumer = "catalog.credit";

// Gives asset versions their share of meetings: reads from the appointments' events which versions were used
// with the lead, and what became of the meeting. Corrections take back what was given. Events that say
// nothing of this are passed over; what is no AppointmentEvent, or names no appointment, is parked.
class CreditConsumer final : public outbox::Handler {
 public:
  // The clock outlives the consumer.
  explicit CreditConsumer(Clock& clock) : clock_(clock) {}

  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  Clock& clock_;
};

}  // namespace finalmile::catalog::usage::consumers
