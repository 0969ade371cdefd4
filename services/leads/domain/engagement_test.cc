#include "services/leads/domain/engagement.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

using Kind = Limit::Kind;

double PointsOf(const EngagementState& state, absl::Time at) { return EngagementAt(state.engagement, at); }

// The rules of domain.md as plainly as can be: sort, count units one by one, add up at `at`.
double BruteForce(const CompiledPolicy& policy, std::vector<Activity> activities, absl::Time at) {
  std::sort(activities.begin(), activities.end(), HappenedBefore);
  std::map<std::tuple<size_t, int64_t, std::string>, double> used;
  double sum = 0;
  for (const Activity& activity : activities) {
    const CompiledSignal* signal = policy.Match(activity);
    if (signal == nullptr) continue;
    const Signal& rule = policy.policy().signals[signal->index];
    const double days = absl::ToDoubleSeconds(at - activity.event_time) / 86400;
    for (int unit = 0; unit < std::max(1, activity.count); ++unit) {
      double points = rule.points;
      if (rule.limit) {
        const bool weekly = rule.limit->kind == Kind::kPerWeek || rule.limit->kind == Kind::kPointsPerWeek;
        const auto week =
            static_cast<int64_t>(std::floor((activity.event_time - kMonday) / absl::Hours(168)));
        double& bucket = used[{signal->index, weekly ? week : 0,
                               rule.limit->kind == Kind::kPerSubject ? activity.subject : ""}];
        const double left = rule.limit->amount - bucket;
        if (rule.limit->kind == Kind::kPointsPerWeek) {
          points = std::min(points, left);
          bucket += points;
        } else {
          points = left >= 1 ? points : 0;
          bucket += 1;
        }
      }
      if (points > 0) sum += points * std::exp2(-days / (rule.half_life == HalfLife::kShort ? 7.0 : 30.0));
    }
  }
  return sum;
}

// What a caller does: the fast path, and all activities so far when it cannot tell.
EngagementState Chain(const CompiledPolicy& policy, const std::vector<Activity>& activities,
                      int* recomputed) {
  EngagementState state;
  std::vector<Activity> so_far;
  for (const Activity& activity : activities) {
    so_far.push_back(activity);
    state.limits = *LimitState::Decode(state.limits.Encode());
    if (Apply(policy, activity, state) == ApplyResult::kNeedsRecompute) {
      state = Recompute(policy, so_far);
      if (recomputed != nullptr) ++*recomputed;
    }
  }
  return state;
}

bool Near(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(b)); }

RC_GTEST_PROP(Engagement, RecomputeFollowsTheRules, ()) {
  const CompiledPolicy policy(TestPolicy());
  const auto activities = *ActivityHistories();
  const absl::Time at = kMonday + absl::Hours(24 * 60);
  RC_ASSERT(Near(PointsOf(Recompute(policy, activities), at), BruteForce(policy, activities, at)));
}

RC_GTEST_PROP(Engagement, ArrivalOrderDoesNotMatter, ()) {
  const CompiledPolicy policy(TestPolicy());
  const auto activities = *ActivityHistories();
  auto shuffled = activities;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937_64(*rc::gen::arbitrary<uint64_t>()));
  const EngagementState truth = Recompute(policy, activities);
  const EngagementState other = Recompute(policy, shuffled);
  RC_ASSERT(other.engagement == truth.engagement);
  RC_ASSERT(other.limits == truth.limits);
  const EngagementState chained = Chain(policy, shuffled, nullptr);
  for (int day : {0, 30, 60, 400}) {
    const absl::Time at = kMonday + absl::Hours(24 * day);
    RC_ASSERT(Near(PointsOf(chained, at), PointsOf(truth, at)));
  }
  RC_ASSERT(chained.last_hand_raise == truth.last_hand_raise);
  RC_ASSERT(chained.engagement.short_half_life.time == truth.engagement.short_half_life.time);
}

RC_GTEST_PROP(Engagement, InOrderTheFastPathAlwaysTells, ()) {
  const CompiledPolicy policy(TestPolicy());
  auto activities = *ActivityHistories();
  std::sort(activities.begin(), activities.end(), HappenedBefore);
  int recomputed = 0;
  const EngagementState chained = Chain(policy, activities, &recomputed);
  RC_ASSERT(recomputed == 0);
  RC_ASSERT(chained.limits.buckets() == Recompute(policy, activities).limits.buckets());
}

RC_GTEST_PROP(Engagement, RepeatsHaveNoEffect, ()) {
  const CompiledPolicy policy(TestPolicy());
  const auto activities = *ActivityHistories();
  auto doubled = activities;
  doubled.insert(doubled.end(), activities.begin(), activities.end());
  RC_ASSERT(Recompute(policy, doubled).engagement == Recompute(policy, activities).engagement);
}

TEST(Engagement, ALateActivityTakesALaterOnesPlace) {
  const CompiledPolicy policy(TestPolicy());
  EngagementState state;
  std::vector<Activity> all;
  for (int day : {3, 4}) {
    all.push_back(TestActivity("pricing", kMonday + absl::Hours(24 * day), day));
    ASSERT_EQ(Apply(policy, all.back(), state), ApplyResult::kApplied);
  }
  const EngagementState before = state;
  all.push_back(TestActivity("pricing", kMonday + absl::Hours(24), 1));
  ASSERT_EQ(Apply(policy, all.back(), state), ApplyResult::kNeedsRecompute);
  EXPECT_EQ(state.engagement, before.engagement);
  EXPECT_EQ(state.limits, before.limits);
  state = Recompute(policy, all);
  // Days 1 and 3 count, day 4 does not.
  EXPECT_NEAR(PointsOf(state, kMonday + absl::Hours(24 * 8)), 15 * std::exp2(-1.0) + 15 * std::exp2(-5.0 / 7),
              1e-9);
}

TEST(Engagement, WeeksBeginOnMondayInUtc) {
  const CompiledPolicy policy(TestPolicy());
  const absl::Duration tick = absl::Microseconds(1);
  // Two on Sunday's last microsecond fill that week; one on Monday's first begins another.
  const std::vector<Activity> activities = {TestActivity("pricing", kMonday - tick, 1, 2),
                                            TestActivity("pricing", kMonday - tick, 2),
                                            TestActivity("pricing", kMonday, 3)};
  EXPECT_NEAR(PointsOf(Recompute(policy, activities), kMonday), 45, 1e-6);
  EXPECT_EQ(IsoWeek(0), 0);
  const int64_t monday = -int64_t{3} * 24 * 3600 * 1'000'000;
  EXPECT_EQ(IsoWeek(monday), 0);
  EXPECT_EQ(IsoWeek(monday - 1), -1);
}

TEST(Engagement, LimitsAtTheirEdges) {
  const CompiledPolicy policy(TestPolicy());
  const auto points = [&](const std::string& type, int count) {
    return PointsOf(Recompute(policy, std::vector<Activity>{TestActivity(type, kMonday, 1, count)}), kMonday);
  };
  EXPECT_NEAR(points("webinar", 2), 40, 1e-12);
  EXPECT_NEAR(points("webinar", 3), 60, 1e-12);
  EXPECT_NEAR(points("webinar", 4), 60, 1e-12);
  // 9 points a week at 2 each: the fifth counts in part.
  EXPECT_NEAR(points("page", 4), 8, 1e-12);
  EXPECT_NEAR(points("page", 5), 9, 1e-12);
  EXPECT_NEAR(points("page", 6), 9, 1e-12);
  EXPECT_NEAR(points("click", 10'000), 50'000, 1e-9);
  EXPECT_NEAR(points("click", 0), 5, 1e-12);
}

TEST(Engagement, SubjectsAreCountedApart) {
  const CompiledPolicy policy(TestPolicy());
  std::vector<Activity> activities;
  for (const char* subject : {"assets/a", "assets/b", "assets/A"}) {
    activities.push_back(TestActivity("asset", kMonday, static_cast<int>(activities.size())));
    activities.back().subject = subject;
  }
  EXPECT_NEAR(PointsOf(Recompute(policy, activities), kMonday), 24, 1e-12);
}

TEST(Engagement, WhatWeOrMachinesDoNeverCounts) {
  const CompiledPolicy policy(TestPolicy());
  EngagementState state;
  for (const char* type : {"click", "reply", "demo"}) {
    Activity outbound = TestActivity(type, kMonday);
    outbound.outbound = true;
    Activity automated = TestActivity(type, kMonday);
    automated.automated = true;
    EXPECT_EQ(Apply(policy, outbound, state), ApplyResult::kIgnored);
    EXPECT_EQ(Apply(policy, automated, state), ApplyResult::kIgnored);
    EXPECT_EQ(Recompute(policy, std::vector<Activity>{outbound, automated}).last_hand_raise,
              absl::InfinitePast());
  }
  EXPECT_EQ(PointsOf(state, kMonday), 0);
}

TEST(Engagement, TheLatestHandRaiseIsKept) {
  const CompiledPolicy policy(TestPolicy());
  EngagementState state;
  EXPECT_EQ(Apply(policy, TestActivity("demo", kMonday + absl::Hours(2), 1), state), ApplyResult::kApplied);
  EXPECT_EQ(Apply(policy, TestActivity("reply", kMonday + absl::Hours(1), 2), state), ApplyResult::kApplied);
  EXPECT_EQ(state.last_hand_raise, kMonday + absl::Hours(2));
  EXPECT_NEAR(PointsOf(state, kMonday + absl::Hours(1)), 40, 1e-9);
}

TEST(Engagement, AStateOfAnotherPolicyIsNotTrusted) {
  const CompiledPolicy policy(TestPolicy());
  Policy changed = TestPolicy();
  changed.signals[0].limit->amount = 3;
  EngagementState state;
  ASSERT_EQ(Apply(policy, TestActivity("pricing", kMonday), state), ApplyResult::kApplied);
  EXPECT_EQ(Apply(CompiledPolicy(changed), TestActivity("pricing", kMonday, 1), state),
            ApplyResult::kNeedsRecompute);
}

TEST(Engagement, ManyBucketsAreForgottenButNeverMiscounted) {
  const CompiledPolicy policy(TestPolicy());
  std::vector<Activity> activities;
  for (int i = 0; i < 400; ++i) {
    Activity activity = TestActivity(i % 3 == 0   ? "asset"
                                     : i % 3 == 1 ? "pricing"
                                                  : "page",
                                     kMonday + absl::Hours(i * 37 % 9000), i, 1 + i % 3);
    activity.subject = std::to_string(i % 100);
    activities.push_back(activity);
  }
  int recomputed = 0;
  const EngagementState chained = Chain(policy, activities, &recomputed);
  const absl::Time at = kMonday + absl::Hours(9000);
  EXPECT_NEAR(PointsOf(chained, at), BruteForce(policy, activities, at),
              1e-9 * BruteForce(policy, activities, at));
  EXPECT_GT(recomputed, 0);
  EXPECT_LE(chained.limits.buckets().size(), LimitState::kMaxBuckets);
  EXPECT_LE(chained.limits.Encode().size(), 2048u);
}

TEST(CompiledPolicy, TheFirstSignalThatMatchesTakesTheActivity) {
  Policy rules = TestPolicy();
  Signal special = TestSignal("special", 7, HalfLife::kShort);
  special.match = {
      .types = {"click"}, .subjects = {"Pricing"}, .min_seconds = 30, .properties = {{"verified", {"yes"}}}};
  rules.signals.insert(rules.signals.begin(), special);
  const CompiledPolicy policy(rules);
  Activity click = TestActivity("click", kMonday);
  click.subject = "PRICING";
  click.seconds = 30;
  click.properties = {{"verified", "yes"}};
  ASSERT_NE(policy.Match(click), nullptr);
  EXPECT_EQ(policy.Match(click)->points, 7);
  Activity brief = click;
  brief.seconds = 29.999;
  EXPECT_EQ(policy.Match(brief)->points, 5);
  Activity elsewhere = click;
  elsewhere.subject = "home";
  EXPECT_EQ(policy.Match(elsewhere)->points, 5);
  Activity unverified = click;
  unverified.properties["verified"] = "no";
  EXPECT_EQ(policy.Match(unverified)->points, 5);
  click.type = "open";
  EXPECT_EQ(policy.Match(click), nullptr);
}

}  // namespace
}  // namespace finalmile::leads::domain
