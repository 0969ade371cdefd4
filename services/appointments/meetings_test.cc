#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/appointments/meetings_fixture.h"

namespace finalmile::appointments {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MeetingLifeTest : public MeetingsTest {
 protected:
  // A meeting of lee with ben on the 3rd at 15:00, which answers lee's request.
  void SetUp() override {
    MakeHost("ben");
    Ready("lee");
    meeting_ = MustBook("lee", At(3, 15));
  }
  v1::MeetingRequest::State RequestState() { return Get(meeting_.meeting_request()).state(); }

  v1::Appointment meeting_;
};

TEST_F(MeetingLifeTest, IsConfirmedHeldAndQualified) {
  EXPECT_EQ(Reply(meeting_.name(), v1::PART_STAT_ACCEPTED, 0)->state(), v1::Appointment::STATE_CONFIRMED);
  EXPECT_TRUE(Confirm(meeting_.name()).ok()) << "again";
  const absl::Status early = Outcome("ben", meeting_.name(), Outcomes::OUTCOME_HELD).status();
  EXPECT_EQ(ReasonOf(early), "TOO_EARLY");
  EXPECT_EQ(rpc::ErrorInfoOf(early)->metadata().at("earliest_time"), "2026-12-03T15:00:00+00:00");
  for (const absl::Time time : {At(2, 15), At(3, 14), At(3, 14, 30), At(3, 15, 40)}) MoveTo(time);
  EXPECT_EQ(ReasonOf(Outcome("joe", meeting_.name(), Outcomes::OUTCOME_HELD).status()), "NOT_YOURS");
  ASSERT_TRUE(Outcome("ben", meeting_.name(), Outcomes::OUTCOME_HELD).ok());
  EXPECT_EQ(Of("lee").state(), v1::MeetingRequest::STATE_SET);
  EXPECT_TRUE(absl::IsInvalidArgument(Qualify("ben", meeting_.name(), false).status()))
      << "the reason is missing";
  ASSERT_TRUE(Qualify("ben", meeting_.name(), true).ok());
  EXPECT_TRUE(GetMeeting(meeting_.name()).qualified());
  EXPECT_THAT(
      MeetingEvents(meeting_.name()),
      ElementsAre("appointment_set", "attendee_replied", "appointment_confirmed", "appointment_reminder_due",
                  "appointment_reminder_due", "meeting_brief_due", "appointment_held", "meeting_qualified"));
  EXPECT_EQ(HistoryOf(meeting_.name()),
            "set, replied, confirmed, reminded, reminded, briefed, held, qualified");
}

TEST_F(MeetingLifeTest, ANoShowIsToBeBookedAgain) {
  MoveTo(At(3, 15, 10));
  ASSERT_TRUE(Outcome("kim", meeting_.name(), Outcomes::OUTCOME_GUEST_NO_SHOW).ok());
  v1::MeetingRequest request = Of("lee");
  EXPECT_EQ(request.state(), v1::MeetingRequest::STATE_WORKING);
  EXPECT_TRUE(request.rebook());
  EXPECT_EQ(rpc::FromTimestamp(request.deadline()), At(4, 10, 10)) << "four working hours";
  const auto back = Move(meeting_.name(), At(7, 9));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->sequence(), 1);
  EXPECT_EQ(RequestState(), v1::MeetingRequest::STATE_SET);
  EXPECT_EQ(EventsOf(meeting_.meeting_request()), "requested ready, claimed by kim, requested rebook");
  for (const v1::AppointmentEvent& event : Events()) {
    if (event.has_appointment_rescheduled()) {
      EXPECT_EQ(event.appointment_rescheduled().recovered_from(), "guest");
    }
  }
  MoveTo(At(7, 10));
  ASSERT_TRUE(Outcome("kim", meeting_.name(), Outcomes::OUTCOME_HOST_NO_SHOW).ok());
  EXPECT_EQ(rpc::FromTimestamp(Of("lee").deadline()), At(7, 11)) << "one hour, for the fault was ours";
}

TEST_F(MeetingLifeTest, ACorrectionReversesAndComesBack) {
  MoveTo(At(3, 16));
  ASSERT_TRUE(Outcome("ben", meeting_.name(), Outcomes::OUTCOME_HELD).ok());
  ASSERT_TRUE(Qualify("ben", meeting_.name(), true).ok());
  EXPECT_TRUE(
      absl::IsInvalidArgument(Amend("ben", meeting_.name(), Outcomes::OUTCOME_GUEST_NO_SHOW, "").status()));
  auto amended = Amend("ben", meeting_.name(), Outcomes::OUTCOME_GUEST_NO_SHOW);
  ASSERT_TRUE(amended.ok()) << amended.status();
  EXPECT_FALSE(amended->has_qualified());
  EXPECT_EQ(RequestState(), v1::MeetingRequest::STATE_WORKING);
  EXPECT_TRUE(Amend("ben", meeting_.name(), Outcomes::OUTCOME_GUEST_NO_SHOW).ok()) << "again";
  ASSERT_TRUE(Amend("ben", meeting_.name(), Outcomes::OUTCOME_HELD).ok());
  EXPECT_EQ(RequestState(), v1::MeetingRequest::STATE_SET);
  EXPECT_EQ(Count("meeting_requests WHERE active"), 0) << "nothing is left to do";
  const std::vector<std::string> events = MeetingEvents(meeting_.name());
  EXPECT_EQ(std::count(events.begin(), events.end(), "outcome_corrected"), 2);
}

TEST_F(MeetingLifeTest, ACorrectionOpensNoSecondRequest) {
  MoveTo(At(3, 16));
  ASSERT_TRUE(Outcome("ben", meeting_.name(), Outcomes::OUTCOME_HELD).ok());
  // The lead becomes sales-ready anew, in another cycle.
  Ready("lee", {.cycle = 2});
  EXPECT_EQ(Of("lee").cycle(), 2);
  ASSERT_TRUE(Amend("ben", meeting_.name(), Outcomes::OUTCOME_GUEST_NO_SHOW).ok());
  EXPECT_EQ(Count("meeting_requests WHERE active"), 1);
  EXPECT_EQ(Of("lee").cycle(), 2);
}

TEST_F(MeetingLifeTest, ACancelledTimeIsFree) {
  v1::CancelAppointmentRequest request;
  request.set_name(meeting_.name());
  EXPECT_TRUE(
      absl::IsInvalidArgument(Call<v1::Appointment>(As("kim"), "CancelAppointment", request).status()));
  const auto cancelled = Cancel(meeting_.name(), v1::CANCELLED_BY_US);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->sequence(), 1);
  EXPECT_EQ(Count("claims"), 0);
  EXPECT_EQ(RequestState(), v1::MeetingRequest::STATE_WORKING);
  EXPECT_EQ(LastOf(meeting_.name()).appointment_cancelled().by(), "us");
  EXPECT_EQ(ReasonOf(Cancel(meeting_.name()).status()), "WRONG_STATE");
  MoveTo(At(3, 16));
  EXPECT_THAT(MeetingEvents(meeting_.name()), ElementsAre("appointment_set", "appointment_cancelled"))
      << "no reminder of what is cancelled";
}

TEST_F(MeetingLifeTest, AnOutcomeThatNobodySaysIsMissed) {
  MoveTo(At(4, 15, 30) - absl::Microseconds(1));
  EXPECT_THAT(List("outcome_missing > 0"), IsEmpty());
  MoveTo(At(4, 15, 30));
  EXPECT_EQ(GetMeeting(meeting_.name()).outcome_missing(), 1);
  MoveTo(At(6, 15, 30));
  EXPECT_EQ(GetMeeting(meeting_.name()).outcome_missing(), 2);
  EXPECT_EQ(LastOf(meeting_.name()).appointment_outcome_missing().level(), 2);
  EXPECT_EQ(GetMeeting(meeting_.name()).state(), v1::Appointment::STATE_SCHEDULED) << "never held by itself";
  ASSERT_TRUE(Outcome("ben", meeting_.name(), Outcomes::OUTCOME_HELD).ok());
  EXPECT_EQ(GetMeeting(meeting_.name()).outcome_missing(), 0);
}

TEST_F(MeetingLifeTest, ConversationsAreScored) {
  v1::ScoreConversationRequest request;
  request.set_name(meeting_.name());
  request.set_source(v1::ConversationScored::SOURCE_SELF);
  v1::CriterionScore& value = *request.add_criteria();
  value.set_id("value");
  value.set_score(4);
  const auto score = [&](const std::string& caller) {
    return Call<v1::Appointment>(As(caller), "ScoreConversation", request).status();
  };
  EXPECT_EQ(ReasonOf(score("ben")), "WRONG_STATE");
  MoveTo(At(3, 16));
  ASSERT_TRUE(Outcome("ben", meeting_.name(), Outcomes::OUTCOME_HELD).ok());
  EXPECT_EQ(ReasonOf(score("kim")), "NOT_YOURS");
  EXPECT_EQ(score("ben"), absl::OkStatus());
  EXPECT_EQ(score("ben"), absl::OkStatus());
  EXPECT_EQ(Count("conversation_scores"), 1);
  request.set_source(v1::ConversationScored::SOURCE_COACH);
  EXPECT_EQ(ReasonOf(score("ben")), "NOT_YOURS");
  EXPECT_EQ(score("mia"), absl::OkStatus());
  EXPECT_EQ(LastOf(meeting_.name()).conversation_scored().rater(), "mia");
  EXPECT_EQ(LastOf(meeting_.name()).conversation_scored().criteria(0).score(), 4);
  value.set_score(10.5);
  EXPECT_TRUE(absl::IsInvalidArgument(score("mia")));
  ASSERT_TRUE(Amend("ben", meeting_.name(), Outcomes::OUTCOME_GUEST_NO_SHOW).ok());
  EXPECT_EQ(Count("conversation_scores"), 0);
}

TEST_F(MeetingLifeTest, AnErasedLeadIsNotMet) {
  Erase("lee");
  const v1::Appointment meeting = GetMeeting(meeting_.name());
  EXPECT_EQ(meeting.state(), v1::Appointment::STATE_CANCELLED);
  EXPECT_EQ(meeting.cancel_reason(), "erased");
  EXPECT_EQ(meeting.lead(), "");
  EXPECT_EQ(Count("claims"), 0);
  EXPECT_EQ(EventsOf(meeting_.meeting_request()), "requested ready, claimed by kim, closed ERASED");
  EXPECT_EQ(LastOf(meeting_.name()).appointment_cancelled().reason(), "erased");
  EXPECT_EQ(ReasonOf(Move(meeting_.name(), At(4, 15)).status()), "LEAD_ERASED");
  // What comes late brings nothing back.
  Ready("lee");
  Touched("case", "lee", true);
  EXPECT_EQ(Count("touches"), 0);
  EXPECT_TRUE(Book("kay", At(3, 15)).ok());
}

TEST_F(MeetingLifeTest, AMergedLeadIsMetUnderItsOtherName) {
  Touched("case", "lee", true);
  Merge("lee", "kay");
  EXPECT_EQ(GetMeeting(meeting_.name()).lead(), Lead("kay"));
  EXPECT_EQ(Of("kay").appointment(), meeting_.name());
  EXPECT_EQ(ReasonOf(Book("lee", At(4, 15)).status()), "CHAIN_EXISTS");
  MoveTo(At(3, 16));
  ASSERT_TRUE(Outcome("ben", meeting_.name(), Outcomes::OUTCOME_HELD).ok());
  const v1::AppointmentHeld held = LastOf(meeting_.name()).appointment_held();
  EXPECT_EQ(held.lead(), Lead("kay"));
  ASSERT_EQ(held.touches_size(), 2);
  EXPECT_EQ(held.touches(0).subject(), "assets/case");
}

TEST_F(MeetingLifeTest, TouchesAreWholeInEveryEvent) {
  // The campaign of the request was there when the meeting was set; offers are no touches.
  EXPECT_EQ(meeting_.touches_size(), 1);
  EXPECT_EQ(meeting_.touches(0).subject(), "campaigns/spring");
  harness_.clock().SetNow(At(2, 9));
  Touched("case", "lee", true);
  harness_.clock().SetNow(At(2, 10));
  Touched("price", "lee", false);
  MoveTo(At(3, 15, 30));
  Touched("after", "lee", true);
  ASSERT_TRUE(Outcome("ben", meeting_.name(), Outcomes::OUTCOME_HELD).ok());
  const auto subjects = [](const auto& touches) {
    std::vector<std::string> names;
    for (const v1::Touch& touch : touches) names.push_back(touch.subject() + " " + touch.how());
    return names;
  };
  EXPECT_THAT(subjects(LastOf(meeting_.name()).appointment_held().touches()),
              ElementsAre("campaigns/spring used", "assets/case used", "assets/price viewed"));
  ASSERT_TRUE(Amend("ben", meeting_.name(), Outcomes::OUTCOME_HOST_NO_SHOW).ok());
  EXPECT_THAT(subjects(LastOf(meeting_.name()).outcome_corrected().touches()),
              ElementsAre("campaigns/spring used", "assets/case used", "assets/price viewed"));
}

TEST_F(MeetingLifeTest, WhatEndedIsDeletedInTheEnd) {
  ASSERT_TRUE(Cancel(meeting_.name()).ok());
  MoveTo(At(1, 10) + absl::Hours(24 * 400) - absl::Microseconds(1));
  EXPECT_EQ(Count("appointments"), 1);
  MoveTo(At(1, 10) + absl::Hours(24 * 400));
  EXPECT_EQ(Count("appointments"), 0);
  EXPECT_EQ(Count("appointment_changes"), 0);
}

TEST_F(MeetingLifeTest, TheOneThatIsMeant) {
  const auto find = [&](const std::string& caller, const std::string& lead) {
    v1::GetAppointmentRequest request;
    request.set_name("appointments/-");
    if (!lead.empty()) request.set_lead(Lead(lead));
    const auto found = Call<v1::Appointment>(As(caller), "GetAppointment", request);
    return found.ok() ? found->name() : ReasonOf(found.status());
  };
  const v1::Appointment next = MustBook("kay", At(4, 15));
  EXPECT_EQ(find("ben", ""), meeting_.name()) << "as host, the next one";
  EXPECT_EQ(find("kim", ""), meeting_.name()) << "as setter";
  EXPECT_EQ(find("joe", ""), "NO_CURRENT_APPOINTMENT");
  EXPECT_EQ(find("joe", "kay"), next.name());
  EXPECT_EQ(find("joe", "sam"), "APPOINTMENT_NOT_FOUND");
  MoveTo(At(4, 15));
  EXPECT_EQ(find("ben", ""), next.name()) << "the one that began last";
  ASSERT_TRUE(Outcome("ben", next.name(), Outcomes::OUTCOME_HELD).ok());
  EXPECT_EQ(find("ben", ""), meeting_.name()) << "nobody has said what became of it";
  EXPECT_EQ(find("joe", "kay"), next.name()) << "its newest";
}

TEST_F(MeetingsTest, ALeadThatIsBookedAlreadyIsSetWhenItBecomesReady) {
  MakeHost("ben");
  const v1::Appointment booked = MustBook("lee", At(3, 15));
  EXPECT_EQ(booked.meeting_request(), "");
  Ready("lee");
  const v1::MeetingRequest request = Of("lee");
  EXPECT_EQ(request.state(), v1::MeetingRequest::STATE_SET);
  EXPECT_EQ(request.appointment(), booked.name());
  const v1::Appointment linked = GetMeeting(booked.name());
  EXPECT_EQ(linked.meeting_request(), request.name());
  EXPECT_EQ(linked.cycle(), 1);
  EXPECT_EQ(EventsOf(request.name()), "requested ready, claimed by kim");
}

}  // namespace
}  // namespace finalmile::appointments
