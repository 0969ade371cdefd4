#include "services/coaching/domain/practice/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace finalmile::coaching {
namespace {

// From one list for each rater; -1: no value.
std::vector<Unit> UnitsOf(const std::vector<std::vector<int>>& raters) {
  std::vector<Unit> units(raters.front().size());
  for (const std::vector<int>& rater : raters) {
    for (size_t i = 0; i < rater.size(); ++i) {
      if (rater[i] >= 0) units[i].push_back(rater[i]);
    }
  }
  return units;
}

// Krippendorff's data C, as the packages irr and DescTools of R have it.
std::vector<Unit> DataC() {
  return {{1, 1, 1},    {2, 2, 3, 2}, {3, 3, 3, 3}, {3, 3, 3, 3}, {2, 2, 2, 2}, {1, 2, 3, 4},
          {4, 4, 4, 4}, {1, 1, 2, 1}, {2, 2, 2, 2}, {5, 5, 5},    {1, 1},       {3}};
}

TEST(AgreementTest, PublishedSets) {
  EXPECT_NEAR(OrdinalAlpha(DataC()).value(), .815388, 5e-7);
  // https://en.wikipedia.org/wiki/Krippendorff%27s_alpha, its example of three coders and 15 units.
  EXPECT_NEAR(OrdinalAlpha(UnitsOf({{-1, -1, -1, -1, -1, 3, 4, 1, 2, 1, 1, 3, 3, -1, 3},
                                    {1, -1, 2, 1, 3, 3, 4, 3, -1, -1, -1, -1, -1, -1, -1},
                                    {-1, -1, 2, 1, 3, 4, 4, -1, 2, 1, 1, 3, 3, -1, 4}}))
                  .value(),
              .806721, 5e-7);
  // Levels of ours, by the Python package krippendorff 0.9.0. As intervals they give .801980.
  EXPECT_NEAR(OrdinalAlpha(UnitsOf({{3, 2, 0, 3, 2, -1}, {3, 3, 0, 2, 2, 1}, {2, 3, -1, 3, 2, 0}})).value(),
              .653465, 5e-7);
}

TEST(AgreementTest, AbsentWhereNobodyDiffers) {
  EXPECT_FALSE(OrdinalAlpha({}).has_value());
  EXPECT_FALSE(OrdinalAlpha({{1}, {2}, {3}}).has_value());
  EXPECT_FALSE(OrdinalAlpha({{2, 2}, {2, 2, 2}}).has_value());
  // Values differ, between things alone.
  EXPECT_EQ(OrdinalAlpha({{0, 0}, {3, 3}}), 1);
}

TEST(AgreementTest, GivenFromTenUnitsOn) {
  std::vector<Unit> units;
  for (size_t i = 0; i + 1 < kFewestUnits; ++i) units.push_back({static_cast<int>(i % 2), 1});
  units.push_back({3});
  EXPECT_EQ(AgreementOf(units).units, kFewestUnits - 1);
  EXPECT_FALSE(AgreementOf(units).alpha.has_value());
  units.push_back({0, 1});
  EXPECT_EQ(AgreementOf(units).units, kFewestUnits);
  EXPECT_EQ(AgreementOf(units).alpha, OrdinalAlpha(units));
  EXPECT_TRUE(AgreementOf(units).alpha.has_value());
  units.push_back({0, 1});
  EXPECT_EQ(AgreementOf(units).units, kFewestUnits + 1);
  EXPECT_TRUE(AgreementOf(units).alpha.has_value());
}

TEST(AgreementTest, NoOrderMatters) {
  std::vector<Unit> units = DataC();
  const std::optional<double> alpha = OrdinalAlpha(units);
  std::reverse(units.begin(), units.end());
  for (Unit& unit : units) std::reverse(unit.begin(), unit.end());
  EXPECT_EQ(OrdinalAlpha(units), alpha);
  std::sort(units.begin(), units.end());
  do {
    ASSERT_EQ(OrdinalAlpha(units), alpha);
    // Some of the 479 million orders: those of the first units.
  } while (std::next_permutation(units.begin(), units.begin() + 7));
}

}  // namespace
}  // namespace finalmile::coaching
