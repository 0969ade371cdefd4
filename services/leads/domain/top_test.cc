#include "services/leads/domain/top.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "services/leads/domain/fading.h"
#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

// No value below has a later time.
const absl::Time kLatest = kMonday;

// The bands of a store.
class Bands {
 public:
  explicit Bands(std::vector<RankedLead> leads) : leads_(std::move(leads)), bands_(TopSearch::kBands) {
    for (const RankedLead& lead : leads_)
      bands_[static_cast<size_t>(TopSearch::BandOf(lead.fit))].push_back(lead);
    for (auto& band : bands_) {
      std::sort(band.begin(), band.end(), [](const RankedLead& a, const RankedLead& b) {
        return a.rank != b.rank ? a.rank > b.rank : a.fit != b.fit ? a.fit > b.fit : a.lead < b.lead;
      });
    }
  }

  // `most`: rows given at once, at most.
  std::vector<TopLead> Search(size_t limit, absl::Time at, std::optional<TopLead> after = {},
                              size_t* touched = nullptr, size_t most = 10'000) const {
    TopSearch search(limit, at, kLatest, std::move(after));
    std::vector<size_t> read(TopSearch::kBands);
    for (auto fetches = search.Next(); !fetches.empty(); fetches = search.Next()) {
      for (const TopSearch::Fetch& fetch : fetches) {
        const std::vector<RankedLead>& band = bands_[static_cast<size_t>(fetch.band)];
        size_t& from = read[static_cast<size_t>(fetch.band)];
        EXPECT_EQ(fetch.after == nullptr ? LeadId() : fetch.after->lead,
                  from == 0 ? LeadId() : band[from - 1].lead);
        const size_t rows = std::min({most, fetch.rows, band.size() - from});
        const auto piece = absl::MakeConstSpan(band).subspan(from, rows);
        from += rows;
        search.Feed(fetch.band, piece, from == band.size());
      }
    }
    if (touched != nullptr) *touched = search.rows_touched();
    return search.results();
  }

  std::vector<TopLead> BruteForce(absl::Time at) const {
    std::vector<TopLead> all;
    for (const RankedLead& lead : leads_) {
      if (lead.matches) all.push_back({lead.lead, ScoreAt(lead, at)});
    }
    std::sort(all.begin(), all.end(), RanksBefore);
    return all;
  }

 private:
  std::vector<RankedLead> leads_;
  std::vector<std::vector<RankedLead>> bands_;
};

RankedLead Make(size_t number, double fit, FadingValue short_value, FadingValue long_value) {
  std::string name = std::to_string(number * 7919 % 100'003);
  name.insert(0, 6 - std::min<size_t>(6, name.size()), '0');
  return {.lead = LeadId(name),
          .fit = fit,
          .short_key = RankKey(short_value, kShortHalfLife),
          .long_key = RankKey(long_value, kLongHalfLife),
          .rank = EngagementRank({short_value, long_value})};
}

// Few distinct values, so that ties and zeros are common; or many.
std::vector<RankedLead> SomeLeads(bool coarse) {
  const size_t size = *rc::gen::inRange<size_t>(0, 700);
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  std::vector<RankedLead> leads;
  for (size_t i = 0; i < size; ++i) {
    const auto value = [&]() -> FadingValue {
      if (random() % 3 == 0) return {};
      if (coarse) return {10.0 * static_cast<double>(1 + random() % 2), kMonday};
      return {static_cast<double>(1 + random() % 900) / 9, kMonday - absl::Minutes(random() % 100'000)};
    };
    const double fit = coarse ? static_cast<double>(random() % 3) : static_cast<double>(random() % 401) / 4;
    leads.push_back(Make(i, fit, value(), value()));
    leads.back().matches = random() % 5 != 0;
  }
  return leads;
}

RC_GTEST_PROP(Top, EqualsSortingEverything, (bool coarse)) {
  const Bands bands(SomeLeads(coarse));
  const absl::Time at = kMonday + absl::Hours(*rc::gen::inRange(-24 * 9, 24 * 40));
  auto expected = bands.BruteForce(at);
  const size_t limit = *rc::gen::inRange<size_t>(1, 60);
  if (expected.size() > limit) expected.resize(limit);
  const size_t most = *rc::gen::inRange<size_t>(1, 80);
  RC_ASSERT(bands.Search(limit, at, {}, nullptr, most) == expected);
}

RC_GTEST_PROP(Top, PagesMakeTheWhole, (bool coarse)) {
  const Bands bands(SomeLeads(coarse));
  const absl::Time at = kMonday + absl::Hours(5);
  const size_t limit = *rc::gen::inRange<size_t>(20, 90);
  std::vector<TopLead> all;
  std::optional<TopLead> after;
  while (true) {
    const auto page = bands.Search(limit, at, after);
    all.insert(all.end(), page.begin(), page.end());
    if (page.size() < limit) break;
    after = page.back();
  }
  RC_ASSERT(all == bands.BruteForce(at));
}

TEST(Top, RanksLikeTheStoredValues) {
  const FadingValue value{12.5, kMonday};
  const absl::Time at = kMonday + absl::Hours(50);
  EXPECT_NEAR(ScoreAt(Make(1, 30, value, value), at), 30 + EngagementAt({value, value}, at), 1e-9);
  EXPECT_EQ(ScoreAt(Make(1, 30, {}, {}), at), 30);
}

// Sums can hide that one fit is below another; the id alone must not decide then.
TEST(Top, TiesByRoundingAreTies) {
  const FadingValue hundred{100, kMonday};
  RankedLead earlier = Make(1, std::nextafter(1.0, 0.0), hundred, {});
  RankedLead later = Make(2, 1, hundred, {});
  RankedLead other = Make(3, 0, hundred, {});
  other.lead = LeadId("0");
  earlier.lead = LeadId("a");
  later.lead = LeadId("b");
  ASSERT_EQ(ScoreAt(earlier, kMonday), ScoreAt(later, kMonday));
  const auto found = Bands({earlier, later, other}).Search(1, kMonday, {}, nullptr, 1);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].lead, LeadId("a"));
}

TEST(Top, EmptyBandsGiveNothing) { EXPECT_TRUE(Bands({}).Search(5, kMonday).empty()); }

TEST(Top, ReadsLittleOfALot) {
  std::mt19937_64 random(1);
  std::vector<RankedLead> leads;
  for (size_t i = 0; i < 60'000; ++i) {
    const auto value = [&](double most) {
      return FadingValue{most * std::pow(static_cast<double>(random() % 10'000) / 10'000, 3) + 0.01,
                         kMonday - absl::Minutes(random() % 60'000)};
    };
    leads.push_back(Make(i, static_cast<double>(random() % 101), value(80), value(120)));
  }
  const Bands bands(std::move(leads));
  size_t touched = 0;
  auto expected = bands.BruteForce(kMonday);
  expected.resize(100);
  EXPECT_EQ(bands.Search(100, kMonday, {}, &touched), expected);
  EXPECT_LT(touched, 1'000u);
  RecordProperty("rows_touched", static_cast<int>(touched));
}

TEST(Top, AColdStoreIsReadInNameOrder) {
  std::vector<RankedLead> leads;
  for (size_t i = 0; i < 20'000; ++i) leads.push_back(Make(i, 85, {}, {}));
  const Bands bands(std::move(leads));
  size_t touched = 0;
  auto expected = bands.BruteForce(kMonday);
  expected.resize(100);
  EXPECT_EQ(bands.Search(100, kMonday, {}, &touched), expected);
  EXPECT_LT(touched, 500u);
}

}  // namespace
}  // namespace finalmile::leads::domain
