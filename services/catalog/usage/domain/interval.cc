#include "services/catalog/usage/domain/interval.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

namespace finalmile::catalog::usage::domain {
namespace {

constexpr double kTail = 0.025;

}  // namespace

Estimate ShareOf(double hits, double n) {
  if (n <= 0) return {0, {0, 1}};
  Estimate share = {hits / n, {0, 1}};
  const double misses = n - hits;
  if (hits > 0) share.interval.low = boost::math::ibeta_inv(hits, misses + 1, kTail);
  if (misses > 0) share.interval.high = boost::math::ibetac_inv(hits + 1, misses, kTail);
  return share;
}

Estimate Difference(const Estimate& a, const Estimate& b) {
  const double value = a.value - b.value;
  const double down = std::hypot(a.value - a.interval.low, b.interval.high - b.value);
  const double up = std::hypot(a.interval.high - a.value, b.value - b.interval.low);
  return {value, {std::max(-1.0, value - down), std::min(1.0, value + up)}};
}

}  // namespace finalmile::catalog::usage::domain
