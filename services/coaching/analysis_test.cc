#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/coaching/coaching_fixture.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kName[] = "talkTracks/new-fleet-manager";
// Only a transcript says this.
constexpr char kMarker[] = "Zebrafinkenweg";

class AnalysisTest : public CoachingTest {
 protected:
  static v1::AnalyzeTranscriptRequest Conversation() {
    v1::AnalyzeTranscriptRequest request;
    request.set_talk_track(kName);
    const auto add = [&](v1::Turn::Role role, const std::string& text) {
      v1::Turn& turn = *request.add_turns();
      turn.set_speaker(role == v1::Turn::ROLE_REP ? "Kim" : kMarker);
      turn.set_role(role);
      turn.set_text(text);
    };
    add(v1::Turn::ROLE_GUEST, std::string("I live in ") + kMarker + ". We cut idle time by 30 percent.");
    add(v1::Turn::ROLE_REP,
        std::string("In ") + kMarker + " we typically cut the idle time of a truck by thirty percent.");
    add(v1::Turn::ROLE_REP, "What does an hour cost you? To be honest, a lot.");
    return request;
  }
  absl::StatusOr<v1::Analysis> Analyse(const v1::AnalyzeTranscriptRequest& request,
                                       const std::string& caller = "kim") {
    return Call<v1::Analysis>(As(caller), "AnalyzeTranscript", request);
  }
};

TEST_P(AnalysisTest, AConversationIsComparedWithTheTrack) {
  Published(Whole());
  const auto analysis = Analyse(Conversation());
  ASSERT_TRUE(analysis.ok()) << analysis.status();
  ASSERT_EQ(analysis->messages_size(), 2);
  const v1::MessageFinding& idle = analysis->messages(0);
  EXPECT_EQ(idle.message(), "idle-hours");
  EXPECT_TRUE(idle.covered());
  ASSERT_EQ(idle.mentions_size(), 1) << "the guest's words do not count";
  const v1::Finding& mention = idle.mentions(0);
  EXPECT_EQ(mention.turn(), 1);
  EXPECT_EQ(mention.words(), "cut the idle time of a truck by thirty percent");
  const std::string text = Conversation().turns(1).text();
  EXPECT_EQ(text.substr(static_cast<size_t>(mention.range().begin()),
                        static_cast<size_t>(mention.range().end() - mention.range().begin())),
            mention.words());
  EXPECT_EQ(mention.cue(), "cut idle time by 30 percent");
  EXPECT_FALSE(analysis->messages(1).covered());
  EXPECT_EQ(analysis->avoided_phrases(), 1);
  EXPECT_EQ(analysis->open_question_count(), 1);
  // Three of four parts of the weight, and one phrase to avoid.
  EXPECT_DOUBLE_EQ(analysis->coverage(), .75);
  EXPECT_DOUBLE_EQ(analysis->score(), 1 + 9 * (.75 - .1));
  EXPECT_TRUE(analysis->has_delivery());
  EXPECT_EQ(Analyse(Conversation())->SerializeAsString(), analysis->SerializeAsString());
}

TEST_P(AnalysisTest, NothingOfATranscriptIsKept) {
  Published(Whole());
  ASSERT_TRUE(Analyse(Conversation()).ok());
  v1::AnalyzeTranscriptRequest written;
  written.set_talk_track(kName);
  written.set_written(std::string("Dear ") + kMarker + ", we cut idle time by 30 percent.");
  ASSERT_TRUE(Analyse(written).ok());
  // A refused one is not kept or repeated either.
  for (const char* field : {"turns[0].start", "turns[1].end", "turns"}) {
    v1::AnalyzeTranscriptRequest wrong = Conversation();
    if (std::string(field) == "turns[0].start") wrong.mutable_turns(0)->set_start(-1);
    if (std::string(field) == "turns[1].end") {
      wrong.mutable_turns(1)->set_start(2);
      wrong.mutable_turns(1)->set_end(1);
    }
    if (std::string(field) == "turns") {
      for (v1::Turn& turn : *wrong.mutable_turns()) turn.set_role(v1::Turn::ROLE_GUEST);
    }
    const absl::Status status = Analyse(wrong).status();
    EXPECT_THAT(FieldsOf(status), ElementsAre(field));
    EXPECT_THAT(status.ToString(), Not(HasSubstr(kMarker)));
  }
  v1::AnalyzeTranscriptRequest unknown = Conversation();
  unknown.set_talk_track("talkTracks/none");
  EXPECT_EQ(ReasonOf(Analyse(unknown).status()), "TALK_TRACK_NOT_FOUND");
  harness_->Settle();
  EXPECT_THAT(WhatHolds(kMarker), IsEmpty());
  Restart();
  EXPECT_THAT(WhatHolds(kMarker), IsEmpty());
  EXPECT_THAT(WhatHolds("fleet"), Not(IsEmpty())) << "the search finds what is there";
}

TEST_P(AnalysisTest, AWrittenMessageHasNoDelivery) {
  Published(Whole());
  v1::AnalyzeTranscriptRequest request;
  request.set_talk_track(kName);
  request.set_written("We cut idle time by about 30%.");
  const auto analysis = Analyse(request);
  ASSERT_TRUE(analysis.ok()) << analysis.status();
  EXPECT_TRUE(analysis->messages(0).covered());
  EXPECT_FALSE(analysis->has_delivery());
}

TEST_P(AnalysisTest, ATrackNeedNotBeStored) {
  v1::AnalyzeTranscriptRequest request = Conversation();
  request.clear_talk_track();
  *request.mutable_inline_talk_track() = Whole();
  const auto analysis = Analyse(request);
  ASSERT_TRUE(analysis.ok()) << analysis.status();
  EXPECT_DOUBLE_EQ(analysis->coverage(), .75);
  request.mutable_inline_talk_track()->mutable_key_messages(0)->set_cues(0, "I will");
  EXPECT_THAT(FieldsOf(Analyse(request).status()), ElementsAre("inline_talk_track.key_messages[0].cues[0]"));
  request.mutable_inline_talk_track()->Clear();
  const auto without = Analyse(request);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_FALSE(without->has_score()) << "there is nothing to cover";
  EXPECT_TRUE(without->has_delivery());
}

TEST_P(AnalysisTest, ARepIsComparedWithWhatIsPublished) {
  ASSERT_TRUE(Create(Whole()).ok());
  EXPECT_EQ(ReasonOf(Analyse(Conversation()).status()), "TALK_TRACK_NOT_FOUND");
  EXPECT_TRUE(Analyse(Conversation(), "cora").ok());
  ASSERT_TRUE(Add(kName, Staged()).ok());
  ASSERT_TRUE(Publish(kName).ok());
  v1::TalkTrack change = Whole();
  change.set_name(kName);
  change.mutable_key_messages()->RemoveLast();
  ASSERT_TRUE(Update(change, {"key_messages"}).ok());
  EXPECT_EQ(Analyse(Conversation())->messages_size(), 2);
  v1::AnalyzeTranscriptRequest draft = Conversation();
  draft.set_version(2);
  EXPECT_EQ(ReasonOf(Analyse(draft).status()), "VERSION_NOT_FOUND");
  EXPECT_EQ(Analyse(draft, "cora")->messages_size(), 1);
}

TEST_P(AnalysisTest, OneTrackAndOneTextAreGiven) {
  EXPECT_THAT(FieldsOf(Analyse({}).status()), ElementsAre("talk_track", "turns"));
  v1::AnalyzeTranscriptRequest request = Conversation();
  *request.mutable_inline_talk_track() = Whole();
  request.set_written("x");
  request.set_language("english language");
  request.set_version(-1);
  EXPECT_THAT(FieldsOf(Analyse(request).status()), ElementsAre("talk_track", "turns", "language", "version"));
}

FINALMILE_ON_BOTH_ENGINES(AnalysisTest);

}  // namespace
}  // namespace finalmile::coaching
