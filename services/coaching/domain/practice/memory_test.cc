#include "services/coaching/domain/practice/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

namespace finalmile::coaching {
namespace {

struct Point {
  int64_t day = 0;
  Grade grade = Grade::kAgain;
};

std::vector<Memory> Fold(const std::vector<Point>& history) {
  std::vector<Memory> memories;
  for (size_t i = 0; i < history.size(); ++i) {
    memories.push_back(
        i == 0 ? FirstMemory(history[i].grade)
               : NextMemory(memories.back(), history[i].day - history[i - 1].day, history[i].grade));
  }
  return memories;
}

// "0:3 2:3 7:3", days and grades.
std::vector<Point> HistoryOf(const std::string& text) {
  std::vector<Point> history;
  std::istringstream stream(text);
  int64_t day = 0;
  char colon = 0;
  int grade = 0;
  while (stream >> day >> colon >> grade) history.push_back({day, static_cast<Grade>(grade)});
  return history;
}

TEST(MemoryTest, HistoriesThatPyFsrsHasWorkedOut) {
  struct Row {
    std::string history;
    std::vector<double> stabilities;
    double difficulty;
    double rehearsal_days;
    double lapse_days;
  };
  for (const Row& row : {
           Row{"0:3 2:3 7:3", {2.30650000, 10.96433234, 30.13323121}, 2.10433139, 30.1332, 99.9206},
           Row{"0:2 2:3 7:3", {1.29310000, 6.57470184, 19.05078773}, 5.09241299, 19.0508, 63.1716},
           Row{"0:1 2:2 7:3", {0.21200000, 1.54767841, 6.95868993}, 7.59183393, 6.9587, 23.0747},
           Row{"0:3 3:4 20:1 21:3",
               {2.30650000, 23.88306408, 2.24179214, 4.48240871},
               7.01519095,
               4.4824,
               14.8635},
           Row{"0:2 0:3 0:3 1:3 5:3",
               {1.29310000, 1.33589976, 1.37716224, 4.65595777, 14.94317382},
               5.07269476,
               14.9432,
               49.5510},
           Row{"0:1 0:1 1:2 4:3 12:3",
               {0.21200000, 0.08335672, 0.40245225, 1.76857083, 5.59036034},
               9.16488276,
               5.5904,
               18.5374},
       }) {
    SCOPED_TRACE(row.history);
    const std::vector<Memory> memories = Fold(HistoryOf(row.history));
    ASSERT_EQ(memories.size(), row.stabilities.size());
    for (size_t i = 0; i < memories.size(); ++i)
      EXPECT_NEAR(memories[i].stability, row.stabilities[i], 1e-8) << i;
    EXPECT_NEAR(memories.back().difficulty, row.difficulty, 1e-8);
    EXPECT_NEAR(IntervalDays(.9, memories.back().stability), row.rehearsal_days, 1e-4);
    EXPECT_NEAR(IntervalDays(.8, memories.back().stability), row.lapse_days, 1e-4);
  }
}

// The tests of fsrs-rs for FSRS-6 (https://github.com/open-spaced-repetition/fsrs-rs), which reckons in
// single precision: the stability after one grade twice, so many days apart.
TEST(MemoryTest, FsrsRsAgrees) {
  struct Row {
    int grade;
    int64_t days;
    double stability;
  };
  for (const Row& row : {Row{1, 1, .10088589}, Row{2, 1, 3.2494123}, Row{3, 1, 7.3153}, Row{4, 1, 18.014914},
                         Row{1, 2, .112798266}, Row{2, 2, 4.4694576}}) {
    const Grade grade = static_cast<Grade>(row.grade);
    EXPECT_NEAR(NextMemory(FirstMemory(grade), row.days, grade).stability, row.stability,
                3e-6 * row.stability)
        << row.grade << " " << row.days;
  }
}

TEST(MemoryTest, AHundredHistoriesAsPyFsrsHasThem) {
  std::ifstream file(FINALMILE_PRACTICE "/memory_golden.txt");
  int histories = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const size_t equals = line.find(" = ");
    ASSERT_NE(equals, std::string::npos) << line;
    std::istringstream expected(line.substr(equals + 3));
    double stability = 0;
    double difficulty = 0;
    ASSERT_TRUE(expected >> stability >> difficulty) << line;
    const std::vector<Memory> memories = Fold(HistoryOf(line.substr(0, equals)));
    ASSERT_FALSE(memories.empty()) << line;
    EXPECT_NEAR(memories.back().stability, stability, 1e-9 * std::max(1., stability)) << line;
    EXPECT_NEAR(memories.back().difficulty, difficulty, 1e-9) << line;
    ++histories;
  }
  EXPECT_EQ(histories, 100);
}

TEST(MemoryTest, RetrievabilityFalls) {
  const double stability = Fold(HistoryOf("0:3 2:3 7:3")).back().stability;
  EXPECT_NEAR(Retrievability(1, stability), .99507534, 1e-8);
  EXPECT_NEAR(Retrievability(10, stability), .95749665, 1e-8);
  EXPECT_NEAR(Retrievability(30, stability), .90030414, 1e-8);
  EXPECT_NEAR(Retrievability(100, stability), .79992505, 1e-8);
  EXPECT_EQ(Retrievability(0, stability), 1);
  EXPECT_EQ(Retrievability(-1, stability), 1);
}

TEST(MemoryTest, AnIntervalEndsAtItsRetrievability) {
  for (const double stability : {.001, .212, 1., 30., 1e6}) {
    EXPECT_NEAR(IntervalDays(.9, stability) / stability, 1, 1e-12);
    EXPECT_NEAR(IntervalDays(.8, stability) / stability, 3.3159597862, 1e-9);
    for (const double retrievability : {.99, .9, .8, .5})
      EXPECT_NEAR(Retrievability(IntervalDays(retrievability, stability), stability), retrievability, 1e-12);
  }
}

TEST(MemoryTest, GradesAtTheirEdges) {
  const auto below = [](double score) { return std::nextafter(score, 0); };
  EXPECT_EQ(GradeOf(1), Grade::kAgain);
  EXPECT_EQ(GradeOf(below(5.5)), Grade::kAgain);
  EXPECT_EQ(GradeOf(5.5), Grade::kHard);
  EXPECT_EQ(GradeOf(below(6.5)), Grade::kHard);
  EXPECT_EQ(GradeOf(6.5), Grade::kGood);
  EXPECT_EQ(GradeOf(below(8.5)), Grade::kGood);
  EXPECT_EQ(GradeOf(8.5), Grade::kEasy);
  EXPECT_EQ(GradeOf(10), Grade::kEasy);
}

TEST(MemoryTest, NothingLeavesItsRange) {
  for (const Grade first : {Grade::kAgain, Grade::kHard, Grade::kGood, Grade::kEasy}) {
    for (const Grade grade : {Grade::kAgain, Grade::kHard, Grade::kGood, Grade::kEasy}) {
      for (const int64_t days : {0, 1, 365}) {
        Memory memory = FirstMemory(first);
        for (int i = 0; i < 1000; ++i) {
          memory = NextMemory(memory, days, grade);
          ASSERT_GE(memory.stability, .001);
          ASSERT_TRUE(std::isfinite(memory.stability));
          ASSERT_GE(memory.difficulty, 1);
          ASSERT_LE(memory.difficulty, 10);
        }
      }
    }
  }
}

}  // namespace
}  // namespace finalmile::coaching
