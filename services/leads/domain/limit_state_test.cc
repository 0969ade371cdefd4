#include "services/leads/domain/limit_state.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "services/leads/domain/engagement.h"
#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

LimitState StateOf(const std::vector<Activity>& activities) {
  return Recompute(CompiledPolicy(TestPolicy()), activities).limits;
}

RC_GTEST_PROP(LimitState, SurvivesEncoding, ()) {
  const LimitState state = StateOf(*ActivityHistories());
  const auto decoded = LimitState::Decode(state.Encode());
  RC_ASSERT(decoded.ok());
  RC_ASSERT(*decoded == state);
}

RC_GTEST_PROP(LimitState, WhatDecodesEncodesToTheSameBytes, ()) {
  std::string bytes = StateOf(*ActivityHistories()).Encode();
  if (*rc::gen::inRange(0, 3) == 0) bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size() + 1));
  for (int i = *rc::gen::inRange(0, 4); i > 0 && !bytes.empty(); --i) {
    bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  }
  auto decoded = LimitState::Decode(bytes);
  if (!decoded.ok()) {
    RC_ASSERT(decoded.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  RC_ASSERT(decoded->Encode() == bytes);
  // Nonsense that decodes must be safe to use.
  const CompiledPolicy policy(TestPolicy());
  for (const CompiledSignal& signal : policy.signals()) {
    const auto counted = decoded->Count(signal, 1'717'372'800'000'000, "assets/1", 2);
    // In parentheses: RapidCheck takes the expression apart and evaluates both sides.
    RC_ASSERT((!counted || (*counted >= 0 && *counted <= 2)));
  }
  decoded->Trim();
}

TEST(LimitState, EmptyIsFresh) {
  EXPECT_EQ(LimitState().Encode(), "");
  const auto decoded = LimitState::Decode("");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->fingerprint, 0u);
}

TEST(LimitState, MalformedBytesAreRefused) {
  const std::string good =
      StateOf({TestActivity("pricing", kMonday), TestActivity("webinar", kMonday, 1)}).Encode();
  ASSERT_TRUE(LimitState::Decode(good).ok());
  for (size_t size = 1; size < good.size(); ++size) {
    EXPECT_FALSE(LimitState::Decode(good.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(LimitState::Decode(good + '\0').ok());
  std::string version = good;
  version[0] = 2;
  EXPECT_FALSE(LimitState::Decode(version).ok());
}

TEST(LimitState, IsSmall) {
  const LimitState state = StateOf({TestActivity("pricing", kMonday), TestActivity("webinar", kMonday, 1)});
  EXPECT_LE(state.Encode().size(), 40u);
}

TEST(LimitState, ForgetsTheOldestWeekFirst) {
  const CompiledPolicy policy(TestPolicy());
  std::vector<Activity> activities = {TestActivity("webinar", kMonday, 1000)};
  const auto in_week = [](int week) { return kMonday + absl::Hours(168 * week); };
  const int kept = static_cast<int>(LimitState::kMaxBuckets) - 1;
  for (int week = 0; week < kept; ++week) activities.push_back(TestActivity("pricing", in_week(week), week));
  EngagementState state = Recompute(policy, activities);
  EXPECT_EQ(state.limits.buckets().size(), LimitState::kMaxBuckets);
  EXPECT_EQ(Apply(policy, TestActivity("pricing", in_week(0), 2000), state), ApplyResult::kApplied);

  EXPECT_EQ(Apply(policy, TestActivity("pricing", in_week(kept), 2001), state), ApplyResult::kApplied);
  EXPECT_EQ(state.limits.buckets().size(), LimitState::kMaxBuckets);
  EXPECT_EQ(Apply(policy, TestActivity("pricing", in_week(0), 2002), state), ApplyResult::kNeedsRecompute);
  EXPECT_EQ(Apply(policy, TestActivity("pricing", in_week(1), 2003), state), ApplyResult::kApplied);
  EXPECT_EQ(Apply(policy, TestActivity("webinar", in_week(1), 2004), state), ApplyResult::kApplied);
}

TEST(LimitState, AForgottenSubjectIsNotTakenForANewOne) {
  const CompiledPolicy policy(TestPolicy());
  EngagementState state;
  const auto view = [&](int subject) {
    Activity activity = TestActivity("asset", kMonday + absl::Hours(subject), subject);
    activity.subject = std::to_string(subject);
    return Apply(policy, activity, state);
  };
  const int most = static_cast<int>(LimitState::kMaxBuckets);
  for (int subject = 0; subject <= most; ++subject) EXPECT_EQ(view(subject), ApplyResult::kApplied);
  EXPECT_EQ(state.limits.buckets().size(), LimitState::kMaxBuckets);
  EXPECT_EQ(view(0), ApplyResult::kNeedsRecompute);
  EXPECT_EQ(view(most + 1), ApplyResult::kNeedsRecompute);
  EXPECT_EQ(view(most), ApplyResult::kApplied);
}

}  // namespace
}  // namespace finalmile::leads::domain
