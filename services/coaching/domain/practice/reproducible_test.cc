#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <locale>
#include <thread>

#include "services/coaching/domain/practice/agreement.h"
#include "services/coaching/domain/practice/low_scores.h"
#include "services/coaching/domain/practice/mastery.h"

// The rules give the same bits in every locale and on every thread.
namespace finalmile::coaching {
namespace {

// Numbers as Turkish writes them.
class CommaPoint : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

class LocaleGuard {
 public:
  LocaleGuard() : c_(std::setlocale(LC_ALL, nullptr)) {
    std::setlocale(LC_ALL, "tr_TR.UTF-8");
    before_ = std::locale::global(std::locale(std::locale(), new CommaPoint));
  }
  ~LocaleGuard() {
    std::locale::global(before_);
    std::setlocale(LC_ALL, c_.c_str());
  }

 private:
  const std::string c_;
  std::locale before_;
};

std::string Everything() {
  std::string text;
  std::vector<PracticeFact> facts;
  std::vector<Unit> units;
  std::vector<LowScore> scores;
  for (int i = 0; i < 40; ++i) {
    Practice practice;
    practice.rep = "kim";
    practice.time = absl::FromUnixSeconds(1'800'000'000 + i * 130'000);
    practice.rubric = FirstConversation();
    practice.analysis_score = 1 + (i * 7 % 90) / 10.;
    Submit(practice, absl::FixedTimeZone(3600));
    for (int coach = 0; coach < i % 3; ++coach) {
      Levels levels;
      for (size_t c = 0; c < practice.rubric.criteria.size(); ++c)
        levels[practice.rubric.criteria[c].id] =
            static_cast<int>((i + 2 * c + static_cast<size_t>(coach)) % 4);
      AddReview(practice, {"coach" + std::to_string(coach), false, practice.time, levels});
    }
    for (const Unit& unit : UnitsOf(practice)) units.push_back(unit);
    facts.push_back(FactOf(PracticeId(std::to_string(i)), practice));
    scores.push_back({"value", std::to_string(i % 17), practice.time, i % 5 != 0});
    const Mastery mastery = MasteryOf(facts, 1, practice.time);
    text += fmt::format("{} {:a} {:a} {:a} {} {}\n", static_cast<int>(mastery.state),
                        mastery.memory->stability, mastery.memory->difficulty, facts.back().score,
                        mastery.days.size(), absl::ToUnixMicros(mastery.lapse_time));
  }
  text += fmt::format("{:a}\n", OrdinalAlpha(units).value());
  for (const LowPair& pair : PlanOf(scores, {}).without_track) text += pair.first + pair.second + "\n";
  Rubric rubric = FirstConversation();
  rubric.criteria[0].weight = .5;
  for (const Violation& violation : Validate(rubric, "rubric")) text += violation.description;
  return text;
}

TEST(ReproducibleTest, InEveryLocaleOnEightThreads) {
  const std::string expected = Everything();
  EXPECT_THAT(expected, ::testing::HasSubstr("1.4"));
  LocaleGuard turkish;
  std::vector<std::string> results(8);
  std::vector<std::thread> threads;
  for (std::string& result : results) {
    threads.emplace_back([&result, &expected] {
      for (int i = 0; i < 100; ++i) {
        result = Everything();
        if (result != expected) return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& result : results) EXPECT_EQ(result, expected);
}

}  // namespace
}  // namespace finalmile::coaching
