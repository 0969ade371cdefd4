#include "services/coaching/domain/practice/memory.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace finalmile::coaching {
namespace {

// w0 to w20, the default weights of FSRS-6.
constexpr double kWeights[] = {.212,   1.2931, 2.3065, 8.2956, 6.4133, .8334, 3.0194,
                               .001,   1.8722, .1666,  .796,   1.4835, .0614, .2629,
                               1.6483, .6014,  1.8729, .5425,  .0912,  .0658, .1542};
static_assert(std::size(kWeights) == 21);
constexpr double kDecay = -kWeights[20];
constexpr double kLeastStability = .001;

// Makes the retrievability .9 after as many days as the stability says.
double Factor() { return std::pow(.9, 1 / kDecay) - 1; }

double Clamped(double difficulty) { return std::clamp(difficulty, 1., 10.); }

double FirstDifficulty(int grade) { return kWeights[4] - std::exp(kWeights[5] * (grade - 1)) + 1; }

double NextDifficulty(double difficulty, int grade) {
  const double damped = difficulty - kWeights[6] * (grade - 3) * (10 - difficulty) / 9;
  return Clamped(kWeights[7] * FirstDifficulty(static_cast<int>(Grade::kEasy)) + (1 - kWeights[7]) * damped);
}

double SameDayStability(double stability, int grade) {
  const double increase =
      std::exp(kWeights[17] * (grade - 3 + kWeights[18])) * std::pow(stability, -kWeights[19]);
  return stability * (grade >= static_cast<int>(Grade::kHard) ? std::max(increase, 1.) : increase);
}

double ForgottenStability(const Memory& memory, double retrievability) {
  const double forgotten = kWeights[11] * std::pow(memory.difficulty, -kWeights[12]) *
                           (std::pow(memory.stability + 1, kWeights[13]) - 1) *
                           std::exp(kWeights[14] * (1 - retrievability));
  return std::min(forgotten, memory.stability / std::exp(kWeights[17] * kWeights[18]));
}

double RecalledStability(const Memory& memory, double retrievability, Grade grade) {
  const double penalty = grade == Grade::kHard ? kWeights[15] : 1;
  const double bonus = grade == Grade::kEasy ? kWeights[16] : 1;
  return memory.stability *
         (1 + std::exp(kWeights[8]) * (11 - memory.difficulty) * std::pow(memory.stability, -kWeights[9]) *
                  (std::exp(kWeights[10] * (1 - retrievability)) - 1) * penalty * bonus);
}

}  // namespace

Grade GradeOf(double score) {
  if (score < 5.5) return Grade::kAgain;
  if (score < 6.5) return Grade::kHard;
  return score < 8.5 ? Grade::kGood : Grade::kEasy;
}

Memory FirstMemory(Grade grade) {
  const int number = static_cast<int>(grade);
  return {kWeights[number - 1], Clamped(FirstDifficulty(number))};
}

Memory NextMemory(const Memory& memory, int64_t days, Grade grade) {
  const int number = static_cast<int>(grade);
  const double difficulty = NextDifficulty(memory.difficulty, number);
  double stability = 0;
  if (days <= 0) {
    stability = SameDayStability(memory.stability, number);
  } else {
    const double retrievability = Retrievability(static_cast<double>(days), memory.stability);
    stability = grade == Grade::kAgain ? ForgottenStability(memory, retrievability)
                                       : RecalledStability(memory, retrievability, grade);
  }
  return {std::max(stability, kLeastStability), difficulty};
}

double Retrievability(double days, double stability) {
  return std::pow(1 + Factor() * std::max(days, 0.) / stability, kDecay);
}

double IntervalDays(double retrievability, double stability) {
  return stability / Factor() * (std::pow(retrievability, 1 / kDecay) - 1);
}

}  // namespace finalmile::coaching
