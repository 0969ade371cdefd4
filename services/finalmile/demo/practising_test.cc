#include "services/finalmile/demo/practising.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/demo/play_clock.h"
#include "services/finalmile/demo/track_sample.h"
#include "services/finalmile/import/track_file.h"
#include "services/finalmile/testing/fake_channel.h"

namespace finalmile::cli {
namespace {

using namespace coaching::v1;
using appointments::v1::Appointment;
using appointments::v1::ListAppointmentsRequest;
using appointments::v1::ListAppointmentsResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTrack[] = "talkTracks/several-sites";

class PractisingTest : public ::testing::Test {
 protected:
  PractisingTest() {
    On<CreateTalkTrackRequest, TalkTrack>(admin_, "TalkTrackService/CreateTalkTrack",
                                          [](const auto& request) {
                                            EXPECT_EQ(request.talk_track_id(), "several-sites");
                                            EXPECT_EQ(request.talk_track().situation(), kSampleSituation);
                                            TalkTrack track;
                                            track.set_name(kTrack);
                                            return track;
                                          });
    On<AddExampleRequest, Example>(cora_, "TalkTrackService/AddExample",
                                   [](const auto&) { return Example(); });
    On<PublishTalkTrackRequest, PublishTalkTrackResponse>(cora_, "TalkTrackService/PublishTalkTrack",
                                                          [this](const auto& request) {
                                                            published_ = request.name();
                                                            return PublishTalkTrackResponse();
                                                          });
    On<GetTalkTrackRequest, TalkTrack>(cora_, "TalkTrackService/GetTalkTrack", [](const auto&) {
      TalkTrack track;
      for (const char* id : {"opening", "value"}) track.mutable_rubric()->add_criteria()->set_id(id);
      return track;
    });
    On<SubmitPracticeRequest, SubmitPracticeResponse>(
        ben_, "PracticeService/SubmitPractice", [this](const auto& request) {
          EXPECT_EQ(request.practice().talk_track(), kTrack);
          practised_.push_back(request.practice().turns(0).text() == FirstTry()[0].text ? "first try"
                                                                                        : "all");
          return SubmitPracticeResponse();
        });
    On<ListReviewQueueRequest, ListReviewQueueResponse>(cora_, "PracticeService/ListReviewQueue",
                                                        [this](const auto&) { return queue_; });
    On<SubmitReviewRequest, SubmitReviewResponse>(
        cora_, "PracticeService/SubmitReview", [this](const auto& request) {
          reviewed_.push_back(request.name() + " " + std::to_string(request.review().levels(1).level()));
          return SubmitReviewResponse();
        });
    On<ListDuePracticeRequest, ListDuePracticeResponse>(ben_, "PracticeService/ListDuePractice",
                                                        [this](const auto&) { return bens_; });
    On<ListDuePracticeRequest, ListDuePracticeResponse>(admin_, "PracticeService/ListDuePractice",
                                                        [this](const auto& request) {
                                                          EXPECT_EQ(request.rep(), "reps/ana");
                                                          return anas_;
                                                        });
  }

  template <class Request, class Reply>
  static void On(FakeConnector& to, const std::string& method, std::function<Reply(const Request&)> answer) {
    to.channel.On<Request, Reply>(
        method, [answer = std::move(answer)](const Request& request) -> absl::StatusOr<Reply> {
          return answer(request);
        });
  }
  void AddMeeting(const std::string& name, const std::string& host, absl::Time set, absl::Time start) {
    Appointment& meeting = *meetings_.add_appointments();
    meeting.set_name("appointments/" + name);
    meeting.set_host("hosts/" + host);
    *meeting.mutable_set_time() = rpc::ToTimestamp(set);
    *meeting.mutable_start_time() = rpc::ToTimestamp(start);
  }

  const absl::Time now_ = absl::FromCivil(absl::CivilDay(2026, 11, 23), absl::UTCTimeZone());
  const std::unique_ptr<Clock> system_ = NewSystemClock();
  PlayClock clock_{*system_, now_};
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  FakeConnector admin_;
  FakeConnector ben_;
  FakeConnector cora_;
  std::ostringstream out_;
  std::istringstream in_;
  Output output_{out_, out_, clock_, {}};
  Session session_{output_, in_, clock_, *rng_, admin_};
  Practising practising_{session_, {admin_.channel, ben_.channel, cora_.channel}, clock_};
  std::string published_;
  std::vector<std::string> practised_;
  std::vector<std::string> reviewed_;
  ListReviewQueueResponse queue_;
  ListDuePracticeResponse bens_;
  ListDuePracticeResponse anas_;
  ListAppointmentsResponse meetings_;
};

TEST_F(PractisingTest, TheTrackOfTheSampleIsRead) {
  const auto track = ReadTrackFile(std::string(kSampleTrackFile), SampleTrack());
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->situation(), kSampleSituation);
  EXPECT_EQ(track->key_messages_size(), 3);
  EXPECT_EQ("talkTracks/" + TrackIdOf(std::string(kSampleTrackFile)), kTrack);
}

TEST_F(PractisingTest, BenPractisesCoraReviewsAndHeRehearses) {
  ASSERT_EQ(practising_.Begin(), absl::OkStatus());
  EXPECT_EQ(published_, kTrack);
  for (size_t day = 0; day < 43; ++day) ASSERT_EQ(practising_.PlayDay(day), absl::OkStatus());
  EXPECT_THAT(practised_, ElementsAre("first try"));
  for (const double score : {5.5, 10.}) {
    Practice& waiting = *queue_.add_practices()->mutable_practice();
    waiting.set_name("practices/p" + std::to_string(queue_.practices_size()));
    waiting.set_score(score);
  }
  // A day on which nothing happens is made up for.
  for (size_t day = 44; day < 47; ++day) ASSERT_EQ(practising_.PlayDay(day), absl::OkStatus());
  EXPECT_THAT(practised_, ElementsAre("first try", "all", "all", "all"));
  EXPECT_THAT(reviewed_, ElementsAre("practices/p1 1", "practices/p2 3")) << "on the Friday";
  queue_.Clear();
  DuePractice& before = *bens_.add_due();
  before.set_reason(DuePractice::REASON_MEETING);
  before.set_talk_track(kTrack);
  ASSERT_EQ(practising_.PlayDay(53), absl::OkStatus());
  EXPECT_EQ(practised_.size(), 4u);
  before.set_reason(DuePractice::REASON_REHEARSAL);
  ASSERT_EQ(practising_.PlayDay(54), absl::OkStatus());
  EXPECT_EQ(practised_.size(), 4u) << "on Fridays";
  ASSERT_EQ(practising_.PlayDay(60), absl::OkStatus());
  EXPECT_EQ(practised_.size(), 5u);
}

TEST_F(PractisingTest, WhatItChangedComesFromTheAnswers) {
  ASSERT_EQ(practising_.Begin(), absl::OkStatus());
  const absl::Duration day = absl::Hours(24);
  On<GetMasteryRequest, GetMasteryResponse>(admin_, "PracticeService/GetMastery", [&](const auto& request) {
    EXPECT_EQ(request.rep(), "reps/ben");
    GetMasteryResponse response;
    Mastery& mastery = *response.add_mastery();
    mastery.set_talk_track(kTrack);
    mastery.set_state(Mastery::STATE_MASTERED);
    mastery.set_retrievability(.97);
    *mastery.mutable_next_rehearsal_time() = rpc::ToTimestamp(now_ + 11 * day);
    return response;
  });
  On<ListCertificatesRequest, ListCertificatesResponse>(
      admin_, "PracticeService/ListCertificates", [&](const auto&) {
        ListCertificatesResponse response;
        Certificate& certificate = *response.add_certificates();
        certificate.set_talk_track(kTrack);
        certificate.set_state(Certificate::STATE_VALID);
        *certificate.mutable_issue_time() = rpc::ToTimestamp(now_ - 30 * day);
        *certificate.mutable_valid_until() = rpc::ToTimestamp(now_ + 150 * day);
        return response;
      });
  On<ListPracticesRequest, ListPracticesResponse>(admin_, "PracticeService/ListPractices", [&](const auto&) {
    ListPracticesResponse response;
    for (const double score : {9.7, 5.5}) {
      Practice& practice = *response.add_practices();
      practice.set_state(Practice::STATE_REVIEWED);
      practice.set_score(score);
      *practice.mutable_practice_time() = rpc::ToTimestamp(now_ - (score > 9 ? 30 : 40) * day);
    }
    return response;
  });
  On<ListAppointmentsRequest, ListAppointmentsResponse>(
      admin_, "AppointmentService/ListAppointments", [&](const auto& request) {
        EXPECT_EQ(request.filter(), "situation = \"several-sites\"");
        return meetings_;
      });
  AddMeeting("m1", "ben", now_ - 31 * day, now_ - 30 * day);
  AddMeeting("m2", "ana", now_ - 31 * day, now_ - 30 * day);
  AddMeeting("m3", "ana", now_ - 30 * day, now_ - 29 * day);
  AddMeeting("m4", "ben", now_ - 29 * day, now_ - 28 * day);
  AddMeeting("m5", "ben", now_ - day, now_ + 33 * absl::Hours(1));
  ASSERT_EQ(practising_.Show(output_), absl::OkStatus());
  EXPECT_THAT(out_.str(), HasSubstr("reviewed    5.5"));
  EXPECT_THAT(out_.str(), HasSubstr("to 2027-04-22"));
  EXPECT_THAT(out_.str(), HasSubstr("in 11 d"));
  EXPECT_THAT(out_.str(), HasSubstr("set before Sat 24 Oct 00:00 UTC and since"));
  EXPECT_THAT(out_.str(), HasSubstr("ana   2 of 3  0 of 2\nben   1 of 3  2 of 2\n"));
  EXPECT_THAT(out_.str(), HasSubstr("ben rehearses it again by Fri 4 Dec 00:00 UTC."));
  EXPECT_THAT(out_.str(), Not(HasSubstr("ana has not")));
  for (const char* meeting : {"m5", "m3"}) {
    DuePractice& due = *anas_.add_due();
    due.set_talk_track(kTrack);
    due.set_reason(DuePractice::REASON_MEETING);
    due.mutable_assignment()->set_name(std::string("assignments/") + meeting);
    due.mutable_assignment()->add_appointments(std::string("appointments/") + meeting);
    const absl::Time start = meeting[1] == '5' ? now_ + absl::Hours(33) : now_ - 29 * day;
    *due.mutable_due_time() = rpc::ToTimestamp(start - absl::Minutes(30));
  }
  anas_.add_due()->set_reason(DuePractice::REASON_ASSIGNED);
  ASSERT_EQ(practising_.PlayDay(0), absl::OkStatus());
  anas_.Clear();
  ASSERT_EQ(practising_.PlayDay(1), absl::OkStatus());
  ASSERT_EQ(practising_.Show(output_), absl::OkStatus());
  EXPECT_THAT(
      out_.str(),
      HasSubstr("ana has not: 2 rehearsals before meetings were assigned to her, the last by Tue 24 Nov "
                "08:30 UTC for the meeting of Tue 24 Nov 09:00 UTC."));
}

}  // namespace
}  // namespace finalmile::cli
