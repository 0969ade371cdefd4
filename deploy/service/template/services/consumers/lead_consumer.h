#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/handler.h"

namespace finalmile::@name@::consumers {

inline constexpr std::string_view kLeadConsumer = "@name@.leads";

// Deletes the @what@s that are about a lead that was erased. All other events of leads are passed over; what is no
// LeadEvent is parked.
class LeadConsumer final : public outbox::Handler {
 public:
  // The references outlive the consumer.
  LeadConsumer(Clock& clock, Rng& rng) : clock_(clock), rng_(rng) {}

  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  Clock& clock_;
  Rng& rng_;
};

}  // namespace finalmile::@name@::consumers
