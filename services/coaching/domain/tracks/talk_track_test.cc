#include "services/coaching/domain/tracks/talk_track.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "services/coaching/domain/tracks/test_tracks.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> FieldsOf(const std::vector<Violation>& violations) {
  std::vector<std::string> fields;
  for (const Violation& violation : violations) fields.push_back(violation.field);
  return fields;
}

// The fields that are wrong once `change` is made to a whole track.
std::vector<std::string> Wrong(const std::function<void(TalkTrack&)>& change) {
  TalkTrack track = WholeTrack();
  change(track);
  Normalise(track);
  return FieldsOf(Validate(track));
}
std::vector<std::string> Lacks(const std::function<void(TalkTrack&)>& change) {
  TalkTrack track = WholeTrack();
  change(track);
  Normalise(track);
  EXPECT_THAT(Validate(track), IsEmpty());
  return FieldsOf(Missing(track));
}

TEST(TalkTrack, AWholeTrackLacksNothing) {
  EXPECT_THAT(Validate(WholeTrack()), IsEmpty());
  EXPECT_THAT(Missing(WholeTrack()), IsEmpty());
}

TEST(TalkTrack, ADraftNeedsTitleAndOwnerOnly) {
  TalkTrack track;
  Normalise(track);
  EXPECT_THAT(FieldsOf(Validate(track)), ElementsAre("owner", "title"));
}

TEST(TalkTrack, AllThatIsMissingIsListed) {
  TalkTrack track;
  track.owner = "mia";
  track.title = "Empty";
  Normalise(track);
  ASSERT_THAT(Validate(track), IsEmpty());
  EXPECT_THAT(
      FieldsOf(Missing(track)),
      ElementsAre("situation", "story.hook", "story.before", "story.after", "story.number", "story.question",
                  "story.telling_short", "story.telling_medium", "story.telling_long", "key_messages"));
}

TEST(TalkTrack, TellingsHaveTheirWords) {
  struct Case {
    std::string Story::*text;
    const char* field;
    size_t least;
    size_t most;
  };
  for (const Case& one : {Case{&Story::telling_short, "story.telling_short", 20, 45},
                          Case{&Story::telling_medium, "story.telling_medium", 100, 180},
                          Case{&Story::telling_long, "story.telling_long", 300, 520}}) {
    const auto with = [&](size_t words) {
      return Lacks([&](TalkTrack& track) { track.story.*one.text = Words(words); });
    };
    EXPECT_THAT(with(one.least - 1), ElementsAre(one.field));
    EXPECT_THAT(with(one.least), IsEmpty());
    EXPECT_THAT(with(one.most), IsEmpty());
    EXPECT_THAT(with(one.most + 1), ElementsAre(one.field));
  }
}

TEST(TalkTrack, TheNumberHasADigit) {
  EXPECT_THAT(Lacks([](TalkTrack& track) { track.story.number = "a third less"; }),
              ElementsAre("story.number"));
  EXPECT_THAT(Lacks([](TalkTrack& track) { track.story.number = "⅓, so 33 %"; }), IsEmpty());
}

TEST(TalkTrack, OneMessageIsRequired) {
  EXPECT_THAT(Lacks([](TalkTrack& track) { track.spoken.key_messages[0].required = false; }),
              ElementsAre("key_messages"));
}

TEST(TalkTrack, CuesHaveTwoWordsThatSaySomethingOrQuotes) {
  const auto with = [](const char* cue) {
    return Lacks([&](TalkTrack& track) { track.spoken.key_messages[0].cues.emplace_back(cue); });
  };
  EXPECT_THAT(with("donate"), ElementsAre("key_messages[0].cues[1]"));
  EXPECT_THAT(with("I will donate"), ElementsAre("key_messages[0].cues[1]"));
  EXPECT_THAT(with("\"I will donate\""), IsEmpty());
  EXPECT_THAT(with("donate money"), IsEmpty());
  EXPECT_THAT(Wrong([](TalkTrack& track) { track.spoken.key_messages[0].cues = {"I will"}; }),
              ElementsAre("key_messages[0].cues[0]"))
      << "function words alone are in every call";
  EXPECT_THAT(Lacks([](TalkTrack& track) {
                track.spoken.key_messages[0].cues.clear();
                track.spoken.key_messages[0].text = "Donate";
              }),
              ElementsAre("key_messages[0].text"));
}

TEST(TalkTrack, WeightsOfARubricAddUpToOne) {
  const auto with = [](double added) {
    return Wrong([&](TalkTrack& track) { track.rubric.criteria[0].weight += added; });
  };
  EXPECT_THAT(with(1e-10), IsEmpty());
  EXPECT_THAT(with(-1e-10), IsEmpty());
  EXPECT_THAT(with(1e-8), ElementsAre("rubric.criteria"));
  EXPECT_THAT(with(-1e-8), ElementsAre("rubric.criteria"));
}

TEST(TalkTrack, LimitsOfTexts) {
  struct Case {
    const char* field;
    size_t most;
    std::function<void(TalkTrack&, std::string)> set;
  };
  const Case cases[] = {
      {"owner", 64, [](TalkTrack& track, std::string text) { track.owner = text; }},
      {"title", 200, [](TalkTrack& track, std::string text) { track.title = text; }},
      {"situation", 64, [](TalkTrack& track, std::string text) { track.situation = text; }},
      {"audience", 200, [](TalkTrack& track, std::string text) { track.audience = text; }},
      {"story.hook", 2'000, [](TalkTrack& track, std::string text) { track.story.hook = text; }},
      {"story.telling_long", 10'000,
       [](TalkTrack& track, std::string text) { track.story.telling_long = text; }},
      {"key_messages[0].id", 64,
       [](TalkTrack& track, std::string text) { track.spoken.key_messages[0].id = text; }},
      {"key_messages[0].text", 500,
       [](TalkTrack& track, std::string text) { track.spoken.key_messages[0].text = text; }},
      {"key_messages[0].cues[0]", 200,
       [](TalkTrack& track, std::string text) { track.spoken.key_messages[0].cues = {text}; }},
      {"avoid[0]", 200, [](TalkTrack& track, std::string text) { track.spoken.avoid = {text}; }},
      {"rubric.name", 64, [](TalkTrack& track, std::string text) { track.rubric.name = text; }},
      {"rubric.criteria[0].text", 500,
       [](TalkTrack& track, std::string text) { track.rubric.criteria[0].text = text; }},
      {"rubric.criteria[0].levels[3]", 500,
       [](TalkTrack& track, std::string text) { track.rubric.criteria[0].levels[3] = text; }},
  };
  for (const Case& one : cases) {
    const auto with = [&](size_t characters) {
      return Wrong([&](TalkTrack& track) { one.set(track, std::string(characters, 'x')); });
    };
    EXPECT_THAT(with(one.most - 1), IsEmpty()) << one.field;
    EXPECT_THAT(with(one.most), IsEmpty()) << one.field;
    EXPECT_THAT(with(one.most + 1), ElementsAre(one.field));
  }
}

TEST(TalkTrack, LimitsOfLists) {
  struct Case {
    const char* field;
    size_t most;
    std::function<void(TalkTrack&, size_t)> set;
  };
  const Case cases[] = {
      {"source_assets", 20,
       [](TalkTrack& track, size_t count) {
         track.source_assets.clear();
         for (size_t i = 0; i < count; ++i) track.source_assets.push_back(fmt::format("assets/a{}", i));
       }},
      {"key_messages", 20,
       [](TalkTrack& track, size_t count) {
         track.spoken.key_messages.assign(count, track.spoken.key_messages[0]);
         for (size_t i = 0; i < count; ++i) track.spoken.key_messages[i].id = fmt::format("m{}", i);
       }},
      {"key_messages[0].cues", 20,
       [](TalkTrack& track, size_t count) {
         track.spoken.key_messages[0].cues.clear();
         for (size_t i = 0; i < count; ++i)
           track.spoken.key_messages[0].cues.push_back(fmt::format("idle time {}", i));
       }},
      {"avoid", 50,
       [](TalkTrack& track, size_t count) {
         for (size_t i = 0; i < count; ++i) track.spoken.avoid.push_back(fmt::format("the cheapest {}", i));
       }},
      {"rubric.criteria", 20,
       [](TalkTrack& track, size_t count) {
         track.rubric.criteria.assign(count, track.rubric.criteria[0]);
         for (size_t i = 0; i < count; ++i) {
           track.rubric.criteria[i].id = fmt::format("c{}", i);
           track.rubric.criteria[i].weight = 1. / static_cast<double>(count);
         }
       }},
  };
  for (const Case& one : cases) {
    const auto with = [&](size_t count) { return Wrong([&](TalkTrack& track) { one.set(track, count); }); };
    EXPECT_THAT(with(one.most - 1), IsEmpty()) << one.field;
    EXPECT_THAT(with(one.most), IsEmpty()) << one.field;
    EXPECT_THAT(with(one.most + 1), ElementsAre(one.field));
  }
}

TEST(TalkTrack, FaultsNameTheirField) {
  EXPECT_THAT(Wrong([](TalkTrack& track) { track.owner = "mia@example.com"; }), ElementsAre("owner"));
  EXPECT_THAT(Wrong([](TalkTrack& track) { track.spoken.language = "english language"; }),
              ElementsAre("language"));
  EXPECT_THAT(Wrong([](TalkTrack& track) { track.situation = "New"; }), ElementsAre("situation"));
  EXPECT_THAT(Wrong([](TalkTrack& track) { track.source_assets = {"assets/A"}; }),
              ElementsAre("source_assets[0]"));
  EXPECT_THAT(Wrong([](TalkTrack& track) { track.spoken.key_messages[0].order = 1'001; }),
              ElementsAre("key_messages[0].order"));
  EXPECT_THAT(
      Wrong([](TalkTrack& track) { track.spoken.key_messages.push_back(track.spoken.key_messages[0]); }),
      ElementsAre("key_messages[1].id"));
  EXPECT_THAT(Wrong([](TalkTrack& track) { track.rubric.criteria[1].id = track.rubric.criteria[0].id; }),
              ElementsAre("rubric.criteria[1].id"));
  EXPECT_THAT(Wrong([](TalkTrack& track) { track.rubric.criteria[0].levels[3] = " "; }),
              ElementsAre("rubric.criteria[0].levels[3]"));
  EXPECT_THAT(Wrong([](TalkTrack& track) { track.spoken.bands.min_words_per_minute = 171; }),
              ElementsAre("bands.min_words_per_minute"));
  EXPECT_THAT(Wrong([](TalkTrack& track) {
                track.rubric.criteria[0].weight = 0;
                track.rubric.criteria[1].weight = .35;
              }),
              ElementsAre("rubric.criteria[0].weight"));
}

TEST(TalkTrack, ACertificateIsValidForWholeDays) {
  const auto with = [](absl::Duration validity) {
    return Wrong([&](TalkTrack& track) { track.certificate_validity = validity; });
  };
  EXPECT_THAT(with(absl::InfiniteDuration()), IsEmpty());
  EXPECT_THAT(with(absl::Hours(24)), IsEmpty());
  EXPECT_THAT(with(absl::Hours(24 * 3'650)), IsEmpty());
  for (const absl::Duration wrong : {absl::ZeroDuration(), absl::Hours(25), absl::Hours(24 * 3'651)})
    EXPECT_THAT(with(wrong), ElementsAre("certificate_validity")) << wrong;
}

TEST(TalkTrack, ItIsStoredInOneForm) {
  TalkTrack track = WholeTrack();
  track.title = "  New fleet manager ";
  track.source_assets = {"assets/b", " assets/a", "assets/b", ""};
  track.spoken.key_messages[0].cues = {"cut idle time", " cut idle time ", " "};
  track.spoken.key_messages[0].weight = 0;
  track.rubric = {};
  Normalise(track);
  EXPECT_EQ(track.title, "New fleet manager");
  EXPECT_THAT(track.source_assets, ElementsAre("assets/a", "assets/b"));
  EXPECT_THAT(track.spoken.key_messages[0].cues, ElementsAre("cut idle time"));
  EXPECT_EQ(track.spoken.key_messages[0].weight, 1);
  EXPECT_EQ(track.rubric, FirstConversation());
  TalkTrack again = track;
  Normalise(again);
  EXPECT_EQ(again, track);
}

}  // namespace
}  // namespace finalmile::coaching
