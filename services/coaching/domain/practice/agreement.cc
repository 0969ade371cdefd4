#include "services/coaching/domain/practice/agreement.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace finalmile::coaching {
namespace {

bool IsPairable(const Unit& unit) { return unit.size() >= 2; }

}  // namespace

std::optional<double> OrdinalAlpha(const std::vector<Unit>& units) {
  // n_c, and with it the values in their order.
  std::map<int, int64_t> counts;
  // o_ck for c < k, as pairs by the number of values in their unit: whole numbers, so that the order in which
  // units come changes no bit of the result.
  std::map<std::pair<int, int>, std::map<size_t, int64_t>> pairs;
  int64_t n = 0;
  for (const Unit& unit : units) {
    if (!IsPairable(unit)) continue;
    std::map<int, int64_t> values;
    for (const int value : unit) ++values[value];
    for (auto c = values.begin(); c != values.end(); ++c) {
      counts[c->first] += c->second;
      n += c->second;
      for (auto k = std::next(c); k != values.end(); ++k)
        pairs[{c->first, k->first}][unit.size()] += c->second * k->second;
    }
  }
  double observed = 0;
  double expected = 0;
  for (auto c = counts.begin(); c != counts.end(); ++c) {
    int64_t between = c->second;
    for (auto k = std::next(c); k != counts.end(); ++k) {
      between += k->second;
      const double distance = static_cast<double>(between) - static_cast<double>(c->second + k->second) / 2;
      const auto found = pairs.find({c->first, k->first});
      if (found != pairs.end()) {
        for (const auto& [values, count] : found->second)
          observed += static_cast<double>(count) / static_cast<double>(values - 1) * distance * distance;
      }
      expected += static_cast<double>(c->second) * static_cast<double>(k->second) * distance * distance;
    }
  }
  if (!(expected > 0)) return std::nullopt;
  return 1 - static_cast<double>(n - 1) * observed / expected;
}

Agreement AgreementOf(const std::vector<Unit>& units) {
  Agreement agreement;
  agreement.units = static_cast<size_t>(std::count_if(units.begin(), units.end(), IsPairable));
  if (agreement.units >= kFewestUnits) agreement.alpha = OrdinalAlpha(units);
  return agreement;
}

}  // namespace finalmile::coaching
