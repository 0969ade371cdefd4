#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/handler.h"

namespace finalmile::appointments::consumers {

inline constexpr std::string_view kLeadConsumer = "appointments.leads";

// Opens, upgrades and closes meeting requests as leads become sales-ready, cool, are erased and merged, and
// keeps what leads permit. All other events of leads are passed over; what is no LeadEvent, or names no lead,
// is parked.
class LeadConsumer final : public outbox::Handler {
 public:
  // The references outlive the consumer.
  LeadConsumer(Clock& clock, Rng& rng) : clock_(clock), rng_(rng) {}

  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  Clock& clock_;
  Rng& rng_;
};

}  // namespace finalmile::appointments::consumers
