#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/rpc/errors.h"
#include "libs/testing/temporary_folder.h"
#include "services/finalmile/testing/verbs_fixture.h"

namespace finalmile::cli {
namespace {

using namespace coaching::v1;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The verbs of talk tracks on a fake service.
class TracksVerbsTest : public VerbsTest {
 protected:
  TracksVerbsTest() {
    track_.set_name("talkTracks/new-fleet-manager");
    track_.set_title("New fleet manager");
    track_.set_owner("max");
    track_.set_situation("new-fleet-manager");
    track_.set_state(TalkTrack::STATE_PUBLISHED);
    track_.set_version(2);
    track_.set_latest_version(2);
    connector_.channel.On<GetTalkTrackRequest, TalkTrack>(
        "TalkTrackService/GetTalkTrack",
        [&](const GetTalkTrackRequest& request) -> absl::StatusOr<TalkTrack> {
          if (request.name() != track_.name()) return rpc::NotFound(request.name(), "talk_track");
          return track_;
        });
    connector_.channel.On<ListExamplesRequest, ListExamplesResponse>(
        "TalkTrackService/ListExamples",
        [&](const ListExamplesRequest&) -> absl::StatusOr<ListExamplesResponse> {
          ListExamplesResponse response;
          Example& example = *response.add_examples();
          example.set_name("examples/e1");
          example.set_title("First call");
          example.set_provenance(Example::PROVENANCE_STAGED);
          example.set_turn_count(2);
          return response;
        });
    connector_.channel.On<AnalyzeTranscriptRequest, Analysis>(
        "PracticeService/AnalyzeTranscript",
        [&](const AnalyzeTranscriptRequest& request) -> absl::StatusOr<Analysis> {
          analysed_ = request;
          return analysis_;
        });
  }
  std::string File(const std::string& name, const std::string& content) {
    std::string path = folder_.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  const testing::TemporaryFolder folder_;
  TalkTrack track_;
  Analysis analysis_;
  AnalyzeTranscriptRequest analysed_;
};

TEST_F(TracksVerbsTest, ListNamesEachByItsTitle) {
  connector_.channel.On<ListTalkTracksRequest, ListTalkTracksResponse>(
      "TalkTrackService/ListTalkTracks",
      [&](const ListTalkTracksRequest& request) -> absl::StatusOr<ListTalkTracksResponse> {
        EXPECT_EQ(request.filter(), "owner = max");
        ListTalkTracksResponse response;
        *response.add_talk_tracks() = track_;
        return response;
      });
  EXPECT_EQ(
      Invoke({"tracks", "list", "--filter", "owner = max"}).out,
      "STATE      VERSION  SITUATION          TITLE              OWNER  NAME\n"
      "published        2  new-fleet-manager  New fleet manager  max    talkTracks/new-fleet-manager\n");
  EXPECT_THAT(Invoke({"tracks", "list", "--filter", "owner = max", "--json"}).out,
              HasSubstr("\"title\":\"New fleet manager\""));
}

TEST_F(TracksVerbsTest, ShowSaysWhatItLacksAndWhatChanged) {
  track_.set_sources_changed(true);
  SourceChange& change = *track_.add_source_changes();
  change.set_asset("assets/pitch");
  change.set_kind(SourceChange::KIND_RETIRED);
  track_.add_missing("situation: is required");
  KeyMessage& message = *track_.add_key_messages();
  message.set_id("idle-hours");
  message.set_text("Idle hours are the cost.");
  message.set_weight(3);
  message.set_required(true);
  message.add_cues("cut idle time");
  const std::string shown = Invoke({"tracks", "show", "new-fleet-manager"}).out;
  EXPECT_THAT(shown,
              AllOf(HasSubstr("New fleet manager  published, sources changed v2"),
                    HasSubstr("assets/pitch was retired"), HasSubstr("idle-hours, required (weight 3)"),
                    HasSubstr("cue  cut idle time"), HasSubstr("situation: is required"),
                    HasSubstr("First call (staged, 2 turns)  examples/e1")));
  EXPECT_FALSE(Invoke({"tracks", "show", "other"}).code.ok());
}

TEST_F(TracksVerbsTest, ImportMakesAndChangesTracks) {
  CreateTalkTrackRequest created;
  UpdateTalkTrackRequest updated;
  connector_.channel.On<CreateTalkTrackRequest, TalkTrack>(
      "TalkTrackService/CreateTalkTrack",
      [&](const CreateTalkTrackRequest& request) -> absl::StatusOr<TalkTrack> {
        created = request;
        TalkTrack track = request.talk_track();
        track.set_name("talkTracks/" + request.talk_track_id());
        track.set_version(1);
        track.add_missing("examples: at least one example in role is needed");
        return track;
      });
  connector_.channel.On<UpdateTalkTrackRequest, TalkTrack>(
      "TalkTrackService/UpdateTalkTrack",
      [&](const UpdateTalkTrackRequest& request) -> absl::StatusOr<TalkTrack> {
        updated = request;
        return track_;
      });
  const std::string fresh = File("Pricing.yaml", "title: Pricing\nowner: max\n");
  const std::string known =
      File("new-fleet-manager.md", "---\ntitle: New fleet manager\nowner: max\n---\n## Hook\nListen.\n");
  const std::string wrong = File("wrong.yaml", "headline: x\n");
  const Result result = Invoke({"tracks", "import", fresh, wrong, known});
  ASSERT_TRUE(result.code.ok()) << result.code.status();
  EXPECT_EQ(*result.code, ExitCode::kPartly);
  EXPECT_EQ(created.talk_track_id(), "pricing");
  EXPECT_EQ(created.talk_track().title(), "Pricing");
  EXPECT_NE(created.request_id(), "");
  EXPECT_EQ(updated.talk_track().name(), "talkTracks/new-fleet-manager");
  EXPECT_EQ(updated.talk_track().story().hook(), "Listen.\n");
  EXPECT_THAT(updated.update_mask().paths(), ElementsAre("*"));
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("created"), HasSubstr("unchanged"), HasSubstr("talkTracks/pricing")));
  EXPECT_THAT(result.err, HasSubstr(wrong + ":1"));
}

TEST_F(TracksVerbsTest, PublishSaysWhatEachCueLooksFor) {
  connector_.channel.On<PublishTalkTrackRequest, PublishTalkTrackResponse>(
      "TalkTrackService/PublishTalkTrack",
      [&](const PublishTalkTrackRequest& request) -> absl::StatusOr<PublishTalkTrackResponse> {
        EXPECT_TRUE(request.recertify());
        PublishTalkTrackResponse response;
        *response.mutable_talk_track() = track_;
        CueReading& cue = *response.add_cues();
        cue.set_message("idle-hours");
        cue.set_cue("cut idle time");
        for (const char* word : {"cut", "idl", "time"}) {
          cue.add_words(word);
          cue.add_stems(word);
        }
        cue.set_needed_words(3);
        return response;
      });
  EXPECT_THAT(Invoke({"tracks", "publish", "new-fleet-manager", "--recertify"}).out,
              HasSubstr("idle-hours  cut idle time  cut idl time  3 of 3"));
}

TEST_F(TracksVerbsTest, AnExampleIsReadFromATranscript) {
  AddExampleRequest sent;
  connector_.channel.On<AddExampleRequest, Example>(
      "TalkTrackService/AddExample", [&](const AddExampleRequest& request) -> absl::StatusOr<Example> {
        sent = request;
        Example example;
        example.set_name("examples/e1");
        example.set_talk_track(request.parent());
        example.set_title(request.example().title());
        example.set_turn_count(request.example().turns_size());
        return example;
      });
  const std::string call = File("call.txt", "Kim: How many trucks?\nAna: Forty.\n");
  const Result result = Invoke({"tracks", "example", "new-fleet-manager", call, "--rep", "kim", "--title",
                                "First call", "--consent", "contract 4711", "--until", "2030-01-01"});
  EXPECT_THAT(result.out, HasSubstr("First call with 2 turns"));
  EXPECT_EQ(sent.parent(), "talkTracks/new-fleet-manager");
  EXPECT_EQ(sent.example().provenance(), Example::PROVENANCE_CONSENTED);
  EXPECT_EQ(sent.example().expire_time().seconds(), 1'893'456'000);
  ASSERT_EQ(sent.example().turns_size(), 2);
  EXPECT_EQ(sent.example().turns(0).role(), Turn::ROLE_REP);
  EXPECT_EQ(sent.example().turns(1).role(), Turn::ROLE_GUEST);
  const Result unnamed = Invoke({"tracks", "example", "new-fleet-manager", call, "--title", "First call"});
  EXPECT_THAT(std::string(unnamed.code.status().message()), AllOf(HasSubstr("--rep"), HasSubstr("Kim, Ana")));
}

TEST_F(TracksVerbsTest, AnalyzeShowsTheWordsThatProveIt) {
  analysis_.set_coverage(.6);
  analysis_.set_score(7);
  analysis_.set_uncapped_score(7.4);
  MessageFinding& covered = *analysis_.add_messages();
  covered.set_message("idle-hours");
  covered.set_covered(true);
  covered.add_mentions()->set_turn(2);
  covered.mutable_mentions(0)->set_words("cut your idle time");
  MessageFinding& negated = *analysis_.add_messages();
  negated.set_message("number");
  negated.add_mentions()->set_words("promise 30 percent");
  negated.mutable_mentions(0)->set_negated_by("can't");
  MessageFinding& near = *analysis_.add_messages();
  near.set_message("next-step");
  near.mutable_nearest()->set_words("let's talk again");
  near.add_nearest_lacks("date");
  analysis_.mutable_delivery()->set_talk_share(.58);
  analysis_.mutable_delivery()->set_longest_monologue_seconds(112);
  analysis_.set_question_count(5);
  analysis_.set_open_question_count(3);
  const std::string call = File("call.txt", "Kim: We cut your idle time.\nAna: Good.\n");
  const std::string shown = Invoke({"analyze", call, "--rep", "Kim", "--track", "new-fleet-manager"}).out;
  EXPECT_EQ(analysed_.talk_track(), "talkTracks/new-fleet-manager");
  EXPECT_EQ(analysed_.turns_size(), 2);
  EXPECT_THAT(shown, AllOf(HasSubstr("coverage 1 of 3 messages, 0.60 by weight   score 7.0 (7.4, held at 7"),
                           HasSubstr("✓ idle-hours      turn 3  \"cut your idle time\""),
                           HasSubstr("negated by \"can't\""), HasSubstr("lacks date"),
                           HasSubstr("talk share 58 %, longest monologue 1:52, 5 questions, 3 open")));
  EXPECT_THAT(Invoke({"analyze", call, "--rep", "Kim", "--json"}).out, HasSubstr("\"score\":7"));
  EXPECT_TRUE(analysed_.has_inline_talk_track()) << "without a track delivery and questions are told";
}

TEST_F(TracksVerbsTest, AnalyzeTakesATrackFromAFileAndAWrittenMessage) {
  const std::string track = File("mine.yaml", "title: T\nkey_messages: [{ id: one, text: idle time }]\n");
  ASSERT_TRUE(
      Invoke({"analyze", "-", "--written", "--track", track, "--language", "de"}, "Dear Ana").code.ok());
  EXPECT_EQ(analysed_.written(), "Dear Ana");
  EXPECT_EQ(analysed_.language(), "de");
  EXPECT_EQ(analysed_.inline_talk_track().key_messages(0).id(), "one");
  const Result wrong = Invoke({"analyze", File("call.txt", "Kim: Hello.\nAna: Hello.\n"), "--rep", "Ben"});
  EXPECT_THAT(std::string(wrong.code.status().message()),
              AllOf(HasSubstr("--rep Ben"), HasSubstr("Kim, Ana")));
  EXPECT_THAT(std::string(Invoke({"analyze", folder_.path() + "/none.vtt"}).code.status().message()),
              AllOf(HasSubstr("none.vtt"), Not(HasSubstr("--rep"))));
}

}  // namespace
}  // namespace finalmile::cli
