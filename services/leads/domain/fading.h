#pragma once

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/leads/domain/policy.h"

namespace finalmile::leads::domain {

// Half-lives are fixed; policies choose which a signal uses.
inline constexpr absl::Duration kShortHalfLife = absl::Hours(24 * 7);
inline constexpr absl::Duration kLongHalfLife = absl::Hours(24 * 30);

// `value` points at `time` (whole microseconds), fading by half in every half-life. A value of 0 has no time.
struct FadingValue {
  double value = 0;
  absl::Time time = absl::UnixEpoch();

  friend bool operator==(const FadingValue&, const FadingValue&) = default;
};

// value · 2^(−(at − time)/half_life), in points. Before `time` this is more than `value`.
double ValueAt(const FadingValue& fading, absl::Duration half_life, absl::Time at);

// Adds `points` that were worth so much at `time`, which may lie before or after fading.time: sums do not
// depend on the order of additions but for rounding (below 1e-12 of the value each). fading.time becomes the
// later of the two.
void Add(FadingValue& fading, absl::Duration half_life, double points, absl::Time time);

// log2(value) + time/half_life, counted from the Unix epoch; −infinity for 0. Does not change as the value
// fades: ordered by it at any moment, values are ordered by what they are worth then.
double RankKey(const FadingValue& fading, absl::Duration half_life);
// The value of a rank key at `at`: 2^(key − at/half_life); 0 for −infinity. It strictly rises with the key.
// Equals ValueAt to 1e-11 of the value.
double ValueOfKey(double key, absl::Duration half_life, absl::Time at);

// E: the two fading parts of a lead's engagement.
struct Engagement {
  FadingValue short_half_life;
  FadingValue long_half_life;

  friend bool operator==(const Engagement&, const Engagement&) = default;
};

// E at `at`, in points; >= 0.
double EngagementAt(const Engagement& engagement, absl::Time at);

// Bounds E for ever after with one number that does not change as E fades: the sum of value · 2^(time/30
// days) of both parts, counted from 2026. From the times of both values on, MostOfRank(rank, at) >= E at
// `at`, and it equals E of the long half-life alone. >= 0; 0 for no engagement.
double EngagementRank(const Engagement& engagement);
// rank · 2^(−at/30 days), in points. Strictly rises with the rank.
double MostOfRank(double rank, absl::Time at);

// Whether the two are worth the same at every moment, but for rounding (1e-9 of either part).
bool Alike(const Engagement& a, const Engagement& b);

// The first microsecond, not before `from`, at which EngagementAt is below `edge`: at the returned time it
// is, one microsecond earlier it was not (or it is `from`). Never for edge <= 0: InfiniteFuture.
absl::Time FallsBelow(const Engagement& engagement, double edge, absl::Time from);

// When E falls below the highest edge above 0 that it reaches at `now`; InfiniteFuture: it reaches none.
absl::Time FallsBelowNext(const Engagement& engagement, absl::Span<const double> edges, absl::Time now);

}  // namespace finalmile::leads::domain
