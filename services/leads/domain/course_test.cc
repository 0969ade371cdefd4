#include "services/leads/domain/course.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "services/leads/domain/fading.h"
#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
const absl::Time kEnd = kMonday + 91 * kDay;

// "reply" gives 40 points once, "webinar" 20, "pricing" 15 that fade in 7 days, "demo" is a hand-raise.
class CourseTest : public ::testing::Test {
 protected:
  static Standing From(absl::Time time, double fit, bool gated = false) {
    Standing standing{time, {}};
    standing.facts.fit = fit;
    standing.facts.gated = gated;
    return standing;
  }
  std::vector<Turn> Turns(const std::vector<Activity>& activities,
                          std::vector<Standing> standings = {From(kMonday, 50)}) {
    Course course(compiled_, std::move(standings));
    for (const Activity* activity : InOrder(activities, absl::InfiniteFuture())) course.Count(*activity);
    course.End();
    return course.turns();
  }
  // What each crossing is, and on which day.
  std::string Played(const std::vector<Turn>& turns, absl::Time from = kMonday) {
    std::string text;
    for (const Crossing& crossing : Play(compiled_.policy(), turns, from, kEnd)) {
      text += fmt::format("{} {:g} ", crossing.by_hand_raise ? "raised" : "scored",
                          absl::ToDoubleHours(crossing.time - kMonday) / 24);
    }
    return text;
  }
  // So many points that do not fade soon, in one activity a day.
  static std::vector<Activity> Webinars(int from_day, int count) {
    std::vector<Activity> activities;
    for (int i = 0; i < count; ++i)
      activities.push_back(TestActivity("webinar", kMonday + (from_day + i) * kDay, 100 * from_day + i));
    return activities;
  }

  CompiledPolicy compiled_{TestPolicy()};
};

TEST_F(CourseTest, CrossingsHappenWhenTheActivitiesDid) {
  EXPECT_EQ(Played(Turns(Webinars(3, 3))), "scored 5 ");
  std::vector<Activity> asked = Webinars(3, 3);
  asked.push_back(TestActivity("demo", kMonday + 2 * kDay, 1));
  // The hand-raise lets it in; engagement then opens no other request.
  EXPECT_EQ(Played(Turns(asked)), "raised 2 ");
  asked.back().event_time = kMonday + 6 * kDay;
  // A hand-raise that lifts a scored request is no crossing of its own.
  EXPECT_EQ(Played(Turns(asked)), "scored 5 ");
  EXPECT_EQ(Played(Turns(asked), kMonday + 5 * kDay), "scored 5 ");
  EXPECT_EQ(Played(Turns(asked), kMonday + 5 * kDay + absl::Microseconds(1)), "");
}

TEST_F(CourseTest, GatesHoldFromTheirTimeOn) {
  const std::vector<Standing> gated_later = {From(kMonday, 50), From(kMonday + 4 * kDay, 50, true)};
  EXPECT_EQ(Played(Turns(Webinars(3, 3), gated_later)), "");
  EXPECT_EQ(Played(Turns(Webinars(1, 3), gated_later)), "scored 3 ");
  // Lifted: what it closed crosses again.
  const std::vector<Standing> lifted = {From(kMonday, 25), From(kMonday + 4 * kDay, 25, true),
                                        From(kMonday + 6 * kDay, 25)};
  EXPECT_EQ(Played(Turns({TestActivity("demo", kMonday + kDay, 1)}, lifted)), "raised 1 raised 6 ");
}

TEST_F(CourseTest, FadingIsPlayedBetweenTheTurns) {
  Policy policy = TestPolicy();
  policy.signals[4].limit.reset();
  compiled_ = CompiledPolicy(policy);
  std::vector<Activity> twice = Webinars(0, 3);
  for (Activity& activity : Webinars(60, 3)) twice.push_back(activity);
  // 60 points at day 2 are below 20 after 45 days; 15 are left at day 60, so that two more make 40.
  EXPECT_EQ(Played(Turns(twice)), "scored 2 scored 61 ");
}

class ThresholdTest : public CourseTest {
 protected:
  // A lead whose engagement comes to `points` at one moment.
  void AddLead(double points, double fit = 50) {
    search_.Add(
        std::vector<Turn>{{kMonday + kDay, {.fit = fit, .engagement = {{}, {points, kMonday + kDay}}}}});
  }
  void AddRaise() {
    search_.Add(std::vector<Turn>{
        {kMonday + kDay, {.fit = 50, .engagement = {}, .last_hand_raise = kMonday + kDay}}});
  }

  ThresholdSearch search_{TestPolicy(), ThresholdSearch::Lanes::kFirst, kMonday, kEnd};
};

TEST_F(ThresholdTest, LetsInAsManyAsFitHandRaisesFirst) {
  for (const double points : {60.0, 50.0, 45.0, 30.0, 21.0, 19.0}) AddLead(points);
  AddLead(70, 49);
  AddRaise();
  const auto at = [&](int64_t most) { return search_.Best(most); };
  EXPECT_FALSE(at(0).has_value());
  EXPECT_GT(at(1)->min_engagement, 60);
  EXPECT_EQ(at(1)->hand_raises, 1);
  EXPECT_EQ(at(1)->scored, 0);
  EXPECT_NEAR(at(2)->min_engagement, 60, 1e-6);
  EXPECT_LE(at(2)->min_engagement, 60);
  EXPECT_NEAR(at(4)->min_engagement, 45, 1e-6);
  EXPECT_EQ(at(4)->scored, 3);
  // Never as low as cool_below, 20, however many could be worked.
  EXPECT_NEAR(at(100)->min_engagement, 21, 1e-6);
  EXPECT_EQ(at(100)->scored, 5);
}

TEST_F(ThresholdTest, WhoCrossesTogetherIsLetInTogether) {
  for (const double points : {60.0, 50.0, 50.0 * (1 + 1e-12), 50.0}) AddLead(points);
  EXPECT_NEAR(search_.Best(3)->min_engagement, 60, 1e-6);
  EXPECT_EQ(search_.Best(4)->scored, 4);
}

TEST_F(ThresholdTest, TheSuggestionPlaysAsItSays) {
  // The ideal lane, 75 and 25, lets in whom the first lane does not.
  AddLead(30, 80);
  for (const double points : {90.0, 80.0, 70.0}) AddLead(points);
  const auto found = search_.Best(3);
  EXPECT_EQ(found->scored, 3);
  Policy policy = TestPolicy();
  policy.lanes[1].min_engagement = found->min_engagement;
  EXPECT_TRUE(Validate(policy).empty());
  EXPECT_NEAR(found->min_engagement, 80, 1e-6);
}

TEST_F(ThresholdTest, AllLanesMayHaveToAskForMore) {
  ThresholdSearch all(TestPolicy(), ThresholdSearch::Lanes::kAll, kMonday, kEnd);
  for (const double points : {30.0, 35.0, 60.0}) {
    for (const double fit : {50.0, 80.0}) {
      const std::vector<Turn> turns = {
          {kMonday + kDay, {.fit = fit, .engagement = {{}, {points, kMonday + kDay}}}}};
      all.Add(turns);
      search_.Add(turns);
    }
  }
  // The ideal lane alone lets in three.
  EXPECT_FALSE(search_.Best(2).has_value());
  EXPECT_EQ(search_.Closed().scored, 3);
  EXPECT_NEAR(all.Best(2)->min_engagement, 60, 1e-6);
  EXPECT_EQ(all.Best(2)->scored, 2);
  EXPECT_NEAR(all.Best(3)->min_engagement, 35, 1e-6);
  // What a lane asks for beyond the threshold stays: 30 is enough for the ideal one.
  EXPECT_EQ(all.Best(4)->scored, 4);
}

TEST_F(ThresholdTest, NobodyIsEngagedOrNoLaneIsScored) {
  EXPECT_EQ(search_.Best(5)->min_engagement, 40);
  Policy raised = TestPolicy();
  raised.lanes.resize(1);
  ThresholdSearch none(raised, ThresholdSearch::Lanes::kFirst, kMonday, kEnd);
  none.Add(std::vector<Turn>{{kMonday, {.fit = 50, .engagement = {{50, kMonday}, {}}}}});
  EXPECT_FALSE(none.Best(5).has_value());
}

}  // namespace
}  // namespace finalmile::leads::domain
