#include "services/catalog/usage/domain/recommend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace finalmile::catalog::usage::domain {
namespace {

using catalog::domain::AssetId;

// Ten assets, the last two untested; the first has the best rank.
std::vector<Candidate> Shelf() {
  std::vector<Candidate> shelf;
  for (int i = 0; i < 10; ++i) {
    shelf.push_back(
        {AssetId("a" + std::to_string(i)), 1, i < 8 ? 0.1 - 0.01 * i : 0.0, i < 8 ? 100 : kTested - 1});
  }
  return shelf;
}

TEST(Recommend, FillsEachPlaceWithAnotherCandidate) {
  const auto rng = NewSeededRng(1);
  for (int run = 0; run < 1'000; ++run) {
    const std::vector<Candidate> shelf = Shelf();
    const auto list = Choose(shelf, 5, kRandomShare, *rng);
    std::set<size_t> seen;
    size_t shown = 0;
    for (const Placement& place : list) {
      EXPECT_TRUE(seen.insert(place.candidate).second);
      EXPECT_LT(place.candidate, shelf.size());
      EXPECT_GT(place.propensity, 0);
      EXPECT_LE(place.propensity, 1);
      if (place.slot == Slot::kUntested) {
        EXPECT_LT(shelf[place.candidate].matured, kTested);
      }
      if (place.slot != Slot::kWithheld) ++shown;
    }
    EXPECT_EQ(shown, 5u);
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end(), [](const Placement& a, const Placement& b) {
      return (a.slot == Slot::kWithheld) < (b.slot == Slot::kWithheld);
    }));
  }
}

TEST(Recommend, SharesOfSlotsAreAsPromised) {
  for (const size_t slots : {1u, 3u, 5u}) {
    const auto rng = NewSeededRng(2);
    std::map<Slot, double> count;
    std::map<size_t, double> drawn;
    constexpr int kRuns = 20'000;
    for (int run = 0; run < kRuns; ++run) {
      for (const Placement& place : Choose(Shelf(), slots, kRandomShare, *rng)) {
        ++count[place.slot];
        if (place.slot == Slot::kRandom || place.slot == Slot::kWithheld) ++drawn[place.candidate];
      }
    }
    const double places = static_cast<double>(kRuns * slots);
    EXPECT_NEAR((count[Slot::kRandom] + count[Slot::kWithheld]) / places, kRandomShare, 0.005) << slots;
    EXPECT_NEAR(count[Slot::kRandom] / count[Slot::kWithheld], 1, 0.12) << slots;
    EXPECT_NEAR(count[Slot::kUntested] / places, 0.2 * (1 - kRandomShare), 0.006) << slots;
    for (size_t i = 0; i < 10; ++i) {
      EXPECT_NEAR(drawn[i] / (count[Slot::kRandom] + count[Slot::kWithheld]), 0.1, 0.025) << slots;
    }
  }
}

TEST(Recommend, TheRestGoesByRank) {
  const auto rng = NewSeededRng(3);
  for (int run = 0; run < 200; ++run) {
    const std::vector<Candidate> shelf = Shelf();
    double last = 1;
    for (const Placement& place : Choose(shelf, 8, kRandomShare, *rng)) {
      if (place.slot != Slot::kRanked) continue;
      EXPECT_LE(shelf[place.candidate].rank, last);
      last = shelf[place.candidate].rank;
    }
  }
}

TEST(Recommend, IsDrawnFromTheFirstTenThatTheLeadHasNotMet) {
  const auto rng = NewSeededRng(7);
  std::vector<Candidate> shelf;
  for (size_t i = 0; i < 2 * kDrawnFrom; ++i) {
    shelf.push_back({AssetId("a" + std::to_string(100 + i)), 1, -static_cast<double>(i), 100, 0, i % 2 == 0});
  }
  std::set<size_t> drawn;
  for (int run = 0; run < 500; ++run) {
    for (const Placement& place : Choose(shelf, 5, 0.9, *rng)) {
      if (place.slot != Slot::kRandom && place.slot != Slot::kWithheld) continue;
      drawn.insert(place.candidate);
      EXPECT_LE(place.propensity, 0.9 / 2);
    }
  }
  EXPECT_EQ(drawn, (std::set<size_t>{1, 3, 5, 7, 9}));
  // There is nothing to draw: places go by rank.
  for (Candidate& candidate : shelf) candidate.met = true;
  for (const Placement& place : Choose(shelf, 5, 1, *rng)) EXPECT_EQ(place.slot, Slot::kRanked);
}

TEST(Recommend, NothingIsDrawnWhereNothingIsToBeLearnt) {
  const auto rng = NewSeededRng(6);
  for (int run = 0; run < 200; ++run) {
    const auto list = Choose(Shelf(), 5, 0, *rng);
    EXPECT_EQ(list.size(), 5u);
    for (const Placement& place : list) {
      EXPECT_TRUE(place.slot == Slot::kRanked || place.slot == Slot::kUntested);
    }
  }
}

TEST(Recommend, TheSameSeedGivesTheSameList) {
  const auto list = [] {
    const auto rng = NewSeededRng(4);
    std::vector<std::pair<size_t, Slot>> places;
    for (int run = 0; run < 50; ++run) {
      for (const Placement& place : Choose(Shelf(), 5, kRandomShare, *rng))
        places.emplace_back(place.candidate, place.slot);
    }
    return places;
  };
  EXPECT_EQ(list(), list());
}

TEST(Recommend, FewCandidatesGiveAShortList) {
  const auto rng = NewSeededRng(5);
  EXPECT_TRUE(Choose({}, 5, kRandomShare, *rng).empty());
  const Candidate one[] = {{AssetId("a"), 1, 0, 0}};
  for (int run = 0; run < 100; ++run) EXPECT_EQ(Choose(one, 5, kRandomShare, *rng).size(), 1u);
}

}  // namespace
}  // namespace finalmile::catalog::usage::domain
