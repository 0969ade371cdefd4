#include "services/coaching/domain/practice/rubric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> FieldsOf(const std::vector<Violation>& violations) {
  std::vector<std::string> fields;
  for (const Violation& violation : violations) fields.push_back(violation.field);
  return fields;
}

// In the order of first-conversation-1; -1: not observed.
MedianLevels LevelsOf(const std::vector<double>& levels) {
  MedianLevels observed;
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] >= 0) observed[FirstConversation().criteria[i].id] = levels[i];
  }
  return observed;
}

TEST(RubricTest, TheFirstConversationIsValid) {
  EXPECT_THAT(Validate(FirstConversation(), "rubric"), IsEmpty());
  EXPECT_EQ(FirstConversation().criteria.size(), 6u);
}

TEST(RubricTest, ScoresByHand) {
  struct Row {
    std::vector<double> levels;
    double score;
  };
  for (const Row& row : {
           Row{{3, 3, 3, 3, 3, 3}, 10},
           Row{{2, 2, 2, 2, 2, 2}, 7},
           Row{{0, 0, 0, 0, 0, 0}, 1},
           // Σ w = .9, Σ w · level = 1.7: 1 + 3 · 1.7 / .9.
           Row{{2, 2, 1, 3, -1, 2}, 6 + 2. / 3},
           Row{{3, 2, 2, 3, -1, 2}, 7 + 5. / 6},
           Row{{3, 3, 2, 2, 2, 2}, 8.05},
           Row{{2, 2.5, 1.5, 2, 1, 2}, 6.7},
           Row{{3, 3, 1, 3, 3, 3}, 8.5},
           // One criterion alone is the whole score.
           Row{{-1, -1, -1, -1, -1, 1}, 4},
       })
    EXPECT_NEAR(ScoreOf(LevelsOf(row.levels), FirstConversation()).value(), row.score, 1e-9);
}

TEST(RubricTest, AMarkIsReachedWhereTheSumReachesIt) {
  // 7.5 and 8.5 on paper; the sums of doubles fall short of them by 2e-15.
  EXPECT_EQ(ScoreOf(LevelsOf({-1, 2.5, 3, 1, 2, 1.5}), FirstConversation()), 7.5);
  EXPECT_EQ(ScoreOf(LevelsOf({1, -1, -1, 3, -1, 3}), FirstConversation()), 8.5);
}

TEST(RubricTest, NothingObservedIsNoScore) {
  EXPECT_EQ(ScoreOf({}, FirstConversation()), std::nullopt);
  EXPECT_EQ(ScoreOf({{"unknown", 3}}, FirstConversation()), std::nullopt);
}

TEST(RubricTest, ValueFailsAtFour) {
  EXPECT_TRUE(ValueFails(LevelsOf({3, 3, 1, 3, 3, 3})));
  EXPECT_FALSE(ValueFails(LevelsOf({3, 3, 1.5, 3, 3, 3})));
  EXPECT_TRUE(ValueFails(LevelsOf({3, 3, .5, 3, 3, 3})));
  EXPECT_FALSE(ValueFails(LevelsOf({0, 0, -1, 0, 0, 0})));
  EXPECT_EQ(CriterionScore(0), kLowestScore);
  EXPECT_EQ(CriterionScore(kHighestLevel), kHighestScore);
}

TEST(RubricTest, TheMedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo) {
  EXPECT_EQ(MedianOf({{{"value", 1}}, {{"value", 2}}}), (MedianLevels{{"value", 1.5}}));
  EXPECT_EQ(MedianOf({{{"value", 3}}, {{"value", 0}}, {{"value", 1}}}), (MedianLevels{{"value", 1}}));
  EXPECT_EQ(MedianOf({{{"value", 3}}, {{"value", 0}}, {{"value", 1}}, {{"value", 1}}}),
            (MedianLevels{{"value", 1}}));
  EXPECT_EQ(MedianOf({{{"value", 3}, {"story", 2}}, {{"value", 2}}}),
            (MedianLevels{{"value", 2.5}, {"story", 2}}));
  EXPECT_THAT(MedianOf({}), IsEmpty());
}

TEST(RubricTest, LevelsAreCheckedAgainstTheRubric) {
  const auto fields = [](const Levels& levels) {
    return FieldsOf(Validate(levels, FirstConversation(), "review.levels"));
  };
  EXPECT_THAT(fields({}), ElementsAre("review.levels"));
  EXPECT_THAT(fields({{"value", -1}}), ElementsAre("review.levels[value]"));
  EXPECT_THAT(fields({{"value", 0}}), IsEmpty());
  EXPECT_THAT(fields({{"value", 3}}), IsEmpty());
  EXPECT_THAT(fields({{"value", 4}}), ElementsAre("review.levels[value]"));
  EXPECT_THAT(fields({{"charm", 1}, {"value", 9}}),
              UnorderedElementsAre("review.levels[charm]", "review.levels[value]"));
}

TEST(RubricTest, ABadRubricIsRefusedWithAllItsFaults) {
  const auto fields = [](const auto& change) {
    Rubric rubric = FirstConversation();
    change(rubric);
    return FieldsOf(Validate(rubric, "rubric"));
  };
  EXPECT_THAT(fields([](Rubric& rubric) { rubric.name = "First"; }), ElementsAre("rubric.name"));
  EXPECT_THAT(fields([](Rubric& rubric) { rubric.name = std::string(64, 'a'); }), IsEmpty());
  EXPECT_THAT(fields([](Rubric& rubric) { rubric.name = std::string(65, 'a'); }), ElementsAre("rubric.name"));
  EXPECT_THAT(fields([](Rubric& rubric) { rubric.criteria.clear(); }), ElementsAre("rubric.criteria"));
  EXPECT_THAT(fields([](Rubric& rubric) { rubric.criteria[1].id = "opening"; }),
              ElementsAre("rubric.criteria[1].id"));
  EXPECT_THAT(fields([](Rubric& rubric) { rubric.criteria[2].text = " "; }),
              ElementsAre("rubric.criteria[2].text"));
  EXPECT_THAT(
      fields([](Rubric& rubric) { rubric.criteria[2].levels[3] = std::string(kLongestCriterionText, 'a'); }),
      IsEmpty());
  EXPECT_THAT(fields([](Rubric& rubric) {
                rubric.criteria[2].levels[3] = std::string(kLongestCriterionText + 1, 'a');
              }),
              ElementsAre("rubric.criteria[2].levels[3]"));
  // The faults name the weight, and the sum without it.
  for (const double weight : {0., -.1, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THAT(fields([&](Rubric& rubric) { rubric.criteria[0].weight = weight; }),
                ElementsAre("rubric.criteria[0].weight", "rubric.criteria"));
}

TEST(RubricTest, WeightsSumToOne) {
  const auto with = [](double more) {
    Rubric rubric = FirstConversation();
    rubric.criteria[0].weight += more;
    return FieldsOf(Validate(rubric, "rubric"));
  };
  EXPECT_THAT(with(.9e-9), IsEmpty());
  EXPECT_THAT(with(-.9e-9), IsEmpty());
  EXPECT_THAT(with(1.1e-9), ElementsAre("rubric.criteria"));
  EXPECT_THAT(with(-1.1e-9), ElementsAre("rubric.criteria"));
}

TEST(RubricTest, TwentyCriteriaAreTheMost) {
  const auto of = [](size_t count) {
    Rubric rubric = FirstConversation();
    rubric.criteria.resize(1);
    rubric.criteria[0].weight = 1. / static_cast<double>(count);
    while (rubric.criteria.size() < count) {
      rubric.criteria.push_back(rubric.criteria[0]);
      rubric.criteria.back().id = "c" + std::to_string(rubric.criteria.size());
    }
    return FieldsOf(Validate(rubric, "rubric"));
  };
  EXPECT_THAT(of(1), IsEmpty());
  EXPECT_THAT(of(kMostCriteria - 1), IsEmpty());
  EXPECT_THAT(of(kMostCriteria), IsEmpty());
  EXPECT_THAT(of(kMostCriteria + 1), ElementsAre("rubric.criteria"));
}

}  // namespace
}  // namespace finalmile::coaching
