#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/outbox/handler.h"

namespace finalmile::appointments::consumers {

inline constexpr std::string_view kCatalogConsumer = "appointments.catalog";

// Keeps which assets were used for a lead and which a lead viewed, as touches of its meetings. What was only
// offered is no touch; what names an erased lead is dropped. All other events of the catalog are passed over;
// what is no CatalogEvent, or names no lead, is parked.
class CatalogConsumer final : public outbox::Handler {
 public:
  // The clock outlives the consumer.
  explicit CatalogConsumer(Clock& clock) : clock_(clock) {}

  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  Clock& clock_;
};

}  // namespace finalmile::appointments::consumers
