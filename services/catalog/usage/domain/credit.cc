#include "services/catalog/usage/domain/credit.h"

#include <algorithm>
#include <cmath>

namespace finalmile::catalog::usage::domain {
namespace {

// One touch per version: the first.
std::vector<Touch> OnePerVersion(std::span<const Touch> touches) {
  std::map<std::pair<std::string, int64_t>, Touch> first;
  for (const Touch& touch : touches) first.emplace(std::pair(touch.asset, touch.version), touch);
  std::vector<Touch> one;
  one.reserve(first.size());
  for (auto& [version, touch] : first) one.push_back(std::move(touch));
  return one;
}

}  // namespace

std::vector<CreditChange> ChangeCredit(std::span<const Touch> touches_before, Outcome before,
                                       std::span<const Touch> touches_after, Outcome after) {
  std::map<Touch, CreditChange> sums;
  const auto add = [&](std::span<const Touch> touches, Outcome outcome, int sign) {
    for (const Touch& touch : OnePerVersion(touches)) {
      CreditChange& sum = sums[touch];
      sum.touch = touch;
      sum.set += outcome.set ? sign : 0;
      sum.held += outcome.held ? sign : 0;
      sum.matured += outcome.matured ? sign : 0;
    }
  };
  add(touches_before, before, -1);
  add(touches_after, after, 1);
  std::vector<CreditChange> changes;
  for (auto& [touch, sum] : sums) {
    if (sum.set != 0 || sum.held != 0 || sum.matured != 0) changes.push_back(std::move(sum));
  }
  return changes;
}

HeldRates::HeldRates(std::span<const CellCount> cells) {
  Count all;
  std::map<std::string, Count> grades;
  std::map<std::pair<std::string, std::string>, Count> counts;
  for (const CellCount& cell : cells) {
    for (Count* count : {&all, &grades[cell.grade], &counts[{cell.grade, cell.stage}]}) {
      count->matured += static_cast<double>(cell.matured);
      count->held += static_cast<double>(cell.held);
    }
  }
  const auto smooth = [](const Count& count, double prior) {
    return (count.held + kCellPrior * prior) / (count.matured + kCellPrior);
  };
  if (all.matured > 0) all_ = all.held / all.matured;
  for (const auto& [grade, count] : grades) grades_[grade] = smooth(count, all_);
  for (const auto& [cell, count] : counts) cells_[cell] = smooth(count, grades_[cell.first]);
}

double HeldRates::Rate(const std::string& grade, const std::string& stage) const {
  if (const auto cell = cells_.find({grade, stage}); cell != cells_.end()) return cell->second;
  if (const auto found = grades_.find(grade); found != grades_.end()) return found->second;
  return all_;
}

Interval WilsonInterval(double hits, double n) {
  if (n <= 0) return {0, 1};
  const double share = hits / n;
  const double z2 = kZ * kZ;
  const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Credit Judge(std::span<const CellCount> version, const HeldRates& rates) {
  Credit credit;
  for (const CellCount& cell : version) {
    credit.matured += cell.matured;
    credit.set += cell.set;
    credit.held += cell.held;
    credit.expected += static_cast<double>(cell.matured) * rates.Rate(cell.grade, cell.stage);
  }
  if (credit.matured == 0) return credit;
  const auto n = static_cast<double>(credit.matured);
  const auto lift = [&](double held) { return (held - credit.expected) / (n + kLiftPrior); };
  const auto held = static_cast<double>(credit.held);
  const Interval share = WilsonInterval(held, n);
  credit.lift = lift(held);
  credit.interval = {lift(n * share.low), lift(n * share.high)};
  return credit;
}

std::optional<Effect> IncrementalEffect(const Arm& offered, const Arm& withheld) {
  if (offered.matured < kMinArm || withheld.matured < kMinArm) return std::nullopt;
  const auto share = [](const Arm& arm) {
    return static_cast<double>(arm.held) / static_cast<double>(arm.matured);
  };
  const auto interval = [](const Arm& arm) {
    return WilsonInterval(static_cast<double>(arm.held), static_cast<double>(arm.matured));
  };
  const double p1 = share(offered);
  const double p2 = share(withheld);
  const Interval i1 = interval(offered);
  const Interval i2 = interval(withheld);
  Effect effect;
  effect.value = p1 - p2;
  effect.interval.low = effect.value - std::hypot(p1 - i1.low, i2.high - p2);
  effect.interval.high = effect.value + std::hypot(i1.high - p1, p2 - i2.low);
  return effect;
}

}  // namespace finalmile::catalog::usage::domain
