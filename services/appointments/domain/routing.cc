#include "services/appointments/domain/routing.h"

#include <tuple>

namespace finalmile::appointments::domain {

double EffectiveWeight(double weight, const SituationMastery& mastery, const std::string& host) {
  return mastery.has_track && !mastery.mastered_by.contains(host) ? weight / 2 : weight;
}

bool RoutesBefore(const Candidate& a, const Candidate& b) {
  const auto load = [](const Candidate& one) { return (one.assigned + one.calibration + 0.5) / one.weight; };
  return std::make_tuple(load(a), a.last_assigned, std::string_view(a.host)) <
         std::make_tuple(load(b), b.last_assigned, std::string_view(b.host));
}

double CalibrationOf(double weight, const std::vector<Candidate>& others) {
  if (others.empty()) return 0;
  double sum = 0;
  for (const Candidate& other : others) sum += (other.assigned + other.calibration) / other.weight;
  return weight * sum / static_cast<double>(others.size());
}

}  // namespace finalmile::appointments::domain
