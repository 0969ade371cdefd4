#include "services/catalog/usage/domain/interval.h"

#include <gtest/gtest.h>

#include <cmath>

namespace finalmile::catalog::usage::domain {
namespace {

// Method 5 of Table I in R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics
// in Medicine 17 (1998), 857–872.
TEST(Interval, ExactAsPublished) {
  const auto expect = [](double hits, double n, double low, double high) {
    const Estimate share = ShareOf(hits, n);
    EXPECT_DOUBLE_EQ(share.value, hits / n);
    EXPECT_NEAR(share.interval.low, low, 5e-5);
    EXPECT_NEAR(share.interval.high, high, 5e-5);
  };
  expect(81, 263, 0.2527, 0.3676);
  expect(15, 148, 0.0578, 0.1617);
  expect(0, 20, 0, 0.1684);
  expect(1, 29, 0.0009, 0.1776);
  expect(20, 20, 1 - 0.1684, 1);
}

TEST(Interval, NothingIsKnownOfNothing) {
  EXPECT_EQ(ShareOf(0, 0).interval.low, 0);
  EXPECT_EQ(ShareOf(0, 0).interval.high, 1);
}

TEST(Interval, AnEffectiveNumberMayBeAFraction) {
  const Interval whole = ShareOf(2, 10).interval;
  const Interval more = ShareOf(2.1, 10.5).interval;
  EXPECT_LT(whole.low, more.low);
  EXPECT_GT(whole.high, more.high);
}

TEST(Interval, ADifferenceIsAsWideAsBothSides) {
  const Estimate a = {0.8, {0.7, 0.85}};
  const Estimate b = {0.6, {0.5, 0.64}};
  const Estimate difference = Difference(a, b);
  EXPECT_NEAR(difference.value, 0.2, 1e-12);
  EXPECT_NEAR(difference.interval.low, 0.2 - std::hypot(0.1, 0.04), 1e-12);
  EXPECT_NEAR(difference.interval.high, 0.2 + std::hypot(0.05, 0.1), 1e-12);
  // Without doubt about one side only that of the other is left; no difference is beyond −1 and 1.
  EXPECT_NEAR(Difference(a, {0.6, {0.6, 0.6}}).interval.low, 0.1, 1e-12);
  EXPECT_EQ(Difference({1, {0, 1}}, {0, {0, 1}}).interval.high, 1);
}

}  // namespace
}  // namespace finalmile::catalog::usage::domain
