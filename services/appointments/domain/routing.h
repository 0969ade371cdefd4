#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::appointments::domain {

// A host as routing sees one, within the calendar month of the team's zone.
struct Candidate {
  std::string host;
  // > 0; half of the host's own where the situation has a talk track that the host has not mastered.
  double weight = 1;
  // Initial chains set this month, less those given back: guest no-shows and cancellations by the guest that
  // were not recovered.
  double assigned = 0;
  // What a newcomer is credited with, so that it does not get every meeting until it has caught up.
  double calibration = 0;
  absl::Time last_assigned = absl::InfinitePast();
};

// Whether `a` is offered before `b`: the smaller (assigned + calibration + 1/2) / weight, which is the
// Sainte-Laguë method (Webster's divisors 1, 3, 5, …) and gives meetings in proportion to the weights; of two
// alike the one assigned least recently, then by name.
bool RoutesBefore(const Candidate& a, const Candidate& b);

// The calibration of a host that begins, or comes back after five working days off or more: its weight times
// the mean load of the others, (assigned + calibration) / weight. 0 where there are none.
double CalibrationOf(double weight, const std::vector<Candidate>& others);

}  // namespace finalmile::appointments::domain
