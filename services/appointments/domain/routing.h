#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::appointments::domain {

// A host as routing sees one, within the calendar month of the team's zone.
struct Candidate {
  std::string host;
  // > 0; for a meeting, the EffectiveWeight.
  double weight = 1;
  // Initial chains set this month, less those given back: guest no-shows and cancellations by the guest that
  // were not recovered.
  double assigned = 0;
  // What a newcomer is credited with, so that it does not get every meeting until it has caught up.
  double calibration = 0;
  absl::Time last_assigned = absl::InfinitePast();
};

// Who has mastered the situation of a meeting.
struct SituationMastery {
  // A talk track is published for it.
  bool has_track = false;
  // Ids of reps, hosts or not, who have mastered at least one of its tracks.
  std::set<std::string> mastered_by;
};

// The weight with which a host takes its turn at a meeting in a situation: half of its own where the
// situation has a talk track and the host has mastered none, else its own. Nobody is left out, and where none
// or all have mastered it the order is that of the hosts' own weights.
double EffectiveWeight(double weight, const SituationMastery& mastery, const std::string& host);

// Whether `a` is offered before `b`: the smaller (assigned + calibration + 1/2) / weight, which is the
// Sainte-Laguë method (Webster's divisors 1, 3, 5, …) and gives meetings in proportion to the weights; of two
// alike the one assigned least recently, then by name.
bool RoutesBefore(const Candidate& a, const Candidate& b);

// The calibration of a host that begins, or comes back after five working days off or more: its weight times
// the mean load of the others, (assigned + calibration) / weight. 0 where there are none.
double CalibrationOf(double weight, const std::vector<Candidate>& others);

}  // namespace finalmile::appointments::domain
