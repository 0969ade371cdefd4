#include <gmock/gmock.h>

#include <algorithm>

#include "services/coaching/practice_fixture.h"

// Mastery, certificates and the team's figures follow from practices and reviews.
namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Fixture = PracticeFixture;

using MasteryFlowTest = PracticeTest;
FINALMILE_ON_BOTH_ENGINES(MasteryFlowTest);

TEST_P(MasteryFlowTest, ThreeDaysAndACoachMakeACertificate) {
  f().Master("kim");
  EXPECT_EQ(f().Told("kim"), "submitted, submitted, reviewed, submitted, mastered, certified");
  const v1::Mastery mastery = f().MasteryOf("kim");
  EXPECT_EQ(mastery.state(), v1::Mastery::STATE_MASTERED);
  EXPECT_THAT(mastery.days(), ElementsAre("2026-12-01", "2026-12-02", "2026-12-03"));
  EXPECT_TRUE(mastery.coach_reviewed());
  EXPECT_EQ(rpc::FromTimestamp(mastery.mastered_time()), Fixture::At(3, 10));
  EXPECT_FALSE(mastery.rehearsal_due());
  const std::vector<v1::Certificate> certificates = f().CertificatesOf("kim");
  ASSERT_THAT(certificates, SizeIs(1));
  EXPECT_EQ(certificates[0].version(), 1);
  EXPECT_EQ(rpc::FromTimestamp(certificates[0].valid_until()), Fixture::At(3, 10) + kDefaultValidity);
  const v1::TalkTrackMastered event = f().EventsOf("kim")[4].talk_track_mastered();
  EXPECT_EQ(event.talk_track(), "talkTracks/fleet");
  EXPECT_EQ(event.situation(), Fixture::kSituation);
  EXPECT_EQ(event.next_rehearsal_time().seconds(), mastery.next_rehearsal_time().seconds());
  EXPECT_EQ(event.lapse_time().seconds(), mastery.lapse_time().seconds());
}

TEST_P(MasteryFlowTest, WithoutACoachItIsNotMastered) {
  for (int day = 1; day <= 5; ++day) {
    f().MoveTo(Fixture::At(day, 10));
    f().Practise("kim", Fixture::kBoth);
  }
  EXPECT_EQ(f().MasteryOf("kim").state(), v1::Mastery::STATE_NONE);
  EXPECT_THAT(f().CertificatesOf("kim"), IsEmpty());
}

TEST_P(MasteryFlowTest, AReviewThatTakesADayAwayWithdrawsTheCertificate) {
  const std::vector<std::string> practices = f().Master("kim");
  // The analysis said 8, a coach says 7.
  ASSERT_TRUE(f().Review("coco", practices[2], 2).ok());
  EXPECT_EQ(f().Told("kim"),
            "submitted, submitted, reviewed, submitted, mastered, certified, reviewed, lapsed CORRECTED");
  EXPECT_EQ(f().MasteryOf("kim").state(), v1::Mastery::STATE_LAPSED);
  EXPECT_EQ(f().MasteryOf("kim").lapse_reason(), v1::LAPSE_REASON_CORRECTED);
  ASSERT_THAT(f().CertificatesOf("kim"), SizeIs(1));
  EXPECT_EQ(f().CertificatesOf("kim")[0].state(), v1::Certificate::STATE_WITHDRAWN);
  EXPECT_EQ(rpc::FromTimestamp(f().CertificatesOf("kim")[0].withdrawn_time()), Fixture::At(3, 10));
  // The coach thinks again: a new certificate stands beside the withdrawn one.
  f().MoveTo(Fixture::At(3, 11));
  ASSERT_TRUE(f().Review("coco", practices[2], 3).ok());
  ASSERT_THAT(f().CertificatesOf("kim"), SizeIs(2));
  EXPECT_EQ(f().CertificatesOf("kim")[0].state(), v1::Certificate::STATE_VALID);
  EXPECT_EQ(f().CertificatesOf("kim")[1].state(), v1::Certificate::STATE_WITHDRAWN);
}

TEST_P(MasteryFlowTest, ItIsRehearsedAndForgottenInTime) {
  f().Master("kim");
  const v1::Mastery mastery = f().MasteryOf("kim");
  const absl::Time rehearsal = rpc::FromTimestamp(mastery.next_rehearsal_time());
  const absl::Time lapse = rpc::FromTimestamp(mastery.lapse_time());
  const std::string before = f().Told("kim");
  f().MoveTo(rehearsal - absl::Seconds(1));
  EXPECT_EQ(f().Told("kim"), before);
  f().MoveTo(rehearsal + absl::Seconds(1));
  EXPECT_EQ(f().Told("kim"), before + ", rehearsal");
  EXPECT_NEAR(f().EventsOf("kim").back().rehearsal_due().retrievability(), .9, 1e-6);
  EXPECT_THAT(f().Due("kim"), ElementsAre("fleet REHEARSAL"));
  f().harness_.Restart();
  f().MoveTo(lapse - absl::Seconds(1));
  EXPECT_EQ(f().Told("kim"), before + ", rehearsal") << "once for each practice";
  f().MoveTo(lapse + absl::Seconds(1));
  EXPECT_EQ(f().Told("kim"), before + ", rehearsal, lapsed FORGOTTEN");
  EXPECT_EQ(f().MasteryOf("kim").lapse_reason(), v1::LAPSE_REASON_FORGOTTEN);
  EXPECT_THAT(f().Due("kim"), IsEmpty());
  EXPECT_EQ(f().CertificatesOf("kim")[0].state(), v1::Certificate::STATE_VALID) << "it expires by itself";
}

TEST_P(MasteryFlowTest, APracticeInTimeKeepsIt) {
  f().Master("kim");
  const std::string before = f().Told("kim");
  f().MoveTo(rpc::FromTimestamp(f().MasteryOf("kim").next_rehearsal_time()) + absl::Hours(1));
  const absl::Time lapse = rpc::FromTimestamp(f().MasteryOf("kim").lapse_time());
  f().Practise("kim", Fixture::kBoth);
  EXPECT_EQ(f().Told("kim"), before + ", rehearsal, submitted");
  f().MoveTo(lapse + absl::Seconds(1));
  EXPECT_EQ(f().MasteryOf("kim").state(), v1::Mastery::STATE_MASTERED);
}

TEST_P(MasteryFlowTest, ACertificateExpiresOnce) {
  f().Master("kim");
  const absl::Time until = rpc::FromTimestamp(f().CertificatesOf("kim")[0].valid_until());
  const auto expired = [&] {
    const std::vector<v1::CoachingEvent> events = f().EventsOf("kim");
    return std::count_if(events.begin(), events.end(),
                         [](const v1::CoachingEvent& event) { return event.has_certificate_expired(); });
  };
  f().MoveTo(until - absl::Seconds(1));
  EXPECT_EQ(expired(), 0);
  f().MoveTo(until);
  EXPECT_EQ(expired(), 1);
  f().MoveTo(until + absl::Hours(24 * 30));
  EXPECT_EQ(expired(), 1);
  EXPECT_EQ(f().CertificatesOf("kim")[0].state(), v1::Certificate::STATE_EXPIRED);
}

TEST_P(MasteryFlowTest, AVersionMayAskForMasteryAnew) {
  f().Master("kim");
  f().Change("fleet", "Fleet, anew", false);
  EXPECT_EQ(f().MasteryOf("kim").state(), v1::Mastery::STATE_MASTERED);
  f().Change("fleet", "Fleet, once more", true);
  EXPECT_EQ(f().MasteryOf("kim").state(), v1::Mastery::STATE_LAPSED);
  EXPECT_EQ(f().EventsOf("kim").back().mastery_lapsed().reason(), v1::LAPSE_REASON_NEW_VERSION);
  EXPECT_THAT(f().MasteryOf("kim").days(), IsEmpty());
  f().Practise("kim", Fixture::kIdle);
  EXPECT_THAT(f().MasteryOf("kim").days(), SizeIs(1));
}

TEST_P(MasteryFlowTest, NoOrderOfArrivalMatters) {
  // Four practices of four days, each told to another rep in another order. The third is reviewed at once.
  std::vector<int> order = {0, 1, 2, 3};
  f().MoveTo(Fixture::At(10, 10));
  std::string first;
  int reps = 0;
  do {
    const std::string rep = "rep" + std::to_string(reps++);
    for (const int day : order) {
      v1::SubmitPracticeRequest request = Fixture::Attempt(day == 1 ? Fixture::kNeither : Fixture::kBoth);
      *request.mutable_practice()->mutable_practice_time() = rpc::ToTimestamp(Fixture::At(1 + day, 10));
      const auto submitted = f().Submit(rep, request);
      ASSERT_TRUE(submitted.ok()) << submitted.status();
      if (day == 2) {
        ASSERT_TRUE(f().Review("cleo", submitted->practice().name(), 3).ok());
      }
    }
    v1::Mastery mastery = f().MasteryOf(rep);
    EXPECT_EQ(mastery.state(), v1::Mastery::STATE_MASTERED);
    mastery.clear_rep();
    if (first.empty()) first = mastery.SerializeAsString();
    EXPECT_EQ(mastery.SerializeAsString(), first);
    const std::vector<v1::CoachingEvent> events = f().EventsOf(rep);
    EXPECT_EQ(std::count_if(events.begin(), events.end(),
                            [](const v1::CoachingEvent& event) { return event.has_talk_track_mastered(); }),
              1);
  } while (std::next_permutation(order.begin(), order.end()) && reps < 8);
}

TEST_P(MasteryFlowTest, OthersAreSeenByCoachesAndManagersAlone) {
  v1::GetMasteryRequest request;
  request.set_rep("reps/kim");
  EXPECT_EQ(rpc::ReasonOf(f().Call<v1::GetMasteryResponse>("ben", "GetMastery", request).status()),
            "NOT_YOURS");
  for (const char* caller : {"kim", "cleo", "mia"})
    EXPECT_TRUE(f().Call<v1::GetMasteryResponse>(caller, "GetMastery", request).ok()) << caller;
  v1::ListCertificatesRequest certificates;
  certificates.set_rep("reps/kim");
  EXPECT_EQ(
      rpc::ReasonOf(f().Call<v1::ListCertificatesResponse>("ben", "ListCertificates", certificates).status()),
      "NOT_YOURS");
  v1::ListDuePracticeRequest due;
  due.set_rep("reps/kim");
  EXPECT_EQ(rpc::ReasonOf(f().Call<v1::ListDuePracticeResponse>("ben", "ListDuePractice", due).status()),
            "NOT_YOURS");
  request.set_talk_track("talkTracks/unknown");
  EXPECT_EQ(rpc::ReasonOf(f().Call<v1::GetMasteryResponse>("kim", "GetMastery", request).status()),
            "TALK_TRACK_NOT_FOUND");
}

TEST_P(MasteryFlowTest, WhereTheTeamStands) {
  f().Master("kim");
  f().Practise("ben", Fixture::kIdle);
  f().Score("m1", Fixture::At(1, 9), 4);
  auto other = f().ScoreEvent("m2", Fixture::At(2, 9), 4, appointments::v1::ConversationScored::SOURCE_GUEST,
                              "no-track-yet");
  f().Tell(other);
  const auto team = f().Must<v1::GetTeamCoachingResponse>("GetTeamCoaching", v1::GetTeamCoachingRequest());
  ASSERT_EQ(team.tracks_size(), 1);
  EXPECT_EQ(team.tracks(0).talk_track(), "talkTracks/fleet");
  EXPECT_EQ(team.tracks(0).practised(), 2);
  EXPECT_EQ(team.tracks(0).mastered(), 1);
  EXPECT_EQ(team.tracks(0).lapsed(), 0);
  EXPECT_EQ(team.tracks(0).waiting_for_review(), 3);
  ASSERT_EQ(team.missing_tracks_size(), 1);
  EXPECT_EQ(team.missing_tracks(0).situation(), "no-track-yet");
  EXPECT_EQ(team.missing_tracks(0).criterion(), "value");
  EXPECT_EQ(team.missing_tracks(0).reps(), 1);
}

}  // namespace
}  // namespace finalmile::coaching
