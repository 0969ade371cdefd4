#include "services/coaching/domain/analysis/questions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/coaching/domain/analysis/test_analysis.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The questions in what the rep says; open ones begin with a +.
std::vector<std::string> Asked(const std::string& text, const std::string& language = "en") {
  AnalysisTrack track;
  track.language = language;
  const Turn turn = Says(Role::kRep, text);
  const auto analysis = Analyze(track, {&turn, 1});
  EXPECT_TRUE(analysis.ok()) << analysis.status();
  std::vector<std::string> asked;
  size_t open = 0;
  for (const Question& question : analysis->questions) {
    asked.push_back((question.open ? "+" : "") + question.finding.words);
    open += question.open ? 1 : 0;
  }
  EXPECT_EQ(analysis->question_count, asked.size());
  EXPECT_EQ(analysis->open_question_count, open);
  return asked;
}

TEST(Questions, EndInTheirMark) {
  EXPECT_THAT(Asked("You cut idle time? We do. Really?!"), ElementsAre("You cut idle time", "Really"));
  EXPECT_THAT(Asked("What does an idle hour cost you? So, how many are there?"),
              ElementsAre("+What does an idle hour cost you", "+So, how many are there"));
}

TEST(Questions, AreKnownWithoutAMarkInEnglish) {
  EXPECT_THAT(Asked("do you know what an idle hour costs"),
              ElementsAre("do you know what an idle hour costs"));
  EXPECT_THAT(Asked("okay so what does an idle hour cost you"),
              ElementsAre("+okay so what does an idle hour cost you"));
  EXPECT_THAT(Asked("What we do is cut idle time. Do you agree. we do"), IsEmpty());
  EXPECT_THAT(Asked("wissen Sie das\nwas kostet es", "de"), IsEmpty());
}

TEST(Questions, AreRequestsToo) {
  EXPECT_THAT(Asked("Tell me about your day. Walk me through it! We tell me nothing."),
              ElementsAre("+Tell me about your day", "+Walk me through it"));
}

TEST(Questions, AreOpenBehindAPause) {
  EXPECT_THAT(
      Asked("In the last year, how many trucks stood idle? That driver, who came late, was it Ben?"),
      ElementsAre("+In the last year, how many trucks stood idle", "That driver, who came late, was it Ben"));
}

TEST(Questions, OfOtherLanguages) {
  EXPECT_THAT(Asked("Was kostet Sie das? Wissen Sie das?", "de"),
              ElementsAre("+Was kostet Sie das", "Wissen Sie das"));
  EXPECT_THAT(Asked("Combien? Bon.", "fr"), ElementsAre("Combien"));
}

TEST(Questions, AreTheRepsAlone) {
  const std::vector<Turn> turns = {Says(Role::kGuest, "What does it cost?"), Says(Role::kRep, "Fine."),
                                   Says(Role::kOther, "Is it so?")};
  EXPECT_THAT(Analyze({}, turns)->questions, IsEmpty());
}

TEST(Questions, BeyondTheListAreCounted) {
  std::string text;
  for (size_t i = 0; i < kMaxFindings + 1; ++i) text += "Why? ";
  const Turn turn = Says(Role::kRep, text);
  const auto analysis = Analyze({}, {&turn, 1});
  EXPECT_EQ(analysis->questions.size(), kMaxFindings);
  EXPECT_EQ(analysis->question_count, kMaxFindings + 1);
  EXPECT_EQ(analysis->open_question_count, kMaxFindings + 1);
}

}  // namespace
}  // namespace finalmile::coaching
