#include "services/coaching/domain/practice/practice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2026, 12, 1, 12, 0, 0), absl::UTCTimeZone());

Practice Submitted(double analysis_score = 7) {
  Practice practice;
  practice.rep = "kim";
  practice.time = kNow;
  practice.rubric = FirstConversation();
  practice.analysis_score = analysis_score;
  EXPECT_FALSE(Submit(practice, absl::UTCTimeZone()).has_value());
  return practice;
}
Levels All(int level) {
  Levels levels;
  for (const Criterion& criterion : FirstConversation().criteria) levels[criterion.id] = level;
  return levels;
}
Review By(std::string reviewer, int level, absl::Duration after = absl::ZeroDuration()) {
  return {std::move(reviewer), false, kNow + after, All(level)};
}
std::string ReasonOf(const std::variant<Reviewed, Refusal>& result) {
  const auto* refusal = std::get_if<Refusal>(&result);
  return refusal == nullptr ? "" : refusal->reason;
}

TEST(PracticeTest, TheAnalysisStandsUntilACoachReviews) {
  Practice practice = Submitted(9);
  EXPECT_EQ(ScoreOf(practice), 9);
  EXPECT_EQ(ReviewScore(practice), std::nullopt);
  const auto result = AddReview(practice, By("ana", 2));
  ASSERT_EQ(ReasonOf(result), "");
  EXPECT_EQ(std::get<Reviewed>(result).score_before, 9);
  EXPECT_EQ(std::get<Reviewed>(result).score, 7);
  EXPECT_EQ(practice.state, PracticeState::kReviewed);
  EXPECT_EQ(ScoreOf(practice), 7);
}

TEST(PracticeTest, SeveralCoachesMeetAtTheMedian) {
  Practice practice = Submitted();
  AddReview(practice, By("ana", 1));
  AddReview(practice, By("ben", 2));
  EXPECT_EQ(CoachLevels(practice).at("value"), 1.5);
  EXPECT_EQ(ScoreOf(practice), 5.5);
  AddReview(practice, By("eve", 3));
  EXPECT_EQ(ScoreOf(practice), 7);
}

TEST(PracticeTest, ALaterReviewOfOneReviewerReplacesTheEarlier) {
  Practice practice = Submitted();
  AddReview(practice, By("ana", 1));
  AddReview(practice, By("ana", 3, absl::Seconds(1)));
  EXPECT_THAT(practice.reviews, SizeIs(1));
  EXPECT_EQ(ScoreOf(practice), 10);
  AddReview(practice, By("ana", 1));
  EXPECT_EQ(ScoreOf(practice), 10);
}

TEST(PracticeTest, ASelfReviewEntersNoScore) {
  Practice practice = Submitted(6);
  Review self = By("kim", 3);
  EXPECT_EQ(ReasonOf(AddReview(practice, self)), "OWN_PRACTICE");
  EXPECT_THAT(practice.reviews, IsEmpty());
  self.self = true;
  const auto result = AddReview(practice, self);
  ASSERT_EQ(ReasonOf(result), "");
  EXPECT_EQ(std::get<Reviewed>(result).score, 6);
  EXPECT_EQ(practice.state, PracticeState::kSubmitted);
  AddReview(practice, By("ana", 2));
  EXPECT_EQ(ScoreOf(practice), 7);
  EXPECT_THAT(UnitsOf(practice), ElementsAre(Unit{2}, Unit{2}, Unit{2}, Unit{2}, Unit{2}, Unit{2}));
  Review others = By("ben", 3);
  others.self = true;
  EXPECT_EQ(ReasonOf(AddReview(practice, others)), "NOT_YOURS");
}

TEST(PracticeTest, ADraftIsNotReviewedAndSubmittedOnce) {
  Practice practice;
  practice.rep = "kim";
  EXPECT_EQ(ReasonOf(AddReview(practice, By("ana", 2))), "WRONG_STATE");
  EXPECT_FALSE(Submit(practice, absl::UTCTimeZone()).has_value());
  const Practice before = practice;
  EXPECT_EQ(Submit(practice, absl::UTCTimeZone())->reason, "WRONG_STATE");
  EXPECT_EQ(practice, before);
}

TEST(PracticeTest, ReviewersAreLimited) {
  Practice practice = Submitted();
  for (size_t i = 0; i < kMostReviewers; ++i)
    ASSERT_EQ(ReasonOf(AddReview(practice, By("coach" + std::to_string(i), 2))), "");
  EXPECT_EQ(ReasonOf(AddReview(practice, By("one more", 2))), "TOO_MANY_REVIEWERS");
  EXPECT_EQ(ReasonOf(AddReview(practice, By("coach7", 3, absl::Seconds(1)))), "");
  EXPECT_THAT(practice.reviews, SizeIs(kMostReviewers));
}

TEST(PracticeTest, WhenItTookPlaceHasLimits) {
  const absl::Duration least = absl::Microseconds(1);
  EXPECT_THAT(CheckPracticeTime(kNow, kNow), IsEmpty());
  EXPECT_THAT(CheckPracticeTime(kNow + kClockSkew - least, kNow), IsEmpty());
  EXPECT_THAT(CheckPracticeTime(kNow + kClockSkew, kNow), IsEmpty());
  EXPECT_THAT(CheckPracticeTime(kNow + kClockSkew + least, kNow), SizeIs(1));
  EXPECT_THAT(CheckPracticeTime(kNow - kOldestPractice + least, kNow), IsEmpty());
  EXPECT_THAT(CheckPracticeTime(kNow - kOldestPractice, kNow), IsEmpty());
  EXPECT_THAT(CheckPracticeTime(kNow - kOldestPractice - least, kNow), SizeIs(1));
}

TEST(PracticeTest, TheDayIsThatOfTheZoneWhenItWasSubmitted) {
  absl::TimeZone zone;
  ASSERT_TRUE(absl::LoadTimeZone("America/Los_Angeles", &zone));
  const auto day = [&](int hour, int minute, absl::TimeZone in) {
    Practice practice;
    practice.time = absl::FromCivil(absl::CivilSecond(2026, 12, 1, hour, minute, 0), zone);
    Submit(practice, in);
    return practice.day;
  };
  EXPECT_EQ(day(23, 30, zone), absl::CivilDay(2026, 12, 1));
  EXPECT_EQ(day(24, 30, zone), absl::CivilDay(2026, 12, 2));
  EXPECT_EQ(day(23, 30, absl::UTCTimeZone()), day(24, 30, absl::UTCTimeZone()));
}

TEST(PracticeTest, NoOrderOfReviewsMatters) {
  std::vector<Review> reviews = {By("ana", 1), By("ana", 3, absl::Seconds(9)), By("ben", 2), By("eve", 0)};
  Review self = By("kim", 3);
  self.self = true;
  reviews.push_back(self);
  std::vector<size_t> order = {0, 1, 2, 3, 4};
  std::optional<Practice> first;
  int orders = 0;
  do {
    Practice practice = Submitted();
    for (const size_t i : order) AddReview(practice, reviews[i]);
    if (!first) first = practice;
    ASSERT_EQ(practice, *first);
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 120);
  EXPECT_EQ(ScoreOf(*first), 7);
}

}  // namespace
}  // namespace finalmile::coaching
