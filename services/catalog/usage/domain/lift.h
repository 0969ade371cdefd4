#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "services/catalog/usage/domain/interval.h"

namespace finalmile::catalog::usage::domain {

// What matured uses led to, above what others of the same grade and stage led to. It is association: better
// leads may be given better assets. Only a trial tells an effect.

// Matured uses in one cell of grade and stage; see CountLead.
struct CellCount {
  std::string grade;
  std::string stage;
  int64_t matured = 0;
  int64_t set = 0;
  int64_t held = 0;
};

// How many of 100 matured uses of a cell lead to a held meeting, whichever the asset: what an asset is
// measured by, since a good one is not one that was given to good leads. Smoothed: a cell leans on its grade,
// and a grade on all, with the weight of kCellPrior uses. Immutable.
class HeldRates {
 public:
  static constexpr double kCellPrior = 20;

  // `all` are the cells of all assets, less `own` ones; a cell may occur several times.
  explicit HeldRates(std::span<const CellCount> all, std::span<const CellCount> own = {});

  // Nothing has matured that could be compared with.
  bool empty() const { return all_.matured <= 0; }
  // 0 to 1. A cell never seen: its grade's rate; a grade never seen: the rate of all; nothing at all: 0.
  double Rate(const std::string& grade, const std::string& stage) const;
  // The share of these uses, one at least, that is expected to be held. Its interval allows for the few uses
  // that the rates come from, and for how much cells differ from their grade and grades from each other.
  Estimate Expected(std::span<const CellCount> uses) const;

 private:
  struct Count {
    double matured = 0;
    double held = 0;
    double rate = 0;
  };
  using Cell = std::pair<std::string, std::string>;

  // The rate of the `count` uses of a part, which leans on the whole with kCellPrior uses.
  static double Lean(const Count& count, double whole);
  Count GradeOf(const std::string& grade) const;
  Count CellOf(const Cell& cell) const;
  // How far the parts' own rates lie from those of the whole, squared, on average over uses.
  template <class Parts, class Whole>
  double Spread(const Parts& parts, const Whole& whole) const;

  Count all_;
  std::map<std::string, Count> grades_;
  std::map<Cell, Count> cells_;
};

// From so many matured uses on a lift is known.
inline constexpr int64_t kLiftFrom = 10;
inline constexpr double kRankPrior = 30;

// Figures of matured uses.
struct Credit {
  int64_t matured = 0;
  int64_t set = 0;
  int64_t held = 0;
  // Held meetings to expect of them; absent: nothing has matured, of it or of other assets.
  std::optional<double> expected;
  // (held − expected) / matured: held meetings more than expected per use. Absent below kLiftFrom uses, and
  // where `expected` is.
  std::optional<Estimate> lift;
  // (held − expected) / (matured + 30): the lift pulled towards 0 while uses are few, to rank by; 0 where
  // nothing is expected.
  double rank = 0;
};
// `uses` are those that are judged; `others` the rates without the uses of the asset itself.
Credit Judge(std::span<const CellCount> uses, const HeldRates& others);

// One arm of the trials: offered, or withheld to compare.
struct Arm {
  int64_t matured = 0;
  int64_t held = 0;

  friend bool operator==(const Arm&, const Arm&) = default;
};
inline constexpr int64_t kMinArm = 10;
// Held per matured trial, offered less withheld. Absent below 10 of each arm. It is an effect, because a fair
// coin decides between the arms (see Choose).
std::optional<Estimate> EffectOf(const Arm& offered, const Arm& withheld);

}  // namespace finalmile::catalog::usage::domain
