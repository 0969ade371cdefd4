#include "services/catalog/usage/domain/lift.h"

#include <algorithm>

namespace finalmile::catalog::usage::domain {
namespace {

double Square(double value) { return value * value; }

}  // namespace

HeldRates::HeldRates(std::span<const CellCount> all, std::span<const CellCount> own) {
  const auto add = [&](const CellCount& cell, double sign) {
    for (Count* count : {&all_, &grades_[cell.grade], &cells_[{cell.grade, cell.stage}]}) {
      count->matured += sign * static_cast<double>(cell.matured);
      count->held += sign * static_cast<double>(cell.held);
    }
  };
  for (const CellCount& cell : all) add(cell, 1);
  for (const CellCount& cell : own) add(cell, -1);
  if (all_.matured > 0) all_.rate = all_.held / all_.matured;
  for (auto& [grade, count] : grades_) count.rate = Lean(count, all_.rate);
  for (auto& [cell, count] : cells_) count.rate = Lean(count, grades_[cell.first].rate);
}

double HeldRates::Lean(const Count& count, double whole) {
  return (count.held + kCellPrior * whole) / (count.matured + kCellPrior);
}

HeldRates::Count HeldRates::GradeOf(const std::string& grade) const {
  const auto found = grades_.find(grade);
  return found != grades_.end() ? found->second : Count{.rate = all_.rate};
}

HeldRates::Count HeldRates::CellOf(const Cell& cell) const {
  const auto found = cells_.find(cell);
  return found != cells_.end() ? found->second : Count{.rate = GradeOf(cell.first).rate};
}

double HeldRates::Rate(const std::string& grade, const std::string& stage) const {
  return CellOf({grade, stage}).rate;
}

template <class Parts, class Whole>
double HeldRates::Spread(const Parts& parts, const Whole& whole) const {
  double sum = 0;
  for (const auto& [key, part] : parts) {
    if (part.matured > 0) sum += part.matured * Square(part.held / part.matured - whole(key));
  }
  return sum / all_.matured;
}

Estimate HeldRates::Expected(std::span<const CellCount> uses) const {
  // The expected share is a sum over cells of (weight · rate), and each rate is one of held uses: those of
  // the cell itself, and by leaning also those of its grade and of all.
  std::map<Cell, double> weights;
  double n = 0;
  for (const CellCount& cell : uses) {
    weights[{cell.grade, cell.stage}] += static_cast<double>(cell.matured);
    n += static_cast<double>(cell.matured);
  }
  // A rate of 0 of few uses is not known to be 0.
  const auto possible = [&](double rate) { return (rate * all_.matured + 0.5) / (all_.matured + 1); };
  const auto binomial = [&](double rate) { return possible(rate) * (1 - possible(rate)); };
  // How far a part may be from the whole that it leans on, squared: as far as its own uses are, as parts are
  // on average, and as the weight of leaning supposes.
  const auto differs = [&](const Count& part, double whole, double parts) {
    const double own = part.matured > 0 ? Square(part.held / part.matured - whole) : 0;
    return std::max({own, parts, binomial(whole) / (kCellPrior + 1)});
  };
  const double grades_differ = Spread(grades_, [&](const std::string&) { return all_.rate; });
  const double cells_differ = Spread(cells_, [&](const Cell& cell) {
    const Count grade = GradeOf(cell.first);
    return grade.matured > 0 ? grade.held / grade.matured : all_.rate;
  });

  double value = 0;
  double variance = 0;
  double on_all = 0;
  std::map<std::string, double> on_grade;
  for (auto& [key, weight] : weights) {
    weight /= n;
    const Count cell = CellOf(key);
    value += weight * cell.rate;
    const double leans = weight * kCellPrior / (cell.matured + kCellPrior);
    on_grade[key.first] += leans;
    variance += Square(leans) * differs(cell, GradeOf(key.first).rate, cells_differ);
  }
  for (const auto& [name, weight] : on_grade) {
    const Count grade = GradeOf(name);
    const double leans = weight * kCellPrior / (grade.matured + kCellPrior);
    on_all += leans;
    variance += Square(leans) * differs(grade, all_.rate, grades_differ);
  }
  for (const auto& [key, cell] : cells_) {
    double share = on_all / all_.matured;
    if (const auto own = weights.find(key); own != weights.end()) {
      share += own->second / (cell.matured + kCellPrior);
    }
    if (const auto grade = on_grade.find(key.first); grade != on_grade.end()) {
      share += grade->second / (GradeOf(key.first).matured + kCellPrior);
    }
    variance += Square(share) * cell.matured * binomial(cell.rate);
  }
  const double effective = binomial(value) / variance;
  return ShareOf(value * effective, effective);
}

Credit Judge(std::span<const CellCount> uses, const HeldRates& others) {
  Credit credit;
  for (const CellCount& cell : uses) {
    credit.matured += cell.matured;
    credit.set += cell.set;
    credit.held += cell.held;
  }
  if (credit.matured == 0 || others.empty()) return credit;
  const auto n = static_cast<double>(credit.matured);
  const auto held = static_cast<double>(credit.held);
  const Estimate expected = others.Expected(uses);
  credit.expected = n * expected.value;
  credit.rank = (held - *credit.expected) / (n + kRankPrior);
  if (credit.matured >= kLiftFrom) credit.lift = Difference(ShareOf(held, n), expected);
  return credit;
}

std::optional<Estimate> EffectOf(const Arm& offered, const Arm& withheld) {
  if (offered.matured < kMinArm || withheld.matured < kMinArm) return std::nullopt;
  const auto share = [](const Arm& arm) {
    return ShareOf(static_cast<double>(arm.held), static_cast<double>(arm.matured));
  };
  return Difference(share(offered), share(withheld));
}

}  // namespace finalmile::catalog::usage::domain
