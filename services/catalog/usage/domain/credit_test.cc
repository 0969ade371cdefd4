#include "services/catalog/usage/domain/credit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "libs/base/random.h"

namespace finalmile::catalog::usage::domain {
namespace {

using ::testing::IsEmpty;

const Touch kCard = {"assets/card", 1, "A1", "closing"};
const Touch kMail = {"assets/mail", 3, "B2", "prospecting"};

TEST(Credit, AMeetingCountsOncePerVersion) {
  const Touch again = {"assets/card", 1, "C3", "discovery"};
  const Touch touches[] = {kCard, again, kMail};
  const auto changes = ChangeCredit({}, {}, touches, {.set = true});
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].touch, kCard);
  EXPECT_EQ(changes[0].set, 1);
  EXPECT_EQ(changes[0].held, 0);
  EXPECT_EQ(changes[1].touch, kMail);
}

TEST(Credit, CorrectionsTakeBack) {
  const Touch touches[] = {kCard};
  const auto changes = ChangeCredit(touches, {.set = true, .held = true}, touches, {.set = true});
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].set, 0);
  EXPECT_EQ(changes[0].held, -1);
  EXPECT_THAT(ChangeCredit(touches, {.set = true}, touches, {.set = true}), IsEmpty());
  const auto known = ChangeCredit(touches, {.set = true}, touches, {.set = true, .matured = true});
  ASSERT_EQ(known.size(), 1u);
  EXPECT_EQ(known[0].matured, 1);
  const Touch others[] = {kMail};
  EXPECT_EQ(ChangeCredit(touches, {.set = true}, others, {.set = true}).size(), 2u);
}

RC_GTEST_PROP(Credit, AnyWayToAnOutcomeGivesTheSameSums, ()) {
  const auto outcomes = *rc::gen::container<std::vector<std::pair<bool, bool>>>(
      rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>()));
  const Touch touches[] = {kCard, kMail};
  std::map<Touch, std::pair<int, int>> sums;
  Outcome now;
  std::span<const Touch> credited;
  for (const auto& [set, held] : outcomes) {
    const Outcome next = {set, held};
    for (const CreditChange& change : ChangeCredit(credited, now, touches, next)) {
      sums[change.touch].first += change.set;
      sums[change.touch].second += change.held;
    }
    now = next;
    credited = touches;
  }
  for (const auto& [touch, sum] : sums) RC_ASSERT(sum == std::pair(now.set ? 1 : 0, now.held ? 1 : 0));
}

TEST(Credit, RatesLeanOnTheGradeAndOnAll) {
  const CellCount cells[] = {
      {"A1", "closing", 80, 50, 40}, {"A1", "closing", 100, 60, 50}, {"D4", "closing", 180, 9, 9}};
  const HeldRates rates(cells);
  const double all = 99.0 / 360;
  const double a1 = (90 + 20 * all) / 200;
  EXPECT_DOUBLE_EQ(rates.Rate("A1", "closing"), (90 + 20 * a1) / 200);
  EXPECT_DOUBLE_EQ(rates.Rate("A1", "discovery"), a1);
  EXPECT_DOUBLE_EQ(rates.Rate("B2", "closing"), all);
  EXPECT_EQ(HeldRates({}).Rate("A1", "closing"), 0);
}

TEST(Credit, LiftIsHeldAboveExpectedShrunk) {
  const CellCount all[] = {{"A1", "closing", 1'000'000, 0, 500'000}};
  const HeldRates rates(all);
  const CellCount mine[] = {{"A1", "closing", 70, 50, 45}};
  const Credit credit = Judge(mine, rates);
  EXPECT_NEAR(credit.expected, 35, 1e-9);
  EXPECT_NEAR(credit.lift, 0.1, 1e-9);
  EXPECT_LT(credit.interval.low, credit.lift);
  EXPECT_GT(credit.interval.high, credit.lift);
  EXPECT_GT(credit.interval.low, 0);
  const Credit none = Judge({}, rates);
  EXPECT_EQ(none.lift, 0);
  EXPECT_EQ(none.interval.low, 0);
  EXPECT_EQ(none.interval.high, 0);
}

// Table I of Newcombe 1998a and the references of 1998b.
TEST(Credit, WilsonAsPublished) {
  const Interval interval = WilsonInterval(81, 263);
  EXPECT_NEAR(interval.low, 0.2553, 5e-5);
  EXPECT_NEAR(interval.high, 0.3662, 5e-5);
  EXPECT_NEAR(WilsonInterval(0, 20).high, 0.1611, 5e-5);
  EXPECT_EQ(WilsonInterval(0, 20).low, 0);
  EXPECT_EQ(WilsonInterval(0, 0).high, 1);
}

// Table II of Newcombe 1998b, method 10.
TEST(Credit, NewcombeAsPublished) {
  const auto effect = IncrementalEffect({70, 56}, {80, 48});
  ASSERT_TRUE(effect.has_value());
  EXPECT_NEAR(effect->value, 0.2, 1e-12);
  EXPECT_NEAR(effect->interval.low, 0.0524, 5e-5);
  EXPECT_NEAR(effect->interval.high, 0.3339, 5e-5);
  const auto small = IncrementalEffect({10, 9}, {10, 3});
  EXPECT_NEAR(small->interval.low, 0.1705, 5e-5);
  EXPECT_NEAR(small->interval.high, 0.8090, 5e-5);
  EXPECT_FALSE(IncrementalEffect({9, 9}, {10, 3}).has_value());
  EXPECT_FALSE(IncrementalEffect({10, 9}, {9, 3}).has_value());
}

double KendallTau(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < i; ++j) sum += (a[i] - a[j]) * (b[i] - b[j]) > 0 ? 1 : -1;
  }
  return sum / (static_cast<double>(a.size() * (a.size() - 1)) / 2);
}

// Some assets are given to good leads mostly. Their raw rate is high, and says nothing.
TEST(Credit, OrdersAssetsByEffectRatherThanByTheirLeads) {
  const char* const grades[] = {"A1", "B2", "C3", "D4"};
  const double base[] = {0.5, 0.3, 0.15, 0.05};
  double raw_tau = 0;
  double tau = 0;
  constexpr int kWorlds = 20;
  for (int world = 0; world < kWorlds; ++world) {
    const auto rng = NewSeededRng(static_cast<uint64_t>(world));
    std::vector<double> truth;
    std::vector<double> raw;
    std::vector<CellCount> all;
    std::vector<std::vector<CellCount>> versions;
    for (int asset = 0; asset < 20; ++asset) {
      const double effect = 0.3 * (rng->Uniform() - 0.5);
      const uint64_t favourite = rng->Below(4);
      const uint64_t uses = 50 + rng->Below(300);
      std::vector<CellCount> cells(4);
      double held = 0;
      for (size_t grade = 0; grade < 4; ++grade) cells[grade].grade = grades[grade];
      for (uint64_t use = 0; use < uses; ++use) {
        const uint64_t grade = rng->Uniform() < 0.7 ? favourite : rng->Below(4);
        const bool success = rng->Uniform() < std::max(0.01, base[grade] + effect);
        ++cells[grade].matured;
        cells[grade].held += success ? 1 : 0;
        held += success ? 1 : 0;
      }
      truth.push_back(effect);
      raw.push_back(held / static_cast<double>(uses));
      all.insert(all.end(), cells.begin(), cells.end());
      versions.push_back(std::move(cells));
    }
    const HeldRates rates(all);
    std::vector<double> lift;
    for (const auto& cells : versions) lift.push_back(Judge(cells, rates).lift);
    raw_tau += KendallTau(truth, raw) / kWorlds;
    tau += KendallTau(truth, lift) / kWorlds;
  }
  EXPECT_LT(raw_tau, 0.65);
  EXPECT_GT(tau, 0.7);
  RecordProperty("raw_tau", std::to_string(raw_tau));
  RecordProperty("tau", std::to_string(tau));
}

}  // namespace
}  // namespace finalmile::catalog::usage::domain
