#pragma once

#include <cstdint>

namespace finalmile::coaching {

// How well a rep remembers a track: the memory model of FSRS-6 with its default weights. Practices are its
// reviews. Only the model is used, none of the scheduler: there are no learning steps, no fuzz, no rounding
// to days and no longest interval.
//
// Source: "The Algorithm", https://github.com/open-spaced-repetition/awesome-fsrs/wiki/The-Algorithm
// (FSRS-6), equal to py-fsrs 6.3.2, which memory_golden.txt holds this against. A "hard" practice on the day
// of another never lowers the stability.

enum class Grade { kAgain = 1, kHard = 2, kGood = 3, kEasy = 4 };

// A practice of this score and below 8.5 is "good"; below 6.5 "hard"; below 5.5 "again".
Grade GradeOf(double score);

struct Memory {
  // Days until the retrievability has fallen to .9; >= .001.
  double stability = 0;
  // 1 to 10.
  double difficulty = 0;

  friend bool operator==(const Memory&, const Memory&) = default;
};

// After the first practice.
Memory FirstMemory(Grade grade);

// After another one, `days` >= 0 after the practice before: days of the calendar, 0 on the same one.
Memory NextMemory(const Memory& memory, int64_t days, Grade grade);

// The probability of recall so many days after the last practice; `days` below 0 count as 0.
double Retrievability(double days, double stability);

// Days after which the retrievability has fallen to `retrievability`, in (0, 1).
double IntervalDays(double retrievability, double stability);

}  // namespace finalmile::coaching
