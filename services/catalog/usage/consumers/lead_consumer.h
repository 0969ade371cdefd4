#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/outbox/handler.h"

namespace finalmile::catalog::usage::consumers {

inline constexpr std::string_view kLeadConsumer = "catalog.leads";

// Keeps of each lead its grade and its stage with when they changed, its cycle, and which channels it denies
// for sales; gives what names a lead that was merged to the other, and deletes what names one that was
// erased. All other events of leads are passed over; what is no LeadEvent, or names no lead, is parked.
class LeadConsumer final : public outbox::Handler {
 public:
  // The clock outlives the consumer.
  explicit LeadConsumer(Clock& clock) : clock_(clock) {}

  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  Clock& clock_;
};

}  // namespace finalmile::catalog::usage::consumers
