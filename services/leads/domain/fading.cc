#include "services/leads/domain/fading.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "libs/base/clock.h"

namespace finalmile::leads::domain {
namespace {

double HalfLives(int64_t micros, absl::Duration half_life) {
  return static_cast<double>(micros) / static_cast<double>(absl::ToInt64Microseconds(half_life));
}

// 2026-01-01, near which ranks stay within what a double holds: 80 years before and after. The index of ranks
// (store/schema.cc) counts from the same moment.
constexpr int64_t kRankEpoch = 1'767'225'600'000'000;

double AtMicros(const FadingValue& fading, absl::Duration half_life, int64_t at) {
  if (fading.value == 0) return 0;
  return fading.value * std::exp2(-HalfLives(at - ToMicros(fading.time), half_life));
}

double AtMicros(const Engagement& engagement, int64_t at) {
  return AtMicros(engagement.short_half_life, kShortHalfLife, at) +
         AtMicros(engagement.long_half_life, kLongHalfLife, at);
}

}  // namespace

double ValueAt(const FadingValue& fading, absl::Duration half_life, absl::Time at) {
  return AtMicros(fading, half_life, ToMicros(at));
}

void Add(FadingValue& fading, absl::Duration half_life, double points, absl::Time time) {
  if (points == 0) return;
  const int64_t added = ToMicros(time);
  if (fading.value == 0) {
    fading = {points, FromMicros(added)};
    return;
  }
  const int64_t stored = ToMicros(fading.time);
  if (added >= stored) {
    fading = {AtMicros(fading, half_life, added) + points, FromMicros(added)};
  } else {
    fading.value += points * std::exp2(-HalfLives(stored - added, half_life));
  }
}

double RankKey(const FadingValue& fading, absl::Duration half_life) {
  if (fading.value == 0) return -std::numeric_limits<double>::infinity();
  return std::log2(fading.value) + HalfLives(ToMicros(fading.time), half_life);
}

double ValueOfKey(double key, absl::Duration half_life, absl::Time at) {
  return std::exp2(key - HalfLives(ToMicros(at), half_life));
}

double EngagementAt(const Engagement& engagement, absl::Time at) {
  return AtMicros(engagement, ToMicros(at));
}

double EngagementRank(const Engagement& engagement) {
  const auto part = [](const FadingValue& fading) {
    if (fading.value == 0) return 0.0;
    return fading.value * std::exp2(HalfLives(ToMicros(fading.time) - kRankEpoch, kLongHalfLife));
  };
  return part(engagement.short_half_life) + part(engagement.long_half_life);
}

double MostOfRank(double rank, absl::Time at) {
  return rank * std::exp2(-HalfLives(ToMicros(at) - kRankEpoch, kLongHalfLife));
}

bool Alike(const Engagement& a, const Engagement& b) {
  const auto alike = [](const FadingValue& one, const FadingValue& other, absl::Duration half_life) {
    const absl::Time time = std::max(one.time, other.time);
    const double value = ValueAt(one, half_life, time);
    return std::abs(value - ValueAt(other, half_life, time)) <= 1e-9 * value;
  };
  return alike(a.short_half_life, b.short_half_life, kShortHalfLife) &&
         alike(a.long_half_life, b.long_half_life, kLongHalfLife);
}

absl::Time FallsBelow(const Engagement& engagement, double edge, absl::Time from) {
  if (!(edge > 0)) return absl::InfiniteFuture();
  int64_t above = ToMicros(from);
  double value = AtMicros(engagement, above);
  if (value < edge) return FromMicros(above);

  // log2 E(t) is convex and falling, so Newton steps from above the edge never pass the root but by rounding.
  for (int step = 0; step < 60; ++step) {
    const double short_part = AtMicros(engagement.short_half_life, kShortHalfLife, above);
    const double halvings_per_micro =
        (short_part * HalfLives(1, kShortHalfLife) + (value - short_part) * HalfLives(1, kLongHalfLife)) /
        value;
    const int64_t next = above + static_cast<int64_t>(std::log2(value / edge) / halvings_per_micro);
    const double value_there = AtMicros(engagement, next);
    if (next == above || value_there < edge) break;
    above = next;
    value = value_there;
  }

  int64_t width = 1;
  while (AtMicros(engagement, above + width) >= edge) {
    above += width;
    width *= 2;
  }
  int64_t below = above + width;
  while (below - above > 1) {
    const int64_t middle = above + (below - above) / 2;
    (AtMicros(engagement, middle) < edge ? below : above) = middle;
  }
  return FromMicros(below);
}

absl::Time FallsBelowNext(const Engagement& engagement, absl::Span<const double> edges, absl::Time now) {
  const double value = EngagementAt(engagement, now);
  double next = 0;
  for (double edge : edges) {
    if (edge <= value) next = std::max(next, edge);
  }
  return FallsBelow(engagement, next, now);
}

}  // namespace finalmile::leads::domain
