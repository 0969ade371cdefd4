#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/testing/verbs_fixture.h"

namespace finalmile::cli {
namespace {

using namespace coaching::v1;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The verbs of practice on a fake service.
class PracticeVerbsTest : public VerbsTest {
 protected:
  PracticeVerbsTest() {
    practice_.set_name("practices/p1");
    practice_.set_rep("reps/kim");
    practice_.set_talk_track("talkTracks/fleet");
    practice_.set_version(2);
    practice_.set_state(Practice::STATE_SUBMITTED);
    practice_.set_practice_day("2026-12-01");
    practice_.set_score(7);
    mastery_.set_rep("reps/kim");
    mastery_.set_talk_track("talkTracks/fleet");
    mastery_.set_state(Mastery::STATE_NONE);
    mastery_.set_score_needed(7.5);
    mastery_.set_days_needed(3);
    On<SubmitPracticeRequest, SubmitPracticeResponse>("SubmitPractice", submitted_, [&] {
      SubmitPracticeResponse response;
      *response.mutable_practice() = practice_;
      *response.mutable_mastery() = mastery_;
      return response;
    });
    On<GetPracticeRequest, Practice>("GetPractice", got_, [&] {
      Practice whole = practice_;
      whole.mutable_analysis()->set_score(7);
      MessageFinding& message = *whole.mutable_analysis()->add_messages();
      message.set_message("idle-hours");
      message.set_covered(true);
      message.add_mentions()->set_words("cut your idle time");
      Turn& turn = *whole.add_turns();
      turn.set_speaker("Kim");
      turn.set_text("We cut your idle time.");
      Review& review = *whole.add_reviews();
      review.set_reviewer("cora");
      review.set_score(4);
      review.add_levels()->set_criterion("opening");
      review.mutable_levels(0)->set_level(1);
      review.add_comments()->set_text("say it as a range");
      return whole;
    });
    On<ListReviewQueueRequest, ListReviewQueueResponse>("ListReviewQueue", queue_, [&] {
      ListReviewQueueResponse response;
      *response.add_practices()->mutable_practice() = practice_;
      *response.mutable_practices(0)->mutable_next_meeting_time() = rpc::ToTimestamp(later_);
      response.add_practices()->mutable_practice()->set_name("practices/p2");
      response.mutable_practices()->DeleteSubrange(std::min(2, queue_.page_size()),
                                                   std::max(0, 2 - queue_.page_size()));
      return response;
    });
    On<SubmitReviewRequest, SubmitReviewResponse>("SubmitReview", reviewed_, [&] {
      SubmitReviewResponse response;
      *response.mutable_practice() = practice_;
      response.mutable_practice()->set_score(7.75);
      response.set_score_before(7);
      *response.mutable_mastery() = mastery_;
      response.set_agreement(.8125);
      response.set_agreement_units(24);
      return response;
    });
  }

  // Keeps the request of each call in `last`.
  template <class Request, class Response>
  void On(const std::string& method, Request& last, std::function<Response()> answer) {
    connector_.channel.On<Request, Response>(
        "PracticeService/" + method,
        [&last, answer = std::move(answer)](const Request& request) -> absl::StatusOr<Response> {
          last = request;
          return answer();
        });
  }
  std::string MistakeOf(const std::vector<std::string>& arguments) {
    return std::string(Invoke(arguments).code.status().message());
  }

  const absl::Time later_ = clock_->Now() + absl::Hours(49);
  Practice practice_;
  Mastery mastery_;
  SubmitPracticeRequest submitted_;
  GetPracticeRequest got_;
  ListReviewQueueRequest queue_;
  SubmitReviewRequest reviewed_;
};

TEST_F(PracticeVerbsTest, PractiseShowsTheWordsAndWhatItDid) {
  const std::string call = "Kim: We cut your idle time.\nAna: Good.\n";
  const std::vector<std::string> line = {"practise", "fleet", "--file", "-", "--rep", "Kim"};
  const Result result = Invoke(line, call);
  EXPECT_TRUE(result.code.ok()) << result.code.status();
  EXPECT_EQ(submitted_.practice().talk_track(), "talkTracks/fleet");
  ASSERT_EQ(submitted_.practice().turns_size(), 2);
  EXPECT_EQ(submitted_.practice().turns(0).role(), Turn::ROLE_REP);
  EXPECT_FALSE(submitted_.practice().has_practice_time());
  EXPECT_NE(submitted_.request_id(), "");
  EXPECT_EQ(got_.name(), "practices/p1");
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("score 7.0"), HasSubstr("\"cut your idle time\""),
                    HasSubstr("2026-12-01 does not count yet, below 7.5: 0 of 3 days. Once more: finalmile "
                              "practise fleet")));
  mastery_.add_days("2026-12-01");
  EXPECT_THAT(Invoke(line, call).out,
              HasSubstr("2026-12-01 counts: 1 of 3 days, a coach's review is missing."));
  mastery_.set_state(Mastery::STATE_MASTERED);
  EXPECT_THAT(Invoke(line, call).out, HasSubstr("You master it"));
  EXPECT_THAT(Invoke({"practise", "fleet", "--file", "-", "--rep", "Kim", "--json"}, call).out,
              HasSubstr("\"practice_day\":\"2026-12-01\""));
}

TEST_F(PracticeVerbsTest, PractiseTakesAMessageAndATime) {
  ASSERT_TRUE(
      Invoke({"practise", "talkTracks/fleet", "--file", "-", "--written", "--at", "2026-11-01"}, "Dear Ana")
          .code.ok());
  EXPECT_EQ(submitted_.practice().written(), "Dear Ana");
  EXPECT_EQ(submitted_.practice().practice_time().seconds(), 1'793'491'200);
}

TEST_F(PracticeVerbsTest, PractiseSaysWhatIsMissing) {
  EXPECT_THAT(MistakeOf({"practise", "fleet"}),
              AllOf(HasSubstr("--file FILE is missing"), HasSubstr("finalmile tracks show fleet")));
  EXPECT_THAT(MistakeOf({"practise", "--file", "-"}), HasSubstr("TRACK is missing"));
  EXPECT_THAT(MistakeOf({"practise", "fleet", "--file", "-", "--at", "soon"}), HasSubstr("--at 'soon'"));
  EXPECT_EQ(submitted_.practice().talk_track(), "");
}

TEST_F(PracticeVerbsTest, PractiseAloneSaysWhatIsDueAndWhy) {
  ListDuePracticeRequest asked;
  On<ListDuePracticeRequest, ListDuePracticeResponse>("ListDuePractice", asked, [&] {
    ListDuePracticeResponse response;
    DuePractice& assigned = *response.add_due();
    assigned.set_talk_track("talkTracks/fleet");
    assigned.set_reason(DuePractice::REASON_ASSIGNED);
    assigned.mutable_assignment()->set_by("cora");
    *assigned.mutable_due_time() = rpc::ToTimestamp(clock_->Now() - absl::Hours(1));
    DuePractice& low = *response.add_due();
    low.set_talk_track("talkTracks/pricing");
    low.set_reason(DuePractice::REASON_LOW_SCORE);
    low.set_criterion("discovery");
    return response;
  });
  const Result result = Invoke({"practise"});
  EXPECT_EQ(asked.rep(), "");
  EXPECT_THAT(result.out, AllOf(HasSubstr("assigned by cora"), HasSubstr(", overdue"),
                                HasSubstr("low scores in meetings: discovery")));
  EXPECT_THAT(result.err, HasSubstr("finalmile practise fleet --file FILE"));
}

TEST_F(PracticeVerbsTest, ReviewListsTheQueueAndTakesAPlaceInIt) {
  const Result queue = Invoke({"review"});
  EXPECT_THAT(queue.out,
              AllOf(HasSubstr("kim"), HasSubstr("fleet"),
                    HasSubstr(absl::FormatTime("%a %e %b", later_, absl::UTCTimeZone()).substr(0, 3))));
  EXPECT_THAT(queue.err, HasSubstr("finalmile practices show 1"));
  const Result result = Invoke({"review", "2", "--level", "opening=3,discovery=0", "--level", "story=2",
                                "--comment", "7:say it: as a range"});
  ASSERT_TRUE(result.code.ok()) << result.code.status();
  EXPECT_EQ(reviewed_.name(), "practices/p2");
  ASSERT_EQ(reviewed_.review().levels_size(), 3);
  EXPECT_EQ(reviewed_.review().levels(1).criterion(), "discovery");
  EXPECT_TRUE(reviewed_.review().levels(1).has_level());
  EXPECT_EQ(reviewed_.review().levels(2).level(), 2);
  EXPECT_EQ(reviewed_.review().comments(0).turn(), 6);
  EXPECT_EQ(reviewed_.review().comments(0).text(), "say it: as a range");
  EXPECT_FALSE(reviewed_.self());
  EXPECT_THAT(result.out, AllOf(HasSubstr("kim's practice of fleet: 7.8 in place of 7.0. 0 of 3 days."),
                                HasSubstr("α 0.81 over 24 units")));
  EXPECT_THAT(Invoke({"review", "practices/p9", "--level", "opening=3", "--self"}).out,
              HasSubstr("it enters no score"));
  EXPECT_EQ(reviewed_.name(), "practices/p9");
  EXPECT_TRUE(reviewed_.self());
}

TEST_F(PracticeVerbsTest, ReviewSaysWhatIsWrong) {
  EXPECT_THAT(MistakeOf({"review", "1"}),
              AllOf(HasSubstr("--level is missing"), HasSubstr("finalmile practices show 1")));
  EXPECT_THAT(MistakeOf({"review", "--level", "opening=3"}), HasSubstr("PRACTICE is missing"));
  EXPECT_THAT(MistakeOf({"review", "1", "--level", "opening"}), HasSubstr("--level 'opening'"));
  EXPECT_THAT(MistakeOf({"review", "1", "--level", "opening=3", "--comment", "0:x"}),
              HasSubstr("--comment '0:x'"));
  EXPECT_THAT(MistakeOf({"review", "0", "--level", "opening=3"}), HasSubstr("counted from 1"));
  const Result beyond = Invoke({"review", "3", "--level", "opening=3"});
  EXPECT_TRUE(absl::IsNotFound(beyond.code.status()));
  EXPECT_THAT(std::string(beyond.code.status().message()), HasSubstr("2 wait for a review"));
  EXPECT_EQ(reviewed_.name(), "");
}

TEST_F(PracticeVerbsTest, ShowHasTurnsReviewsAndCriteria) {
  connector_.channel.On<GetTalkTrackRequest, TalkTrack>(
      "TalkTrackService/GetTalkTrack", [](const GetTalkTrackRequest& request) -> absl::StatusOr<TalkTrack> {
        EXPECT_EQ(request.name(), "talkTracks/fleet");
        EXPECT_EQ(request.version(), 2);
        TalkTrack track;
        track.mutable_rubric()->set_name("first-conversation-1");
        Criterion& criterion = *track.mutable_rubric()->add_criteria();
        criterion.set_id("opening");
        criterion.set_text("Purpose and time");
        criterion.set_weight(.1);
        criterion.add_levels("No purpose is named");
        return track;
      });
  EXPECT_THAT(
      Invoke({"practices", "show", "1"}).out,
      AllOf(HasSubstr("kim practised fleet v2"), HasSubstr("   1  Kim: We cut your idle time."),
            HasSubstr("4.0 by cora"), HasSubstr("opening=1"), HasSubstr("turn 1: say it as a range"),
            HasSubstr("opening (weight 0.1): Purpose and time"), HasSubstr("0  No purpose is named")));
  EXPECT_EQ(got_.name(), "practices/p1");
}

TEST_F(PracticeVerbsTest, PracticesAreListed) {
  ListPracticesRequest asked;
  On<ListPracticesRequest, ListPracticesResponse>("ListPractices", asked, [&] {
    ListPracticesResponse response;
    *response.add_practices() = practice_;
    return response;
  });
  EXPECT_THAT(Invoke({"practices", "list", "--filter", "rep = reps/kim"}).out,
              AllOf(HasSubstr("fleet"), HasSubstr("submitted"), HasSubstr("7.0"), HasSubstr("practices/p1")));
  EXPECT_EQ(asked.filter(), "rep = reps/kim");
}

TEST_F(PracticeVerbsTest, MasteryAndCertificatesSayHowOneStands) {
  GetMasteryRequest asked;
  On<GetMasteryRequest, GetMasteryResponse>("GetMastery", asked, [&] {
    GetMasteryResponse response;
    Mastery& mastered = *response.add_mastery();
    mastered = mastery_;
    mastered.set_state(Mastery::STATE_MASTERED);
    mastered.set_retrievability(.93);
    *mastered.mutable_next_rehearsal_time() = rpc::ToTimestamp(later_);
    Mastery& other = *response.add_mastery();
    other.set_talk_track("talkTracks/pricing");
    other.set_state(Mastery::STATE_LAPSED);
    other.set_days_needed(3);
    other.set_lapse_reason(LAPSE_REASON_FORGOTTEN);
    return response;
  });
  ListCertificatesRequest certificates;
  On<ListCertificatesRequest, ListCertificatesResponse>("ListCertificates", certificates, [&] {
    ListCertificatesResponse response;
    Certificate& certificate = *response.add_certificates();
    certificate.set_name("certificates/c1");
    certificate.set_talk_track("talkTracks/fleet");
    certificate.set_version(2);
    certificate.set_state(Certificate::STATE_VALID);
    certificate.mutable_issue_time()->set_seconds(1'793'491'200);
    certificate.mutable_valid_until()->set_seconds(1'809'043'200);
    return response;
  });
  EXPECT_THAT(Invoke({"mastery", "--rep", "kim"}).out,
              AllOf(HasSubstr("mastered"), HasSubstr("93 %"), HasSubstr("in 2 d"), HasSubstr("to 2027-04-30"),
                    HasSubstr("lapsed: forgotten; 0 of 3 days")));
  EXPECT_EQ(asked.rep(), "reps/kim");
  EXPECT_EQ(asked.talk_track(), "");
  EXPECT_EQ(certificates.rep(), "reps/kim");
  EXPECT_THAT(Invoke({"mastery", "fleet", "--json"}).out, HasSubstr("\"retrievability\":0.93"));
  EXPECT_EQ(asked.rep(), "");
  EXPECT_EQ(asked.talk_track(), "talkTracks/fleet");
  EXPECT_THAT(Invoke({"certificates"}).out, AllOf(HasSubstr("valid"), HasSubstr("2026-11-01"),
                                                  HasSubstr("2027-04-30"), HasSubstr("certificates/c1")));
}

TEST_F(PracticeVerbsTest, AssignSaysWhoIsToPractiseByWhen) {
  AssignPracticeRequest asked;
  On<AssignPracticeRequest, AssignPracticeResponse>("AssignPractice", asked, [&] {
    AssignPracticeResponse response;
    for (const std::string& rep : asked.reps()) {
      Assignment& one = *response.add_assignments();
      one.set_rep(rep);
      one.set_talk_track(asked.talk_track());
      one.set_by("cora");
      *one.mutable_due_time() = asked.due_time();
    }
    return response;
  });
  const Result result = Invoke({"assign", "fleet", "--to", "kim", "--to", "ben", "--due", "2d"});
  EXPECT_THAT(asked.reps(), ElementsAre("reps/kim", "reps/ben"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("kim is to practise fleet by "), HasSubstr("ben is to practise"),
                                HasSubstr("UTC, assigned by cora.")));
  EXPECT_THAT(MistakeOf({"assign", "fleet"}), HasSubstr("--to REP is missing"));
  EXPECT_THAT(MistakeOf({"assign", "fleet", "--to", "kim", "--due", "never"}), HasSubstr("--due 'never'"));
}

TEST_F(PracticeVerbsTest, TeamCountsAndSaysWhatIsMissing) {
  GetTeamCoachingRequest asked;
  On<GetTeamCoachingRequest, GetTeamCoachingResponse>("GetTeamCoaching", asked, [] {
    GetTeamCoachingResponse response;
    auto& track = *response.add_tracks();
    track.set_talk_track("talkTracks/fleet");
    track.set_practised(5);
    track.set_agreement(.81);
    auto& missing = *response.add_missing_tracks();
    missing.set_situation("merger");
    missing.set_criterion("discovery");
    missing.set_reps(1);
    return response;
  });
  EXPECT_THAT(
      Invoke({"team"}).out,
      AllOf(HasSubstr("fleet"), HasSubstr("0.81"),
            HasSubstr("No track is published for merger, where 1 rep scored low in discovery twice.")));
  EXPECT_THAT(Invoke({"team", "--json"}).out, AllOf(HasSubstr("missing_tracks"), Not(HasSubstr("No track"))));
}

}  // namespace
}  // namespace finalmile::cli
