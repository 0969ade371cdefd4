#pragma once

#include "absl/time/time.h"
#include "services/coaching/domain/ids.h"

namespace finalmile::coaching {

// Practices that no coach has reviewed, in the order in which reviews help most.
struct WaitingPractice {
  PracticeId id;
  // When the rep's next meeting in the situation of the track begins; InfiniteFuture: none is planned.
  absl::Time next_meeting = absl::InfiniteFuture();
  absl::Time submit_time;
};

// By the next meeting, then the one that has waited longest, then by id.
bool ReviewedBefore(const WaitingPractice& a, const WaitingPractice& b);

}  // namespace finalmile::coaching
