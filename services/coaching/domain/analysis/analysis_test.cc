#include "services/coaching/domain/analysis/analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>
#include <cwctype>
#include <thread>

#include "libs/testing/temporary_folder.h"
#include "services/coaching/domain/analysis/test_analysis.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

KeyMessage Message(std::string id, double weight, std::vector<std::string> cues, int order = 0) {
  KeyMessage message;
  message.id = std::move(id);
  message.weight = weight;
  message.cues = std::move(cues);
  message.order = order;
  return message;
}

Analysis Heard(const AnalysisTrack& track, const std::vector<Turn>& turns) {
  EXPECT_THAT(Validate(track), IsEmpty());
  EXPECT_THAT(Validate(turns), IsEmpty());
  absl::StatusOr<Analysis> analysis = Analyze(track, turns);
  EXPECT_TRUE(analysis.ok()) << analysis.status();
  return *std::move(analysis);
}

AnalysisTrack ThreeMessages() {
  AnalysisTrack track;
  track.key_messages = {Message("idle", 3, {"cut idle time", "idle hours"}, 1),
                        Message("proof", 2, {"customer proof"}, 2), Message("next", 1, {"next step"}, 3)};
  track.avoid = {"best in class", "cheap"};
  return track;
}

TEST(Analysis, TheScoreIsOfCoverageAndAvoidedPhrases) {
  AnalysisTrack track = ThreeMessages();
  Analysis analysis = Heard(track, {Says(Role::kRep, "We cut idle time. The next step?")});
  EXPECT_THAT(analysis.coverage, Optional(::testing::DoubleNear(2.0 / 3, 1e-12)));
  EXPECT_THAT(analysis.score, Optional(::testing::DoubleNear(7, 1e-12)));

  // A phrase costs once, however often it is said, and not where it is denied.
  analysis = Heard(track, {Says(Role::kRep,
                                "We cut idle time. The next step is best in class, the best in class. We are "
                                "not cheap.")});
  EXPECT_EQ(analysis.avoided_phrases, 1u);
  EXPECT_THAT(analysis.avoided, SizeIs(2));
  EXPECT_THAT(analysis.negated_avoided, SizeIs(1));
  EXPECT_THAT(analysis.score, Optional(::testing::DoubleNear(6.1, 1e-12)));

  track.key_messages[1].required = true;
  analysis = Heard(track, {Says(Role::kRep, "We cut idle time. The next step?")});
  EXPECT_THAT(analysis.score, Optional(::testing::DoubleNear(7, 1e-12)));
  track.key_messages[1].weight = .5;
  analysis = Heard(track, {Says(Role::kRep, "We cut idle time. The next step?")});
  EXPECT_THAT(analysis.score, Optional(kMaxScoreWithoutRequired));
  EXPECT_THAT(analysis.uncapped_score, Optional(::testing::DoubleNear(9, 1e-12)));
}

TEST(Analysis, ScoresAreFromOneToTen) {
  EXPECT_EQ(ScoreOf(0, 0), 1);
  EXPECT_EQ(ScoreOf(1, 0), 10);
  EXPECT_EQ(ScoreOf(.1, 50), 1);
}

TEST(Analysis, WithoutMessagesThereIsNoScore) {
  const Analysis analysis = Heard({}, {Says(Role::kRep, "Hello. How are you?")});
  EXPECT_EQ(analysis.coverage, std::nullopt);
  EXPECT_EQ(analysis.score, std::nullopt);
  EXPECT_EQ(analysis.order, std::nullopt);
  EXPECT_THAT(analysis.questions, SizeIs(1));
}

TEST(Analysis, OrderIsOfPairs) {
  AnalysisTrack track = ThreeMessages();
  const auto order = [&](const char* text) { return Heard(track, {Says(Role::kRep, text)}).order; };
  EXPECT_THAT(order("We cut idle time. Our customer proof. The next step."), Optional(1));
  EXPECT_THAT(order("The next step. Our customer proof. We cut idle time."), Optional(0));
  EXPECT_THAT(order("Our customer proof. We cut idle time. The next step."), Optional(2.0 / 3));
  // The first mention counts, and a denied one does not.
  EXPECT_THAT(order("We never cut idle time. Our customer proof. We cut idle time."), Optional(0));
  EXPECT_EQ(order("The next step."), std::nullopt);
  track.key_messages[0].order = track.key_messages[1].order = 0;
  EXPECT_EQ(order("We cut idle time. Our customer proof. The next step."), std::nullopt);
  track.key_messages[0].order = track.key_messages[2].order;
  EXPECT_EQ(order("We cut idle time. Our customer proof. The next step."), std::nullopt);
}

TEST(Analysis, TheRepsWordsAloneCount) {
  for (const Role role : {Role::kGuest, Role::kOther}) {
    const Analysis analysis =
        Heard(TrackOf({"cut idle time"}), {Says(Role::kRep, "Hello."), Says(role, "You cut idle time.")});
    EXPECT_FALSE(analysis.messages[0].covered);
    EXPECT_THAT(analysis.messages[0].mentions, IsEmpty());
  }
}

TEST(Analysis, ACueDoesNotReachOverTurns) {
  EXPECT_FALSE(Heard(TrackOf({"cut idle time"}), {Says(Role::kRep, "We cut idle"), Says(Role::kRep, "time.")})
                   .messages[0]
                   .covered);
}

TEST(Analysis, MentionsThatCountComeFirst) {
  const Analysis analysis = Heard(TrackOf({"cut idle time", "\"idle time\""}),
                                  {Says(Role::kRep, "We do not cut idle time."), Says(Role::kGuest, "Oh."),
                                   Says(Role::kRep, "Yes. We cut idle time. Your idle time!")});
  std::string text;
  for (const Finding& finding : analysis.messages[0].mentions) text += ToText(finding);
  EXPECT_EQ(
      text,
      "2:8-21 \"cut idle time\" by \"cut idle time\" of 3 8-11 12-16 17-21\n"
      "2:12-21 \"idle time\" by \"\"idle time\"\" of 2 12-16 17-21\n"
      "2:28-37 \"idle time\" by \"\"idle time\"\" of 2 28-32 33-37\n"
      "0:10-23 \"cut idle time\" by \"cut idle time\" of 3 10-13 14-18 19-23 negated by \"not\" at 6-9\n"
      "0:14-23 \"idle time\" by \"\"idle time\"\" of 2 14-18 19-23 negated by \"not\" at 6-9\n");
}

TEST(Analysis, TheNearestIsOneWordShort) {
  const auto nearest = [](std::vector<std::string> cues, const char* said) {
    const MessageFinding message = Heard(TrackOf(std::move(cues)), {Says(Role::kRep, said)}).messages[0];
    EXPECT_THAT(message.mentions, IsEmpty());
    std::string text = message.nearest ? message.nearest->words + " lacks" : "none";
    for (const std::string& word : message.nearest_lacks) text += " " + word;
    return text;
  };
  EXPECT_EQ(nearest({"next step"}, "Let's talk again. What is the step?"), "step lacks next");
  EXPECT_EQ(nearest({"cut idle time by 30 percent"}, "Customers cut idle time by about 20%."),
            "cut idle time by about 20% lacks 30");
  EXPECT_EQ(nearest({"next step", "cut idle time by 30 percent"}, "A step. Customers cut idle time by 20%."),
            "cut idle time by 20% lacks 30");
  EXPECT_EQ(nearest({"cut idle time"}, "Time is money."), "none");
  EXPECT_EQ(nearest({"contract", "\"idle time\""}, "A contrast of idle hours."), "none");
}

TEST(Analysis, OfAWrittenMessageHasNoDelivery) {
  const auto analysis = AnalyzeWritten(TrackOf({"cut idle time"}), "Dear Ana,\nwe cut idle time.");
  ASSERT_TRUE(analysis.ok()) << analysis.status();
  EXPECT_TRUE(analysis->messages[0].covered);
  EXPECT_EQ(analysis->messages[0].mentions[0].words, "cut idle time");
  EXPECT_EQ(analysis->delivery, std::nullopt);
}

TEST(Analysis, SaysWhatItDoesNotKnowOfALanguage) {
  AnalysisTrack track = TrackOf({"temps mort"}, "xx");
  EXPECT_THAT(Heard(track, {Says(Role::kRep, "temps mort")}).notes,
              ElementsAre("stems are not known in xx: words count as they are written",
                          "negation is not known in xx: what was denied counts as said",
                          "fillers and open questions are not known in xx"));
  track.language = "en-GB";
  EXPECT_THAT(Heard(track, {Says(Role::kRep, "temps mort")}).notes, IsEmpty());
}

// Findings stand in the text as it was given, at the edges of characters.
TEST(Analysis, FindingsAreWordsOfTheText) {
  const std::string text =
      "\U0001F69A\U0001F69A Wir k\u00FCrzen \u2013 ja! \u2013 die Stra\u00DFe um drei\u00DFig Prozent; "
      "\uFB01nale "
      "Cafe\u0301s sind nicht billig \u4EF7\u683C.";
  AnalysisTrack track = TrackOf({"STRASSE um drei\u00DFig %"}, "de");
  track.key_messages.push_back(Message("finale", 1, {"finale caf\u00E9s"}));
  track.avoid = {"billig"};
  const Analysis analysis = Heard(track, {Says(Role::kRep, text)});
  ASSERT_THAT(analysis.messages[0].mentions, SizeIs(1));
  EXPECT_EQ(analysis.messages[0].mentions[0].words, "Stra\u00DFe um drei\u00DFig Prozent");
  ASSERT_THAT(analysis.messages[1].mentions, SizeIs(1));
  EXPECT_EQ(analysis.messages[1].mentions[0].words, "\uFB01nale Cafe\u0301s");
  ASSERT_THAT(analysis.negated_avoided, SizeIs(1));
  EXPECT_EQ(analysis.negated_avoided[0].words, "billig");
  for (const Finding& finding : {analysis.messages[0].mentions[0], analysis.messages[1].mentions[0]}) {
    EXPECT_EQ(text.substr(finding.range.begin, finding.range.end - finding.range.begin), finding.words);
    EXPECT_EQ(finding.matched.front().begin, finding.range.begin);
    EXPECT_EQ(finding.matched.back().end, finding.range.end);
  }
}

TEST(Analysis, ListsAreBounded) {
  std::string text;
  for (size_t i = 0; i < kMaxFindings + 1; ++i) text += "We cut idle time, cheap. We are not cheap. ";
  AnalysisTrack track = TrackOf({"cut idle time"});
  track.avoid = {"cheap"};
  const Analysis analysis = Heard(track, {Says(Role::kRep, text)});
  EXPECT_THAT(analysis.messages[0].mentions, SizeIs(kMaxMentions));
  EXPECT_THAT(analysis.avoided, SizeIs(kMaxFindings));
  EXPECT_THAT(analysis.negated_avoided, SizeIs(kMaxFindings));

  const std::string far = "cut" + std::string(kMaxFindingBytes * 2, '-') + " \U0001F69Aidle time";
  const Analysis long_one = Heard(track, {Says(Role::kRep, far)});
  ASSERT_THAT(long_one.messages[0].mentions, SizeIs(1));
  EXPECT_THAT(long_one.messages[0].mentions[0].words, SizeIs(kMaxFindingBytes));
  EXPECT_EQ(long_one.messages[0].mentions[0].range.end, far.size());
}

std::string Repeated(std::string_view word, size_t bytes) {
  std::string text;
  while (text.size() + word.size() <= bytes) text += word;
  return text;
}

// One sentence of a mebibyte, all words of it words of the cue.
TEST(Analysis, AHugeTurnTakesBoundedSteps) {
  const std::string text = Repeated("cut ", kMaxTranscriptBytes);
  const size_t tokens = text.size() / 4;
  // The words of a usual cue differ.
  Analysis analysis = Heard(TrackOf({"cut idle time by 30 percent"}), {Says(Role::kRep, text)});
  EXPECT_FALSE(analysis.messages[0].covered);
  EXPECT_LE(analysis.steps, static_cast<int64_t>(tokens) * 100);
  // Those of one of the longest cues do not; a part of the turn is as much as is taken with it.
  const std::string part = text.substr(0, text.size() / 64);
  analysis = Heard(TrackOf({Repeated("cut ", 4 * kMaxCueWords)}), {Says(Role::kRep, part)});
  EXPECT_TRUE(analysis.messages[0].covered);
  EXPECT_THAT(analysis.messages[0].mentions[0].matched, SizeIs(kMaxCueWords));
  // Each token takes what matcher.h says, once to find it and once more where it is in a listed mention.
  constexpr size_t kSkips = kMaxCueWords / 4;
  constexpr size_t kOfEach = 2 * kMaxCueWords * (2 * kSkips + 1) + 2 * kMaxCueWords + 4;
  EXPECT_LE(static_cast<size_t>(analysis.steps),
            (tokens / 64 + kMaxMentions * (2 * kMaxCueWords + 3)) * kOfEach);
}

TEST(Analysis, WhatTakesTooManyStepsIsRefused) {
  const std::string cue = Repeated("cut ", 4 * kMaxCueWords);
  AnalysisTrack track = TrackOf(std::vector<std::string>(kMaxCues, cue));
  const std::vector<Turn> turns = {Says(Role::kRep, Repeated("cut ", kMaxTranscriptBytes))};
  const auto analysis = Analyze(track, turns);
  EXPECT_EQ(analysis.status().code(), absl::StatusCode::kResourceExhausted);
}

// Many different words that are nearly those of the cues.
TEST(Analysis, FuzzyWordsTakeBoundedSteps) {
  std::string text;
  for (int i = 0; text.size() + 20 < kMaxTranscriptBytes; ++i) {
    std::string word = "aaaaaaaa";
    for (int left = i, at = 7; left > 0; left /= 26) word[at--] = static_cast<char>('a' + left % 26);
    text += word + " ";
  }
  AnalysisTrack track;
  for (const char* id : {"one", "two", "three", "four"}) {
    std::vector<std::string> cues;
    for (size_t i = 0; i < kMaxCues; ++i)
      cues.push_back(std::string("aaaa") + static_cast<char>('a' + i) + "bcd" + id[0] + " next");
    track.key_messages.push_back(Message(id, 1, cues));
  }
  const auto analysis = Analyze(track, std::vector<Turn>{Says(Role::kRep, text)});
  EXPECT_EQ(analysis.status().code(), absl::StatusCode::kResourceExhausted);
}

// A call with something of everything.
std::vector<Turn> Call() {
  std::vector<Turn> turns = {
      Says(Role::kRep, "Um, HI ANA! I KNOW it is, like, late. What does an IDLE hour cost you?"),
      Says(Role::kGuest, "I\u0307d\u0131le? Thirty euros."),
      Says(Role::kRep,
           "We cut IDLE TIME by thirty percent, and our customr proof isn't cheap. The next step\u2026"),
      Says(Role::kRep, "Don't think we cut idle time. I\u2019m best in class")};
  for (size_t i = 0; i < turns.size(); ++i) {
    turns[i].start = 10.25 * static_cast<double>(i);
    turns[i].end = *turns[i].start + 9.5;
  }
  return turns;
}

TEST(Analysis, SaysTheSameAThousandTimesOnEightThreads) {
  const AnalysisTrack track = ThreeMessages();
  const std::string expected = ToText(Heard(track, Call()));
  std::vector<int> alike(8);
  std::vector<std::thread> threads;
  for (int& count : alike) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) {
        const auto analysis = Analyze(track, Call());
        if (analysis.ok() && ToText(*analysis) == expected) ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(alike, ::testing::Each(1'000));
}

// In Turkish a small I is another letter, and a comma stands before fractions.
TEST(Analysis, SaysTheSameInATurkishLocale) {
  const testing::TemporaryFolder folder;
  const std::string compile =
      "localedef -i tr_TR -f UTF-8 '" + folder.path() + "/tr_TR.UTF-8' >/dev/null 2>&1";
  if (std::system(compile.c_str()) != 0) GTEST_SKIP() << "localedef cannot compile tr_TR (package locales)";
  AnalysisTrack track = ThreeMessages();
  track.bands.max_fillers_per_100_words = 1.5;
  const std::string expected = ToText(Heard(track, Call()));
  setenv("LOCPATH", folder.path().c_str(), 1);
  ASSERT_NE(std::setlocale(LC_ALL, "tr_TR.UTF-8"), nullptr);
  EXPECT_EQ(std::towlower(L'I'), L'\u0131');
  EXPECT_STREQ(std::localeconv()->decimal_point, ",");
  EXPECT_EQ(ToText(Heard(track, Call())), expected);
  std::setlocale(LC_ALL, "C");
  unsetenv("LOCPATH");
}

}  // namespace
}  // namespace finalmile::coaching
