#include "services/coaching/domain/analysis/track.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "services/coaching/domain/analysis/cue.h"
#include "services/coaching/domain/analysis/test_analysis.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::string> Fields(const std::vector<Violation>& violations) {
  std::vector<std::string> fields;
  for (const Violation& violation : violations) fields.push_back(violation.field);
  return fields;
}

TEST(Track, ACueOfFunctionWordsIsRefused) {
  const AnalysisTrack track =
      TrackOf({"cut idle time", "I will do it", "not", "\"I will do it\"", "", "\"\""});
  EXPECT_THAT(Fields(Validate(track)), ElementsAre("key_messages[0].cues[1]", "key_messages[0].cues[2]",
                                                   "key_messages[0].cues[4]", "key_messages[0].cues[5]"));
}

TEST(Track, TheTextIsTheCueWhereThereIsNone) {
  AnalysisTrack track = TrackOf({});
  EXPECT_THAT(Validate(track), IsEmpty());
  track.key_messages[0].text = "we do it";
  EXPECT_THAT(Fields(Validate(track)), ElementsAre("key_messages[0].text"));
}

TEST(Track, LimitsOfCues) {
  const auto words = [](size_t count) {
    std::string cue;
    for (size_t i = 0; i < count; ++i) cue += "cut ";
    return cue;
  };
  EXPECT_THAT(Validate(TrackOf({words(kMaxCueWords - 1)})), IsEmpty());
  EXPECT_THAT(Validate(TrackOf({words(kMaxCueWords)})), IsEmpty());
  EXPECT_THAT(Fields(Validate(TrackOf({words(kMaxCueWords + 1)}))), ElementsAre("key_messages[0].cues[0]"));

  // Characters, not bytes.
  const auto characters = [](size_t count) {
    std::string cue;
    for (size_t i = 0; i < count; ++i) cue += "\u00E9";
    return cue;
  };
  EXPECT_THAT(Validate(TrackOf({characters(kMaxCueCharacters)})), IsEmpty());
  EXPECT_THAT(Fields(Validate(TrackOf({characters(kMaxCueCharacters + 1)}))),
              ElementsAre("key_messages[0].cues[0]"));

  EXPECT_THAT(Validate(TrackOf(std::vector<std::string>(kMaxCues, "cut"))), IsEmpty());
  EXPECT_THAT(Fields(Validate(TrackOf(std::vector<std::string>(kMaxCues + 1, "cut")))),
              ElementsAre("key_messages[0].cues"));

  AnalysisTrack track = TrackOf({});
  track.key_messages[0].text = characters(kMaxMessageCharacters);
  EXPECT_THAT(Validate(track), IsEmpty());
  track.key_messages[0].text += "x";
  EXPECT_THAT(Fields(Validate(track)), ElementsAre("key_messages[0].text"));
}

TEST(Track, LimitsOfMessagesAndPhrases) {
  AnalysisTrack track;
  for (size_t i = 0; i < kMaxKeyMessages; ++i) {
    track.key_messages.push_back(TrackOf({"cut"}).key_messages[0]);
    track.key_messages.back().id = std::to_string(i);
  }
  track.avoid.assign(kMaxAvoid, "you should");
  EXPECT_THAT(Validate(track), IsEmpty());
  track.key_messages.push_back(track.key_messages[0]);
  track.avoid.emplace_back("cheap");
  EXPECT_THAT(Fields(Validate(track)), ElementsAre("key_messages", "avoid"));
  track.key_messages.resize(2);
  track.key_messages[1].id = "0";
  track.avoid = {"...", std::string(kMaxCueCharacters + 1, 'x'), "x"};
  EXPECT_THAT(Fields(Validate(track)), ElementsAre("key_messages[1].id", "avoid[0]", "avoid[1]"));
}

TEST(Track, WeightsAndBandsAreNumbersAboveZero) {
  for (const double weight : {0.0, -1.0, kNan, kInfinity, kMaxWeight + 1}) {
    AnalysisTrack track = TrackOf({"cut"});
    track.key_messages[0].weight = weight;
    EXPECT_THAT(Fields(Validate(track)), ElementsAre("key_messages[0].weight")) << weight;
  }
  AnalysisTrack track = TrackOf({"cut"});
  track.key_messages[0].weight = kMaxWeight;
  track.key_messages[0].id = "";
  track.key_messages[0].order = -1;
  track.bands = {kNan, 0, -1, kInfinity, 0};
  EXPECT_THAT(Fields(Validate(track)),
              ElementsAre("key_messages[0].id", "key_messages[0].order", "bands.max_talk_share",
                          "bands.min_words_per_minute", "bands.max_words_per_minute",
                          "bands.max_fillers_per_100_words", "bands.max_monologue_seconds"));
}

TEST(Track, TheLanguageIsATag) {
  AnalysisTrack track;
  track.language.assign(kMaxLanguageCharacters, 'x');
  EXPECT_THAT(Validate(track), IsEmpty());
  track.language += 'x';
  EXPECT_THAT(Fields(Validate(track)), ElementsAre("language"));
}

TEST(Track, TurnsAreLimited) {
  std::vector<Turn> turns(kMaxTurns, Says(Role::kRep, "a"));
  EXPECT_THAT(Validate(turns), IsEmpty());
  turns.emplace_back();
  EXPECT_THAT(Fields(Validate(turns)), ElementsAre("turns"));
  turns = {Says(Role::kRep, std::string(kMaxTranscriptBytes - 1, 'a'))};
  EXPECT_THAT(Validate(turns), IsEmpty());
  turns[0].text += 'a';
  EXPECT_THAT(Validate(turns), IsEmpty());
  turns[0].text += 'a';
  EXPECT_THAT(Fields(Validate(turns)), ElementsAre("turns"));
  EXPECT_THAT(Fields(Validate(std::vector<Turn>())), ElementsAre("turns"));
  EXPECT_THAT(Fields(Validate(std::vector<Turn>{Says(Role::kGuest, "a")})), ElementsAre("turns"));
}

TEST(Track, NamesOfSpeakersAreLimited) {
  // Characters of two bytes.
  const auto named = [](size_t characters) {
    std::vector<Turn> turns = {Says(Role::kRep, "a")};
    for (size_t i = 0; i < characters; ++i) turns[0].speaker += "\u00e9";
    return Fields(Validate(turns));
  };
  EXPECT_THAT(named(kMaxSpeakerCharacters - 1), IsEmpty());
  EXPECT_THAT(named(kMaxSpeakerCharacters), IsEmpty());
  EXPECT_THAT(named(kMaxSpeakerCharacters + 1), ElementsAre("turns[0].speaker"));
}

TEST(Track, TimesOfTurnsRun) {
  std::vector<Turn> turns(4, Says(Role::kRep, "a"));
  turns[0].start = kNan;
  turns[1].end = -1;
  turns[2].start = turns[2].end = 3;
  turns[3].start = 3;
  turns[3].end = 2.9;
  EXPECT_THAT(Fields(Validate(turns)), ElementsAre("turns[0].start", "turns[1].end", "turns[3].end"));
  // However many are wrong.
  EXPECT_LE(Validate(std::vector<Turn>(kMaxTurns, turns[3])).size(), 101u);
}

TEST(Track, WrittenMessagesAreLimited) {
  EXPECT_THAT(ValidateWritten("Dear Ana"), IsEmpty());
  EXPECT_THAT(Fields(ValidateWritten(" \n")), ElementsAre("written"));
  EXPECT_THAT(ValidateWritten(std::string(kMaxTranscriptBytes, 'a')), IsEmpty());
  EXPECT_THAT(Fields(ValidateWritten(std::string(kMaxTranscriptBytes + 1, 'a'))), ElementsAre("written"));
}

TEST(Cue, ShowsItsWordsAndStems) {
  const CueReading cue = ReadCue("We cut the customers' idle time by thirty %", "en");
  EXPECT_FALSE(cue.exact);
  EXPECT_THAT(cue.words, ElementsAre("cut", "customers", "idle", "time", "30", "percent"));
  EXPECT_THAT(cue.stems, ElementsAre("cut", "custom", "idl", "time", "30", "percent"));
  EXPECT_EQ(cue.needed, 5u);
  EXPECT_TRUE(IsPublishable(cue));

  const CueReading exact = ReadCue("\u201CI will donate\u201D", "en");
  EXPECT_TRUE(exact.exact);
  EXPECT_THAT(exact.words, ElementsAre("i", "will", "donate"));
  EXPECT_EQ(exact.needed, 3u);
  EXPECT_TRUE(IsPublishable(exact));

  EXPECT_FALSE(IsPublishable(ReadCue("I will donate", "en")));
  EXPECT_TRUE(IsPublishable(ReadCue("donate today", "en")));
  EXPECT_FALSE(IsPublishable(ReadCue("\"\"", "en")));
  EXPECT_THAT(ReadCue("organization important business", "en").stems, ElementsAre("organ", "import", "busi"));
}

}  // namespace
}  // namespace finalmile::coaching
