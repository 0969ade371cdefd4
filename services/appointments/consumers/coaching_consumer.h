#pragma once

#include <string_view>

#include "libs/outbox/handler.h"

namespace finalmile::appointments::consumers {

inline constexpr std::string_view kCoachingConsumer = "appointments.coaching";

// Keeps which situations have a published talk track, and who has mastered it, for the routing of meetings.
// All other events of coaching are passed over; what is no CoachingEvent, or names no track or rep where it
// has to, is parked.
class CoachingConsumer final : public outbox::Handler {
 public:
  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;
};

}  // namespace finalmile::appointments::consumers
