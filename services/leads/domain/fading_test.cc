#include "services/leads/domain/fading.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);

rc::Gen<FadingValue> FadingValues() {
  return rc::gen::apply(
      [](double value, int hours, int micros) {
        return value == 0 ? FadingValue{}
                          : FadingValue{value, kMonday - absl::Hours(hours) - absl::Microseconds(micros)};
      },
      rc::gen::map(rc::gen::inRange(0, 200'000), [](int value) { return value / 1000.0; }),
      rc::gen::inRange(0, 24 * 400), rc::gen::inRange(0, 1'000'000));
}

TEST(Fading, HalvesInAHalfLife) {
  const FadingValue value{10, kMonday};
  EXPECT_DOUBLE_EQ(ValueAt(value, kShortHalfLife, kMonday), 10);
  EXPECT_DOUBLE_EQ(ValueAt(value, kShortHalfLife, kMonday + absl::Hours(24 * 7)), 5);
  EXPECT_DOUBLE_EQ(ValueAt(value, kLongHalfLife, kMonday + absl::Hours(24 * 60)), 2.5);
  EXPECT_EQ(ValueAt({}, kLongHalfLife, kMonday), 0);
}

TEST(Fading, RankKeyOfZeroIsBelowAll) {
  EXPECT_EQ(RankKey({}, kShortHalfLife), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(ValueOfKey(RankKey({}, kShortHalfLife), kShortHalfLife, kMonday), 0);
}

RC_GTEST_PROP(Fading, AddingLateOrEarlyIsTheSame, ()) {
  const auto a = *FadingValues();
  const auto b = *FadingValues();
  FadingValue ab = a, ba = b;
  Add(ab, kShortHalfLife, b.value, b.time);
  Add(ba, kShortHalfLife, a.value, a.time);
  RC_ASSERT(ab.time == ba.time);
  RC_ASSERT(std::abs(ab.value - ba.value) <= 1e-12 * ab.value);
}

RC_GTEST_PROP(Fading, RankKeysOrderAndTellTheValue, ()) {
  const auto a = *FadingValues();
  const auto b = *FadingValues();
  const absl::Time at = kMonday + absl::Hours(*rc::gen::inRange(0, 24 * 90));
  for (absl::Duration half_life : {kShortHalfLife, kLongHalfLife}) {
    const double value = ValueAt(a, half_life, at);
    RC_ASSERT(std::abs(ValueOfKey(RankKey(a, half_life), half_life, at) - value) <= 1e-11 * value);
    if (value > ValueAt(b, half_life, at) * (1 + 1e-11))
      RC_ASSERT(RankKey(a, half_life) > RankKey(b, half_life));
  }
}

RC_GTEST_PROP(Fading, TheRankBoundsTheEngagement, ()) {
  const Engagement engagement{*FadingValues(), *FadingValues()};
  const absl::Time from = std::max(engagement.short_half_life.time, engagement.long_half_life.time);
  const absl::Time at = from + absl::Hours(*rc::gen::inRange(0, 24 * 90));
  RC_ASSERT(MostOfRank(EngagementRank(engagement), at) * (1 + 1e-11) >= EngagementAt(engagement, at));
  const double rank = EngagementRank({{}, engagement.long_half_life});
  const double value = ValueAt(engagement.long_half_life, kLongHalfLife, at);
  RC_ASSERT(std::abs(MostOfRank(rank, at) - value) <= 1e-11 * value);
}

RC_GTEST_PROP(Fading, FallsBelowIsExactToTheMicrosecond, ()) {
  const Engagement engagement{*FadingValues(), *FadingValues()};
  const double edge = *rc::gen::elementOf(std::vector<double>{0.001, 1, 15, 20, 40, 60, 150});
  const absl::Time falls = FallsBelow(engagement, edge, kMonday);
  RC_ASSERT(EngagementAt(engagement, falls) < edge);
  RC_ASSERT(falls == kMonday || EngagementAt(engagement, falls - kTick) >= edge);
}

TEST(Fading, FallsBelowAtTheEdge) {
  const Engagement engagement{{40, kMonday}, {}};
  EXPECT_EQ(FallsBelow(engagement, 40, kMonday), kMonday + kTick);
  EXPECT_EQ(FallsBelow(engagement, 20, kMonday), kMonday + kShortHalfLife + kTick);
  EXPECT_EQ(FallsBelow(engagement, 40.1, kMonday), kMonday);
  EXPECT_EQ(FallsBelow(engagement, 0, kMonday), absl::InfiniteFuture());
  EXPECT_EQ(FallsBelow({}, 1, kMonday), kMonday);
}

TEST(Fading, TheNextEdgeIsTheHighestReached) {
  const Engagement engagement{{}, {50, kMonday}};
  const double edges[] = {60, 40, 15};
  EXPECT_EQ(FallsBelowNext(engagement, edges, kMonday), FallsBelow(engagement, 40, kMonday));
  const absl::Time below = FallsBelow(engagement, 40, kMonday);
  EXPECT_EQ(FallsBelowNext(engagement, edges, below), FallsBelow(engagement, 15, kMonday));
  EXPECT_EQ(FallsBelowNext({}, edges, kMonday), absl::InfiniteFuture());
}

}  // namespace
}  // namespace finalmile::leads::domain
