#include <gmock/gmock.h>

#include <algorithm>

#include "services/coaching/domain/practice/agreement.h"
#include "services/coaching/practice_fixture.h"

// Mastery, certificates and the team's figures follow from practices and reviews.
namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using MasteryFlowTest = PracticeTest;
FINALMILE_ON_BOTH_ENGINES(MasteryFlowTest);

TEST_P(MasteryFlowTest, ThreeDaysAndACoachMakeACertificate) {
  Master("kim");
  EXPECT_EQ(Emitted("kim"), "submitted, submitted, reviewed, submitted, mastered, certified");
  const v1::Mastery mastery = MasteryOf("kim");
  EXPECT_EQ(mastery.state(), v1::Mastery::STATE_MASTERED);
  EXPECT_THAT(mastery.days(), ElementsAre("2026-12-01", "2026-12-02", "2026-12-03"));
  EXPECT_TRUE(mastery.coach_reviewed());
  EXPECT_EQ(rpc::FromTimestamp(mastery.mastered_time()), At(3, 10));
  EXPECT_FALSE(mastery.rehearsal_due());
  const std::vector<v1::Certificate> certificates = CertificatesOf("kim");
  ASSERT_THAT(certificates, SizeIs(1));
  EXPECT_EQ(certificates[0].version(), 1);
  EXPECT_EQ(rpc::FromTimestamp(certificates[0].valid_until()), At(3, 10) + kDefaultValidity);
  const v1::TalkTrackMastered event = RepEvents("kim")[4].talk_track_mastered();
  EXPECT_EQ(event.talk_track(), "talkTracks/fleet");
  EXPECT_EQ(event.situation(), kSituation);
  EXPECT_EQ(event.next_rehearsal_time().seconds(), mastery.next_rehearsal_time().seconds());
  EXPECT_EQ(event.lapse_time().seconds(), mastery.lapse_time().seconds());
}

TEST_P(MasteryFlowTest, WithoutACoachItIsNotMastered) {
  for (int day = 1; day <= 5; ++day) {
    MoveTo(At(day, 10));
    Practise("kim", kBoth);
  }
  EXPECT_EQ(MasteryOf("kim").state(), v1::Mastery::STATE_NONE);
  EXPECT_THAT(CertificatesOf("kim"), IsEmpty());
}

TEST_P(MasteryFlowTest, AReviewThatTakesADayAwayWithdrawsTheCertificate) {
  const std::vector<std::string> practices = Master("kim");
  // The analysis said 8, a coach says 7.
  ASSERT_TRUE(Review("coco", practices[2], 2).ok());
  EXPECT_EQ(Emitted("kim"),
            "submitted, submitted, reviewed, submitted, mastered, certified, reviewed, lapsed CORRECTED");
  EXPECT_EQ(MasteryOf("kim").state(), v1::Mastery::STATE_LAPSED);
  EXPECT_EQ(MasteryOf("kim").lapse_reason(), v1::LAPSE_REASON_CORRECTED);
  ASSERT_THAT(CertificatesOf("kim"), SizeIs(1));
  EXPECT_EQ(CertificatesOf("kim")[0].state(), v1::Certificate::STATE_WITHDRAWN);
  EXPECT_EQ(rpc::FromTimestamp(CertificatesOf("kim")[0].withdrawn_time()), At(3, 10));
  // The coach thinks again: a new certificate stands beside the withdrawn one.
  MoveTo(At(3, 11));
  ASSERT_TRUE(Review("coco", practices[2], 3).ok());
  ASSERT_THAT(CertificatesOf("kim"), SizeIs(2));
  EXPECT_EQ(CertificatesOf("kim")[0].state(), v1::Certificate::STATE_VALID);
  EXPECT_EQ(CertificatesOf("kim")[1].state(), v1::Certificate::STATE_WITHDRAWN);
}

TEST_P(MasteryFlowTest, ItIsRehearsedAndForgottenInTime) {
  Master("kim");
  const v1::Mastery mastery = MasteryOf("kim");
  const absl::Time rehearsal = rpc::FromTimestamp(mastery.next_rehearsal_time());
  const absl::Time lapse = rpc::FromTimestamp(mastery.lapse_time());
  const std::string before = Emitted("kim");
  MoveTo(rehearsal - absl::Seconds(1));
  EXPECT_EQ(Emitted("kim"), before);
  MoveTo(rehearsal + absl::Seconds(1));
  EXPECT_EQ(Emitted("kim"), before + ", rehearsal");
  EXPECT_NEAR(RepEvents("kim").back().rehearsal_due().retrievability(), .9, 1e-6);
  EXPECT_THAT(Due("kim"), ElementsAre("fleet REHEARSAL"));
  Restart();
  MoveTo(lapse - absl::Seconds(1));
  EXPECT_EQ(Emitted("kim"), before + ", rehearsal") << "once for each practice";
  MoveTo(lapse + absl::Seconds(1));
  EXPECT_EQ(Emitted("kim"), before + ", rehearsal, lapsed FORGOTTEN");
  EXPECT_EQ(MasteryOf("kim").lapse_reason(), v1::LAPSE_REASON_FORGOTTEN);
  EXPECT_THAT(Due("kim"), IsEmpty());
  EXPECT_EQ(CertificatesOf("kim")[0].state(), v1::Certificate::STATE_VALID) << "it expires by itself";
}

TEST_P(MasteryFlowTest, APracticeInTimeKeepsIt) {
  Master("kim");
  const std::string before = Emitted("kim");
  MoveTo(rpc::FromTimestamp(MasteryOf("kim").next_rehearsal_time()) + absl::Hours(1));
  const absl::Time lapse = rpc::FromTimestamp(MasteryOf("kim").lapse_time());
  Practise("kim", kBoth);
  EXPECT_EQ(Emitted("kim"), before + ", rehearsal, submitted");
  MoveTo(lapse + absl::Seconds(1));
  EXPECT_EQ(MasteryOf("kim").state(), v1::Mastery::STATE_MASTERED);
}

TEST_P(MasteryFlowTest, ACertificateExpiresOnce) {
  Master("kim");
  const absl::Time until = rpc::FromTimestamp(CertificatesOf("kim")[0].valid_until());
  const auto expired = [&] {
    const std::vector<v1::CoachingEvent> events = RepEvents("kim");
    return std::count_if(events.begin(), events.end(),
                         [](const v1::CoachingEvent& event) { return event.has_certificate_expired(); });
  };
  MoveTo(until - absl::Seconds(1));
  EXPECT_EQ(expired(), 0);
  MoveTo(until);
  EXPECT_EQ(expired(), 1);
  MoveTo(until + absl::Hours(24 * 30));
  EXPECT_EQ(expired(), 1);
  EXPECT_EQ(CertificatesOf("kim")[0].state(), v1::Certificate::STATE_EXPIRED);
}

class RenewalTest : public MasteryFlowTest {
 protected:
  int64_t CountEvents(v1::CoachingEvent::EventCase kind) {
    const std::vector<v1::CoachingEvent> events = RepEvents("kim");
    return std::count_if(events.begin(), events.end(),
                         [&](const v1::CoachingEvent& event) { return event.event_case() == kind; });
  }
  int64_t Issued() { return CountEvents(v1::CoachingEvent::kCertificateIssued); }
  int64_t Expired() { return CountEvents(v1::CoachingEvent::kCertificateExpired); }
  // Days after the first certificate was issued.
  void PractiseOn(std::initializer_list<int> days) {
    const absl::Time issued = rpc::FromTimestamp(CertificatesOf("kim")[0].issue_time());
    for (const int day : days) {
      MoveTo(issued + day * absl::Hours(24));
      Practise("kim", kBoth);
    }
  }
};
FINALMILE_ON_BOTH_ENGINES(RenewalTest);

TEST_P(RenewalTest, APracticeOfItsLastDaysRenewsItAtItsEnd) {
  Master("kim");
  const absl::Time until = rpc::FromTimestamp(CertificatesOf("kim")[0].valid_until());
  Change("fleet", "Fleet, better told", false);
  PractiseOn({20, 50, 100, 160});
  MoveTo(until - absl::Seconds(1));
  EXPECT_EQ(Issued(), 1);
  MoveTo(until);
  EXPECT_EQ(Expired(), 1);
  EXPECT_EQ(Issued(), 2);
  ASSERT_THAT(CertificatesOf("kim"), SizeIs(2));
  const v1::Certificate renewed = CertificatesOf("kim")[0];
  EXPECT_EQ(renewed.state(), v1::Certificate::STATE_VALID);
  EXPECT_EQ(renewed.version(), 2) << "of the version that was practised";
  EXPECT_EQ(rpc::FromTimestamp(renewed.issue_time()), until);
  EXPECT_EQ(rpc::FromTimestamp(renewed.valid_until()), until + kDefaultValidity);
  EXPECT_EQ(CertificatesOf("kim")[1].state(), v1::Certificate::STATE_EXPIRED);
  EXPECT_EQ(CountEvents(v1::CoachingEvent::kTalkTrackMastered), 1) << "it was mastered all the time";
  Restart();
  MoveTo(until + absl::Hours(1));
  Practise("kim", kBoth);
  EXPECT_EQ(Issued(), 2);
}

TEST_P(RenewalTest, TheNextPracticeThatCountsRenewsWhatHasExpired) {
  Master("kim");
  const absl::Time until = rpc::FromTimestamp(CertificatesOf("kim")[0].valid_until());
  PractiseOn({20, 50, 100, 149});
  MoveTo(until + absl::Hours(24));
  ASSERT_EQ(MasteryOf("kim").state(), v1::Mastery::STATE_MASTERED);
  EXPECT_EQ(Expired(), 1);
  EXPECT_EQ(Issued(), 1);
  const std::string poor = Practise("kim", kNeither);
  EXPECT_EQ(Issued(), 1) << "it does not count";
  ASSERT_EQ(MasteryOf("kim").state(), v1::Mastery::STATE_MASTERED);
  // A coach sees more in it.
  ASSERT_TRUE(Review("cora", poor, 3).ok());
  EXPECT_EQ(Issued(), 2);
  EXPECT_EQ(rpc::FromTimestamp(CertificatesOf("kim")[0].issue_time()), until + absl::Hours(24));
  Practise("kim", kBoth);
  EXPECT_EQ(Issued(), 2);
}

TEST_P(RenewalTest, MasteryThatIsRegainedBringsOne) {
  Master("kim");
  const absl::Time until = rpc::FromTimestamp(CertificatesOf("kim")[0].valid_until());
  MoveTo(until);
  ASSERT_EQ(MasteryOf("kim").state(), v1::Mastery::STATE_LAPSED);
  EXPECT_EQ(Expired(), 1);
  for (int day = 1; day <= 3; ++day) {
    EXPECT_EQ(Issued(), 1);
    MoveTo(until + day * absl::Hours(24));
    const std::string practice = Practise("kim", kBoth);
    if (day == 1) {
      ASSERT_TRUE(Review("cora", practice, 3).ok());
    }
  }
  EXPECT_EQ(Issued(), 2);
  EXPECT_EQ(CountEvents(v1::CoachingEvent::kTalkTrackMastered), 2);
}

TEST_P(MasteryFlowTest, AVersionMayAskForMasteryAnew) {
  Master("kim");
  Change("fleet", "Fleet, anew", false);
  EXPECT_EQ(MasteryOf("kim").state(), v1::Mastery::STATE_MASTERED);
  Change("fleet", "Fleet, once more", true);
  EXPECT_EQ(MasteryOf("kim").state(), v1::Mastery::STATE_LAPSED);
  EXPECT_EQ(RepEvents("kim").back().mastery_lapsed().reason(), v1::LAPSE_REASON_NEW_VERSION);
  EXPECT_THAT(MasteryOf("kim").days(), IsEmpty());
  Practise("kim", kIdle);
  EXPECT_THAT(MasteryOf("kim").days(), SizeIs(1));
}

TEST_P(MasteryFlowTest, ACorrectionLeavesCertificatesOfEarlierVersions) {
  Master("kim");
  Change("fleet", "Fleet, anew", true);
  std::vector<std::string> practices;
  for (int day = 4; day <= 6; ++day) {
    MoveTo(At(day, 10));
    practices.push_back(Practise("kim", kIdle));
  }
  ASSERT_TRUE(Review("cora", practices[0], 3).ok());
  ASSERT_THAT(CertificatesOf("kim"), SizeIs(2));
  ASSERT_TRUE(Review("cora", practices[0], 1).ok());
  EXPECT_EQ(CertificatesOf("kim")[0].state(), v1::Certificate::STATE_WITHDRAWN);
  EXPECT_EQ(CertificatesOf("kim")[1].state(), v1::Certificate::STATE_VALID);
}

TEST_P(MasteryFlowTest, NoOrderOfArrivalMatters) {
  // Four practices of four days, each told to another rep in another order. The third is reviewed at once.
  std::vector<int> order = {0, 1, 2, 3};
  MoveTo(At(10, 10));
  std::string first;
  int reps = 0;
  do {
    const std::string rep = "rep" + std::to_string(reps++);
    for (const int day : order) {
      v1::SubmitPracticeRequest request = Attempt(day == 1 ? kNeither : kBoth);
      *request.mutable_practice()->mutable_practice_time() = rpc::ToTimestamp(At(1 + day, 10));
      const auto submitted = Submit(rep, request);
      ASSERT_TRUE(submitted.ok()) << submitted.status();
      if (day == 2) {
        ASSERT_TRUE(Review("cora", submitted->practice().name(), 3).ok());
      }
    }
    v1::Mastery mastery = MasteryOf(rep);
    EXPECT_EQ(mastery.state(), v1::Mastery::STATE_MASTERED);
    mastery.clear_rep();
    if (first.empty()) first = mastery.SerializeAsString();
    EXPECT_EQ(mastery.SerializeAsString(), first);
    const std::vector<v1::CoachingEvent> events = RepEvents(rep);
    EXPECT_EQ(std::count_if(events.begin(), events.end(),
                            [](const v1::CoachingEvent& event) { return event.has_talk_track_mastered(); }),
              1);
  } while (std::next_permutation(order.begin(), order.end()) && reps < 8);
}

TEST_P(MasteryFlowTest, OthersAreSeenByCoachesAndManagersAlone) {
  v1::GetMasteryRequest request;
  request.set_rep("reps/kim");
  EXPECT_EQ(ReasonOf(Call<v1::GetMasteryResponse>(As("ben"), "GetMastery", request).status()), "NOT_YOURS");
  for (const char* caller : {"kim", "cora", "mia"})
    EXPECT_TRUE(Call<v1::GetMasteryResponse>(As(caller), "GetMastery", request).ok()) << caller;
  v1::ListCertificatesRequest certificates;
  certificates.set_rep("reps/kim");
  EXPECT_EQ(
      ReasonOf(Call<v1::ListCertificatesResponse>(As("ben"), "ListCertificates", certificates).status()),
      "NOT_YOURS");
  v1::ListDuePracticeRequest due;
  due.set_rep("reps/kim");
  EXPECT_EQ(ReasonOf(Call<v1::ListDuePracticeResponse>(As("ben"), "ListDuePractice", due).status()),
            "NOT_YOURS");
  request.set_talk_track("talkTracks/unknown");
  EXPECT_EQ(ReasonOf(Call<v1::GetMasteryResponse>(As("kim"), "GetMastery", request).status()),
            "TALK_TRACK_NOT_FOUND");
}

TEST_P(MasteryFlowTest, WhereTheTeamStands) {
  Master("kim");
  Practise("ben", kIdle);
  Score("m1", At(1, 9), 4);
  auto other =
      ScoreEvent("m2", At(2, 9), 4, appointments::v1::ConversationScored::SOURCE_GUEST, "no-track-yet");
  Tell(other);
  const auto team = Must<v1::GetTeamCoachingResponse>("GetTeamCoaching", v1::GetTeamCoachingRequest());
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

TEST_P(MasteryFlowTest, CoachesWhoSeeTheSameThingsAgree) {
  // Two coaches on two practices: twelve units.
  v1::SubmitReviewResponse last;
  for (const int level : {1, 3}) {
    const std::string practice = Practise("kim", kIdle);
    ASSERT_TRUE(Review("cora", practice, level).ok());
    const auto reviewed = Review("coco", practice, level);
    ASSERT_TRUE(reviewed.ok()) << reviewed.status();
    last = *reviewed;
  }
  EXPECT_EQ(last.agreement_units(), 12);
  EXPECT_EQ(last.agreement(), 1);
  const auto team = Must<v1::GetTeamCoachingResponse>("GetTeamCoaching", v1::GetTeamCoachingRequest());
  EXPECT_EQ(team.tracks(0).agreement(), 1);
  // A year later nothing of it is left.
  MoveTo(At(1, 10) + kAgreementWindow + absl::Microseconds(1));
  EXPECT_FALSE(Must<v1::GetTeamCoachingResponse>("GetTeamCoaching", v1::GetTeamCoachingRequest())
                   .tracks(0)
                   .has_agreement());
}

}  // namespace
}  // namespace finalmile::coaching
