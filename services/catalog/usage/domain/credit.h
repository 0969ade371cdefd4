#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::catalog::usage::domain {

// Which version met which meeting, and what it is worth.

// An asset version that met the lead before the meeting, as the events of appointments freeze it.
struct Touch {
  std::string asset;
  int64_t version = 0;
  // "A1" … "D4", and the stage, at the touch; empty: not known.
  std::string grade;
  std::string stage;

  friend bool operator==(const Touch&, const Touch&) = default;
  friend bool operator<(const Touch& a, const Touch& b) {
    return std::tie(a.asset, a.version, a.grade, a.stage) < std::tie(b.asset, b.version, b.grade, b.stage);
  }
};

// The outcome of a meeting request, as far as it is known.
struct Outcome {
  bool set = false;
  bool held = false;
  // Its outcome is known, or it is as old as kMaturity.
  bool matured = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// An event adds this to the counters of a touch.
struct CreditChange {
  Touch touch;
  int set = 0;
  int held = 0;
  int matured = 0;
};
// From one outcome of a request to the next: a correction takes back what was given. A version counts once
// per request, at its first touch, however often it met the lead. `before` are the touches credited so far,
// with their outcome; `after` those of the new event (which may name others). In order of asset, version,
// grade, stage; no zeros.
std::vector<CreditChange> ChangeCredit(std::span<const Touch> touches_before, Outcome before,
                                       std::span<const Touch> touches_after, Outcome after);

// A use or an offer matures, and counts from then on, at this age or once its request has an outcome.
inline constexpr absl::Duration kMaturity = absl::Hours(24 * 30);

// Matured uses of one version, or of all, in one cell of grade and stage.
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

  // `cells` of all versions; a cell may occur several times.
  explicit HeldRates(std::span<const CellCount> cells);
  // 0 to 1. A cell never seen: its grade's rate; a grade never seen: the rate of all; nothing at all: 0.
  double Rate(const std::string& grade, const std::string& stage) const;

 private:
  struct Count {
    double matured = 0;
    double held = 0;
  };
  double all_ = 0;
  std::map<std::string, double> grades_;
  std::map<std::pair<std::string, std::string>, double> cells_;
};

// 95 %, as everywhere here.
inline constexpr double kZ = 1.959963984540054;

struct Interval {
  double low = 0;
  double high = 0;
};
// The interval of a share, `hits` of `n`, by Wilson's score (E. B. Wilson, JASA 22, 1927, 209–212). n = 0: 0
// to 1.
Interval WilsonInterval(double hits, double n);

inline constexpr double kLiftPrior = 30;
// Figures of one version.
struct Credit {
  int64_t matured = 0;
  int64_t set = 0;
  int64_t held = 0;
  double expected = 0;
  // (held − expected) / (matured + 30): held meetings more than expected per use, pulled towards 0 while uses
  // are few.
  double lift = 0;
  // The lift at the ends of the Wilson interval of held / matured; expected is taken as known. 0 to 0 without
  // matured uses.
  Interval interval;
};
Credit Judge(std::span<const CellCount> version, const HeldRates& rates);

// One arm of the slots drawn at random: offered, or withheld to compare.
struct Arm {
  int64_t matured = 0;
  int64_t held = 0;
};
inline constexpr int64_t kMinArm = 10;
struct Effect {
  // Held per matured offer, offered less withheld, −1 to 1.
  double value = 0;
  Interval interval;
};
// The effect of offering, by the hybrid score interval for the difference of two proportions (R. G. Newcombe,
// Statistics in Medicine 17, 1998, 873–890, method 10). Absent below 10 of each arm. It holds because a fair
// coin decides between the arms (see Choose).
std::optional<Effect> IncrementalEffect(const Arm& offered, const Arm& withheld);

}  // namespace finalmile::catalog::usage::domain
