#include "services/coaching/domain/practice/low_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

LowScore On(double day, std::string appointment, std::string criterion = "value") {
  return {std::move(criterion), std::move(appointment), kStart + day * absl::Hours(24), true};
}
LowPair Pair(std::string first, std::string second, std::string criterion = "value") {
  return {std::move(criterion), std::move(first), std::move(second)};
}

TEST(LowScoresTest, TwoWithinTwentyOneDays) {
  LowScore edge = On(21, "b");
  EXPECT_THAT(PlanOf({On(0, "a"), edge}, {}).wanted, ElementsAre(Pair("a", "b")));
  edge.start -= absl::Microseconds(1);
  EXPECT_THAT(PlanOf({On(0, "a"), edge}, {}).wanted, ElementsAre(Pair("a", "b")));
  edge.start += absl::Microseconds(2);
  EXPECT_THAT(PlanOf({On(0, "a"), edge}, {}).wanted, IsEmpty());
}

TEST(LowScoresTest, OneMeetingCountsOnce) {
  // By the guest and by a coach.
  EXPECT_THAT(PlanOf({On(0, "a"), On(0, "a")}, {}).wanted, IsEmpty());
  EXPECT_THAT(PlanOf({On(0, "a"), On(0, "a"), On(1, "b")}, {}).wanted, ElementsAre(Pair("a", "b")));
}

TEST(LowScoresTest, CriteriaAreKeptApart) {
  EXPECT_THAT(PlanOf({On(0, "a", "value"), On(1, "b", "story")}, {}).wanted, IsEmpty());
  EXPECT_THAT(
      PlanOf({On(0, "a", "value"), On(1, "b", "story"), On(2, "c", "story"), On(3, "d", "value")}, {}).wanted,
      ElementsAre(Pair("b", "c", "story"), Pair("a", "d", "value")));
}

TEST(LowScoresTest, APairIsUsedUp) {
  EXPECT_THAT(PlanOf({On(0, "a"), On(5, "b"), On(10, "c")}, {}).wanted, ElementsAre(Pair("a", "b")));
  EXPECT_THAT(PlanOf({On(0, "a"), On(5, "b"), On(10, "c")}, {Pair("a", "b")}).wanted, IsEmpty());
  EXPECT_THAT(PlanOf({On(0, "a"), On(5, "b"), On(10, "c"), On(15, "d")}, {Pair("a", "b")}).wanted,
              ElementsAre(Pair("c", "d")));
  // It is used up for its criterion.
  EXPECT_THAT(PlanOf({On(0, "a", "story"), On(5, "b", "story")}, {Pair("a", "b")}).wanted,
              ElementsAre(Pair("a", "b", "story")));
}

TEST(LowScoresTest, TwoAreOpenAtMost) {
  std::vector<LowScore> scores;
  for (int i = 0; i < 6; ++i) scores.push_back(On(i, std::string(1, static_cast<char>('a' + i))));
  EXPECT_THAT(PlanOf({scores.begin(), scores.begin() + 2}, {}).wanted, ElementsAre(Pair("a", "b")));
  EXPECT_THAT(PlanOf({scores.begin(), scores.begin() + 4}, {}).wanted,
              ElementsAre(Pair("a", "b"), Pair("c", "d")));
  EXPECT_THAT(PlanOf(scores, {}).wanted, ElementsAre(Pair("a", "b"), Pair("c", "d")));
  EXPECT_THAT(PlanOf(scores, {Pair("a", "b")}).wanted, ElementsAre(Pair("c", "d"), Pair("e", "f")));
}

TEST(LowScoresTest, WithoutATrackItIsSaid) {
  LowScore later = On(1, "b");
  later.has_track = false;
  const LowScorePlan plan = PlanOf({On(0, "a"), later, On(2, "c"), On(3, "d")}, {});
  EXPECT_THAT(plan.without_track, ElementsAre(Pair("a", "b")));
  EXPECT_THAT(plan.wanted, ElementsAre(Pair("c", "d")));
}

RC_GTEST_PROP(LowScoresProperty, NoOrderMatters, ()) {
  std::vector<LowScore> scores;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) {
    scores.push_back(On(*rc::gen::inRange(0, 60), "m" + std::to_string(*rc::gen::inRange(0, 8)),
                        *rc::gen::element<std::string>("value", "story")));
    // All scores of a meeting have its start.
    for (const LowScore& earlier : scores) {
      if (earlier.appointment == scores.back().appointment) scores.back().start = earlier.start;
    }
  }
  const LowScorePlan plan = PlanOf(scores, {});
  std::set<std::pair<std::string, std::string>> used;
  for (const LowPair& pair : plan.wanted) {
    RC_ASSERT(used.emplace(pair.criterion, pair.first).second);
    RC_ASSERT(used.emplace(pair.criterion, pair.second).second);
  }
  for (int i = 0; i < 5; ++i) {
    std::vector<LowScore> shuffled;
    std::vector<LowScore> rest = scores;
    while (!rest.empty()) {
      const auto next = rest.begin() + *rc::gen::inRange<int>(0, static_cast<int>(rest.size()));
      shuffled.push_back(*next);
      rest.erase(next);
    }
    RC_ASSERT(PlanOf(shuffled, {}) == plan);
  }
}

}  // namespace
}  // namespace finalmile::coaching
