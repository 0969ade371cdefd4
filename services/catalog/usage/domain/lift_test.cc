#include "services/catalog/usage/domain/lift.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "libs/base/random.h"

namespace finalmile::catalog::usage::domain {
namespace {

TEST(Lift, RatesLeanOnTheGradeAndOnAll) {
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

// An asset is not compared with itself.
TEST(Lift, ExpectedIsWhatOthersLeadTo) {
  const CellCount all[] = {{"A1", "closing", 100, 80, 70}};
  const CellCount own[] = {{"A1", "closing", 60, 60, 60}};
  const Credit credit = Judge(own, HeldRates(all, own));
  // Others: 10 of 40.
  EXPECT_DOUBLE_EQ(*credit.expected, 60 * 0.25);
  EXPECT_DOUBLE_EQ(credit.lift->value, 0.75);
  EXPECT_DOUBLE_EQ(credit.rank, (60 - 15.0) / 90);
  EXPECT_GT(credit.lift->interval.low, 0.5);
  // Nothing but its own: nothing is expected.
  const Credit alone = Judge(own, HeldRates(own, own));
  EXPECT_EQ(alone.matured, 60);
  EXPECT_EQ(alone.held, 60);
  EXPECT_FALSE(alone.expected.has_value());
  EXPECT_FALSE(alone.lift.has_value());
  EXPECT_EQ(alone.rank, 0);
}

TEST(Lift, IsUnknownBelowTenUses) {
  const CellCount others[] = {{"A1", "closing", 1'000, 300, 200}};
  const auto known = [&](int64_t n) {
    const CellCount own[] = {{"A1", "closing", n, 3, 3}};
    const Credit credit = Judge(own, HeldRates(others));
    EXPECT_DOUBLE_EQ(*credit.expected, 0.2 * static_cast<double>(n));
    return credit.lift.has_value();
  };
  EXPECT_FALSE(known(kLiftFrom - 1));
  EXPECT_TRUE(known(kLiftFrom));
  EXPECT_TRUE(known(kLiftFrom + 1));
  EXPECT_FALSE(Judge({}, HeldRates(others)).expected.has_value());
}

TEST(Lift, FewOthersMakeItUncertain) {
  const CellCount own[] = {{"A1", "closing", 100, 50, 40}};
  const auto width = [&](int64_t others) {
    const CellCount cells[] = {{"A1", "closing", others, others / 2, others / 5}};
    const Interval interval = Judge(own, HeldRates(cells)).lift->interval;
    return interval.high - interval.low;
  };
  EXPECT_GT(width(10), 1.5 * width(100));
  EXPECT_GT(width(100), 1.2 * width(10'000));
  // Never held is not known to be impossible.
  const CellCount never[] = {{"A1", "closing", 20, 0, 0}};
  EXPECT_LT(Judge(own, HeldRates(never)).lift->interval.low, 0.4 - 0.1);
  // Cells that nobody else was used in lean on what is known.
  const CellCount elsewhere[] = {{"D4", "discovery", 1'000, 100, 50}, {"C3", "closing", 1'000, 400, 300}};
  const Credit credit = Judge(own, HeldRates(elsewhere));
  EXPECT_DOUBLE_EQ(*credit.expected, 100 * 0.175);
  EXPECT_LT(credit.lift->interval.low, 0);
}

// A market whose truth is known: cells differ by `spread`, and what is judged by `effect` from the others.
struct Market {
  double rate = 0.2;
  double spread = 0;
  double effect = 0;

  static constexpr const char* kGrades[] = {"A1", "B2", "C3", "D4"};
  static constexpr const char* kStages[] = {"prospecting", "discovery", "closing"};

  double Truth(size_t grade, size_t stage) const {
    const double g = 1 + spread * (1.5 - static_cast<double>(grade)) / 1.5;
    const double s = 1 + spread * (static_cast<double>(stage) - 1) / 2;
    return std::clamp(rate * g * s, 0.0, 0.95);
  }
  double Judged(size_t grade, size_t stage) const {
    return std::clamp(Truth(grade, stage) + effect, 0.0, 1.0);
  }

  // Uses that mostly go to one grade.
  std::vector<CellCount> Draw(int64_t uses, bool judged, Rng& rng) const {
    std::vector<CellCount> cells;
    for (const char* grade : kGrades) {
      for (const char* stage : kStages) cells.push_back({grade, stage});
    }
    const uint64_t favourite = rng.Below(4);
    for (int64_t i = 0; i < uses; ++i) {
      const size_t grade = rng.Uniform() < 0.6 ? favourite : rng.Below(4);
      const size_t stage = rng.Below(3);
      CellCount& cell = cells[grade * 3 + stage];
      ++cell.matured;
      cell.held += rng.Uniform() < (judged ? Judged(grade, stage) : Truth(grade, stage)) ? 1 : 0;
    }
    return cells;
  }

  // Whether the interval of a drawn asset holds its true lift.
  bool Holds(int64_t n, int64_t others, Rng& rng) const {
    const std::vector<CellCount> theirs = Draw(others, false, rng);
    const std::vector<CellCount> mine = Draw(n, true, rng);
    std::vector<CellCount> all = theirs;
    all.insert(all.end(), mine.begin(), mine.end());
    double truth = 0;
    for (size_t i = 0; i < mine.size(); ++i) {
      truth += static_cast<double>(mine[i].matured) / static_cast<double>(n) *
               (Judged(i / 3, i % 3) - Truth(i / 3, i % 3));
    }
    const Interval interval = Judge(mine, HeldRates(all, mine)).lift->interval;
    return interval.low <= truth && truth <= interval.high;
  }
};

// The promise: 95 % from ten uses on, be meetings rare or frequent, grades alike or not, others many or few.
TEST(Lift, TheIntervalHolds95PercentOfTheTime) {
  constexpr int kRuns = 800;
  // What chance makes of 800 runs at 95 % exactly, three standard deviations below.
  constexpr double kLeast = 0.95 - 3 * 0.0077;
  double worst = 1;
  double sum = 0;
  int markets = 0;
  const auto rng = NewSeededRng(20);
  for (const double rate : {0.02, 0.05, 0.1, 0.2, 0.35, 0.5}) {
    for (const int64_t n : {10, 20, 30, 100, 300}) {
      for (const auto& [spread, others] : {std::pair(0.0, 2'000), {0.8, 2'000}, {0.8, 100}}) {
        int holds = 0;
        for (int run = 0; run < kRuns; ++run) {
          const Market market = {rate, spread, (run % 3 - 1) * std::min(0.1, rate)};
          holds += market.Holds(n, others, *rng) ? 1 : 0;
        }
        const double share = static_cast<double>(holds) / kRuns;
        EXPECT_GE(share, kLeast) << "rate " << rate << ", n " << n << ", spread " << spread << ", others "
                                 << others;
        worst = std::min(worst, share);
        sum += share;
        ++markets;
      }
    }
  }
  EXPECT_GE(sum / markets, 0.95);
  RecordProperty("worst", std::to_string(worst));
  RecordProperty("mean", std::to_string(sum / markets));
}

double KendallTau(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < i; ++j) sum += (a[i] - a[j]) * (b[i] - b[j]) > 0 ? 1 : -1;
  }
  return sum / (static_cast<double>(a.size() * (a.size() - 1)) / 2);
}

// Some assets are given to good leads mostly. Their raw rate is high, and says nothing.
TEST(Lift, OrdersAssetsByEffectRatherThanByTheirLeads) {
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
    std::vector<double> lift;
    for (const auto& cells : versions) lift.push_back(Judge(cells, HeldRates(all, cells)).rank);
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
