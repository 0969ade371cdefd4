#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/outbox/chunk.h"
#include "libs/outbox/leader.h"
#include "services/appointments/domain/ids.h"

namespace finalmile::appointments::timers {

// Marks planned meetings ahead whose start is another wall time by the rules of their zone that this process
// has read, or whose zone is gone; and takes the mark back where it is no longer so. It moves none: only a
// person knows which of the two times was agreed. Rules are read once for each process, and so it goes
// through the meetings once, and again when this process becomes the leader again.
class ZoneWatch final : public outbox::LeaderTask {
 public:
  // The clock outlives the watch.
  explicit ZoneWatch(Clock& clock) : clock_(clock) {}
  std::string_view name() const override { return "zones"; }
  absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) override;

 private:
  // The last meeting that was compared.
  struct Place {
    absl::Time start;
    domain::AppointmentId id;
  };

  Clock& clock_;
  outbox::ChunkSize chunk_{500};
  Place after_{absl::InfinitePast(), domain::AppointmentId()};
};

}  // namespace finalmile::appointments::timers
