#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <iostream>

#include "libs/base/clock.h"
#include "services/coaching/domain/analysis/cue.h"
#include "services/coaching/domain/analysis/test_analysis.h"
#include "tests/coaching/dialogues.h"

// These tests show the analysis people who really talk. They report figures and holds none of them against a
// goal: whether what is covered goes with what comes of a dialogue is a question of the dialogues.
namespace finalmile::coaching {
namespace {

using ::testing::IsEmpty;

// Two-sided, 95 %.
constexpr double kNormalQuantile = 1.959964;

struct Share {
  int agreed = 0;
  int all = 0;

  double value() const { return static_cast<double>(agreed) / all; }
};

struct Interval {
  double lower = 0;
  double upper = 0;
};

// Wilson, Journal of the American Statistical Association 22, 1927.
Interval IntervalOf(const Share& share) {
  const double n = share.all;
  const double z2 = kNormalQuantile * kNormalQuantile;
  const double centre = (share.value() + z2 / (2 * n)) / (1 + z2 / n);
  const double half =
      kNormalQuantile * std::sqrt(share.value() * (1 - share.value()) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {centre - half, centre + half};
}

// The difference a − b: Newcombe's method 10, Statistics in Medicine 17, 1998.
std::string DifferenceOf(const Share& a, const Share& b) {
  if (a.all == 0 || b.all == 0) return "unknown";
  const Interval of_a = IntervalOf(a);
  const Interval of_b = IntervalOf(b);
  const double difference = a.value() - b.value();
  const double lower = difference - std::hypot(a.value() - of_a.lower, of_b.upper - b.value());
  const double upper = difference + std::hypot(of_a.upper - a.value(), b.value() - of_b.lower);
  return fmt::format("{:+.1f} [{:+.1f}, {:+.1f}] points", 100 * difference, 100 * lower, 100 * upper);
}

std::string Folder(const char* name) {
  return std::string(std::getenv("SHARED_DATA")) + "/dialogues/" + name;
}

class RealDialogues : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("SHARED_DATA") == nullptr)
      GTEST_SKIP() << "SHARED_DATA does not name the data sets: 1,147 dialogues are not analysed";
  }
};

void Check(const Dialogue& dialogue, const Finding& finding) {
  const Turn& turn = dialogue.turns.at(finding.turn);
  EXPECT_EQ(turn.role, Role::kRep);
  EXPECT_EQ(turn.text.substr(finding.range.begin, finding.words.size()), finding.words);
}

// Analyses all twice, and says how often each message is covered and how that goes with the outcome.
void Report(const std::string& name, const AnalysisTrack& track, const std::vector<Dialogue>& dialogues) {
  ASSERT_THAT(Validate(track), IsEmpty());
  for (const KeyMessage& message : track.key_messages) {
    for (const std::string& cue : message.cues)
      EXPECT_TRUE(IsPublishable(ReadCue(cue, track.language))) << cue;
  }
  std::vector<Share> covered(track.key_messages.size());
  std::vector<Share> missing(track.key_messages.size());
  size_t negated = 0;
  size_t fuzzy = 0;
  size_t questions = 0;
  size_t open = 0;
  size_t avoided = 0;
  for (const Dialogue& dialogue : dialogues) {
    ASSERT_THAT(Validate(dialogue.turns), IsEmpty()) << dialogue.id;
    const auto analysis = Analyze(track, dialogue.turns);
    ASSERT_TRUE(analysis.ok()) << dialogue.id << ": " << analysis.status();
    ASSERT_EQ(ToText(*Analyze(track, dialogue.turns)), ToText(*analysis)) << dialogue.id;
    for (size_t i = 0; i < analysis->messages.size(); ++i) {
      Share& share = (analysis->messages[i].covered ? covered : missing)[i];
      ++share.all;
      if (dialogue.agreed) ++share.agreed;
      for (const Finding& mention : analysis->messages[i].mentions) {
        Check(dialogue, mention);
        negated += mention.negated_by.empty() ? 0 : 1;
        fuzzy += mention.fuzzy ? 1 : 0;
      }
    }
    for (const Question& question : analysis->questions) Check(dialogue, question.finding);
    questions += analysis->question_count;
    open += analysis->open_question_count;
    avoided += analysis->avoided.size();
  }
  std::cout << fmt::format(
      "{}: {} dialogues; {} mentions negated, {} fuzzy; {} questions, {} of them open; {} phrases to avoid\n",
      name, dialogues.size(), negated, fuzzy, questions, open, avoided);
  for (size_t i = 0; i < covered.size(); ++i) {
    EXPECT_GT(covered[i].all, 0) << track.key_messages[i].id;
    std::cout << fmt::format("  {:<16} covered in {:>4}; outcome where covered − where not: {}\n",
                             track.key_messages[i].id, covered[i].all, DifferenceOf(covered[i], missing[i]));
  }
}

TEST_F(RealDialogues, OfPersuasion) {
  const std::vector<Dialogue> dialogues = ReadPersuasions(Folder("persuasionforgood"));
  ASSERT_EQ(dialogues.size(), 1'017u);
  Report("persuasion", DonationTrack(), dialogues);
}

TEST_F(RealDialogues, OfNegotiation) {
  const std::vector<Dialogue> dialogues = ReadNegotiations(Folder("casino"));
  ASSERT_EQ(dialogues.size(), 130u);
  Report("negotiation", CampingTrack(), dialogues);
}

TEST_F(RealDialogues, OfTwoThousandTurnsTakeMilliseconds) {
  std::vector<Turn> turns;
  for (const Dialogue& dialogue : ReadPersuasions(Folder("persuasionforgood"))) {
    for (const Turn& turn : dialogue.turns) {
      if (turns.size() < 2'000) turns.push_back(turn);
    }
  }
  ASSERT_EQ(turns.size(), 2'000u);
  const auto clock = NewSystemClock();
  absl::Duration best = absl::InfiniteDuration();
  int64_t steps = 0;
  for (int i = 0; i < 5; ++i) {
    const absl::Duration begin = clock->Steady();
    const auto analysis = Analyze(DonationTrack(), turns);
    ASSERT_TRUE(analysis.ok()) << analysis.status();
    best = std::min(best, clock->Steady() - begin);
    steps = analysis->steps;
  }
  std::cout << fmt::format("2,000 turns: {:.1f} ms, {} steps\n", absl::ToDoubleMilliseconds(best), steps);
  // Steps are the same on every machine; the time is that of this one.
  EXPECT_LT(steps, kMaxSteps / 100);
}

}  // namespace
}  // namespace finalmile::coaching
