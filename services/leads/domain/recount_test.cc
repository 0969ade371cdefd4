#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "libs/base/clock.h"
#include "services/leads/domain/engagement.h"
#include "services/leads/domain/explain.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

double PointsOf(const EngagementState& state) {
  return EngagementAt(state.engagement, kMonday + absl::Hours(24 * 60));
}

bool Near(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(b)); }

std::vector<Activity> Sorted(std::vector<Activity> activities) {
  std::sort(activities.begin(), activities.end(), HappenedBefore);
  return activities;
}

// What the sweeper does with the first `count` of activities in order.
EngagementState AgedOf(const CompiledPolicy& policy, const std::vector<Activity>& sorted, size_t count) {
  Recount recount(policy);
  for (size_t i = 0; i < count; ++i) recount.Count(sorted[i]);
  EngagementState aged = recount.state();
  if (count > 0) aged.limits.ForgetWeeksBefore(IsoWeek(ToMicros(sorted[count - 1].event_time)));
  aged.limits = *LimitState::Decode(aged.limits.Encode(), LimitState::kMaxCounting);
  return aged;
}

RC_GTEST_PROP(Recount, OneByOneIsTheSameAsAllAtOnce, ()) {
  const CompiledPolicy policy(TestPolicy());
  const auto activities = Sorted(*ActivityHistories());
  Recount recount(policy);
  for (const Activity& activity : activities) recount.Count(activity);
  const EngagementState truth = Recompute(policy, activities);
  RC_ASSERT(recount.Row().engagement == truth.engagement);
  RC_ASSERT(recount.Row().limits == truth.limits);
  RC_ASSERT(recount.Row().last_hand_raise == truth.last_hand_raise);
}

RC_GTEST_PROP(Recount, AgedActivitiesAndTheRestMakeTheSameSum, ()) {
  const CompiledPolicy policy(TestPolicy());
  const auto activities = Sorted(*ActivityHistories());
  const auto count = *rc::gen::inRange<size_t>(0, activities.size() + 1);
  const EngagementState aged = AgedOf(policy, activities, count);
  const std::vector<Activity> rest(activities.begin() + static_cast<ptrdiff_t>(count), activities.end());
  const EngagementState truth = Recompute(policy, activities);
  const EngagementState both = Recompute(policy, rest, aged);
  RC_ASSERT(Near(PointsOf(both), PointsOf(truth)));
  RC_ASSERT(both.last_hand_raise == truth.last_hand_raise);

  Explainer explainer(policy, kMonday + absl::Hours(24 * 60), aged, static_cast<int64_t>(count));
  for (const Activity& activity : rest) explainer.Count(activity);
  const Explanation explanation = explainer.Explain({});
  double sum = 0;
  for (const Reason& reason : explanation.reasons) sum += reason.points;
  RC_ASSERT(Near(sum, explanation.score));
  RC_ASSERT(Near(explanation.engagement, PointsOf(truth)));
  RC_ASSERT((count > 0) == (explanation.reasons.back().name == "aged:activities"));
}

TEST(Recount, KeepsNoMoreBucketsThanItMay) {
  const CompiledPolicy policy(TestPolicy());
  const auto view = [](size_t asset, int minute) {
    Activity activity = TestActivity("asset", kMonday + absl::Minutes(minute));
    activity.subject = std::to_string(asset);
    return activity;
  };
  for (const size_t subjects :
       {LimitState::kMaxCounting - 1, LimitState::kMaxCounting, LimitState::kMaxCounting + 1}) {
    Recount recount(policy);
    for (size_t i = 0; i < subjects; ++i) recount.Count(view(i, static_cast<int>(i)));
    EXPECT_EQ(recount.state().limits.buckets().size(), std::min(subjects, LimitState::kMaxCounting));
    // The first subject counts again only where it was forgotten.
    EXPECT_EQ(recount.Count(view(0, 10'000)).units, subjects > LimitState::kMaxCounting ? 1 : 0);
    EXPECT_EQ(recount.Row().limits.buckets().size(), LimitState::kMaxBuckets);
  }
}

TEST(Recount, AnotherPolicyKeepsThePointsAndTheLimitsOfSignalsThatKeepTheirNames) {
  Policy changed = TestPolicy();
  std::swap(changed.signals[3], changed.signals[4]);
  changed.signals[3].points = 7;                             // webinar, once thrice
  changed.signals[5].name = "replied";                       // was reply
  changed.signals[0].limit = Limit{Limit::Kind::kFirst, 2};  // pricing, per week before
  const CompiledPolicy from(TestPolicy());
  const CompiledPolicy to(changed);
  const std::vector<Activity> old = {TestActivity("webinar", kMonday, 1, 3),
                                     TestActivity("reply", kMonday, 2),
                                     TestActivity("pricing", kMonday, 3, 2)};
  const EngagementState aged = AgedOf(from, old, old.size());
  const EngagementState under = Under(aged, from, to);
  EXPECT_EQ(under.engagement, aged.engagement);
  EXPECT_EQ(under.last_hand_raise, aged.last_hand_raise);
  Recount recount(to, under);
  const absl::Time later = kMonday + absl::Hours(1);
  EXPECT_EQ(recount.Count(TestActivity("webinar", later, 4)).units, 0);
  EXPECT_EQ(recount.Count(TestActivity("reply", later, 5)).units, 1);
  EXPECT_EQ(recount.Count(TestActivity("pricing", later, 6, 3)).units, 2);
}

TEST(Explain, InSumOneReasonHoldsTheEngagement) {
  const CompiledPolicy policy(TestPolicy());
  const EngagementState state =
      Recompute(policy, {TestActivity("click", kMonday), TestActivity("reply", kMonday, 1)});
  const Explanation explanation = ExplainInSum(policy, {}, state.engagement, kMonday);
  double sum = 0;
  for (const Reason& reason : explanation.reasons) sum += reason.points;
  EXPECT_DOUBLE_EQ(sum, explanation.score);
  EXPECT_DOUBLE_EQ(explanation.reasons.back().points, 45);
}

TEST(ActivityRules, WhatIsTooOldAtItsLimits) {
  const absl::Duration tick = absl::Microseconds(1);
  EXPECT_FALSE(IsAgedOut(TestActivity("click", kMonday - kHistory + tick), kMonday));
  EXPECT_FALSE(IsAgedOut(TestActivity("click", kMonday - kHistory), kMonday));
  EXPECT_TRUE(IsAgedOut(TestActivity("click", kMonday - kHistory - tick), kMonday));
  EXPECT_EQ(AgedOut().description, "is more than 400 days ago; activities are taken that long");
}

}  // namespace
}  // namespace finalmile::leads::domain
