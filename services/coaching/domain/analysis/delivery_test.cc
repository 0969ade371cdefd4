#include "services/coaching/domain/analysis/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/coaching/domain/analysis/test_analysis.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

Turn Timed(Role role, std::string text, double start, double end) {
  Turn turn = Says(role, std::move(text));
  turn.start = start;
  turn.end = end;
  return turn;
}

std::string WordsOf(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "word ";
  return text;
}

Delivery Of(const std::vector<Turn>& turns, const std::string& language = "en", const Bands& bands = {}) {
  AnalysisTrack track;
  track.language = language;
  track.bands = bands;
  const auto analysis = Analyze(track, turns);
  EXPECT_TRUE(analysis.ok()) << analysis.status();
  return *analysis->delivery;
}

TEST(Delivery, TalkShareIsOfTalkAndCountsOverlapTwice) {
  const Delivery delivery = Of(
      {Timed(Role::kRep, "a", 0, 30), Timed(Role::kGuest, "b", 20, 50), Timed(Role::kOther, "c", 100, 140)});
  EXPECT_EQ(delivery.basis, Delivery::Basis::kTime);
  EXPECT_THAT(delivery.talk_share, Optional(.3));
}

TEST(Delivery, TalkShareIsOfWordsWhereATimeIsMissing) {
  std::vector<Turn> turns = {Timed(Role::kRep, "one two three", 0, 30), Timed(Role::kGuest, "four", 30, 40)};
  turns[1].end.reset();
  const Delivery delivery = Of(turns);
  EXPECT_EQ(delivery.basis, Delivery::Basis::kWords);
  EXPECT_THAT(delivery.talk_share, Optional(.75));
  EXPECT_EQ(Of({Says(Role::kRep, "...")}).talk_share, std::nullopt);
  // Times that take no time are none to share.
  EXPECT_EQ(Of({Timed(Role::kRep, "a", 1, 1)}).basis, Delivery::Basis::kWords);
}

TEST(Delivery, PaceNeedsAHundredWordsAndTimes) {
  EXPECT_EQ(Of({Timed(Role::kRep, WordsOf(99), 0, 60)}).words_per_minute, std::nullopt);
  EXPECT_THAT(Of({Timed(Role::kRep, WordsOf(100), 0, 60)}).words_per_minute, Optional(100));
  EXPECT_THAT(Of({Timed(Role::kRep, WordsOf(101), 0, 30)}).words_per_minute, Optional(202));
  EXPECT_EQ(Of({Says(Role::kRep, WordsOf(200))}).words_per_minute, std::nullopt);
  // The guest's times do not matter to it.
  EXPECT_THAT(Of({Timed(Role::kRep, WordsOf(150), 0, 60), Says(Role::kGuest, "x")}).words_per_minute,
              Optional(150));
}

TEST(Delivery, FillersAreWordsAndPhrases) {
  // um, you know, kind of, and like between commas: 4 of 25 words.
  const Turn turn = Says(Role::kRep,
                         "Um we cut, like, the idle time. You know that kind of thing, so we like it right "
                         "and well there are no more so");
  EXPECT_THAT(Of({turn}).fillers_per_100_words, Optional(16));
  EXPECT_THAT(Of({Says(Role::kRep, "we cut idle time")}).fillers_per_100_words, Optional(0));
  EXPECT_THAT(Of({turn, Says(Role::kGuest, "um um um")}).fillers_per_100_words, Optional(16));
  EXPECT_THAT(Of({Says(Role::kRep, "\u00C4hm wir senken Leerzeit")}, "de").fillers_per_100_words,
              Optional(25));
  EXPECT_EQ(Of({Says(Role::kRep, "euh nous")}, "fr").fillers_per_100_words, std::nullopt);
  EXPECT_EQ(Of({Says(Role::kRep, "-")}).fillers_per_100_words, std::nullopt);
}

TEST(Delivery, AMonologueGoesOnOverShortPausesAndNods) {
  const auto longest = [](const std::vector<Turn>& turns) { return Of(turns).longest_monologue_seconds; };
  EXPECT_THAT(longest({Timed(Role::kRep, "a", 0, 10), Timed(Role::kRep, "b", 12, 20)}), Optional(20));
  EXPECT_THAT(longest({Timed(Role::kRep, "a", 0, 10), Timed(Role::kRep, "b", 12.1, 20)}), Optional(10));
  EXPECT_THAT(longest({Timed(Role::kRep, "a", 0, 10), Timed(Role::kGuest, "mhm yes", 10, 11),
                       Timed(Role::kRep, "b", 11, 20)}),
              Optional(20));
  EXPECT_THAT(longest({Timed(Role::kRep, "a", 0, 10), Timed(Role::kGuest, "mhm yes indeed", 10, 11),
                       Timed(Role::kRep, "b", 11, 20)}),
              Optional(10));
  EXPECT_THAT(longest({Timed(Role::kRep, "a", 0, 10), Timed(Role::kGuest, "mhm", 10, 13),
                       Timed(Role::kRep, "b", 13, 20)}),
              Optional(10));
  EXPECT_EQ(longest({Timed(Role::kRep, "a", 0, 10), Says(Role::kGuest, "b")}), std::nullopt);
}

TEST(Delivery, NotesAreBeyondTheBands) {
  // Exactly at the edges of 65 % and 110 words a minute.
  EXPECT_THAT(
      Of({Timed(Role::kRep, WordsOf(110), 0, 60), Timed(Role::kGuest, "x", 60, 60 + 60 * .35 / .65)}).notes,
      IsEmpty());
  EXPECT_THAT(Of({Timed(Role::kRep, WordsOf(109), 0, 60), Timed(Role::kGuest, "x", 60, 91)}).notes,
              ElementsAre("you have 66 % of the talk; leave the guest more than 35 %",
                          "you speak 109 words a minute; less than 110 is slow"));
  EXPECT_THAT(
      Of({Timed(Role::kRep, WordsOf(600) + "um", 0, 180), Timed(Role::kGuest, "x y z", 180, 400)}).notes,
      ElementsAre("you speak 200 words a minute; more than 170 is hard to follow",
                  "your longest monologue takes 180 s; ask something before 150 s"));
  Bands bands;
  bands.max_fillers_per_100_words = 1;
  EXPECT_THAT(Of({Says(Role::kRep, "um yes"), Says(Role::kGuest, "one two three")}, "en", bands).notes,
              ElementsAre("50.0 of 100 words are fillers; aim at 1 at most"));
}

}  // namespace
}  // namespace finalmile::coaching
