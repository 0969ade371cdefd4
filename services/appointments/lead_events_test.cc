#include <gmock/gmock.h>

#include "libs/testing/personal_fields.h"
#include "services/appointments/appointments_fixture.h"

// What events of leads do to meeting requests.
namespace finalmile::appointments {
namespace {

using ::testing::IsEmpty;
using Request = v1::MeetingRequest;

using LeadEventsTest = AppointmentsTest;

TEST_F(LeadEventsTest, ACrossingOpensOneRequest) {
  Ready("ana", {.grade = "A2", .owner = "kim"});
  const Request request = Of("ana");
  EXPECT_EQ(request.state(), Request::STATE_OPEN);
  EXPECT_EQ(request.lead(), Lead("ana"));
  EXPECT_EQ(request.ready_seq(), 1);
  EXPECT_EQ(request.cycle(), 1);
  EXPECT_EQ(request.owner(), "kim");
  EXPECT_EQ(request.situation(), "new-fleet-manager");
  EXPECT_EQ(request.reasons(0).text(), "VP Sales");
  EXPECT_EQ(rpc::FromTimestamp(request.deadline()), At(1, 11, 0)) << "an hour for A2";
  EXPECT_EQ(EventsOf(request.name()), "requested ready");
  const v1::MeetingRequested event = LastOf(request.name()).meeting_requested();
  EXPECT_FALSE(event.again());
  EXPECT_EQ(event.campaign(), "spring");
  harness_.Restart();
  EXPECT_EQ(Of("ana").SerializeAsString(), request.SerializeAsString());
}

TEST_F(LeadEventsTest, TheTimeToAnswerCountsFromTheLeadsOwnAct) {
  leads::v1::LeadEvent event = ReadyEvent("ana", {.hand_raise = true});
  // Nobody consumed for an hour.
  harness_.clock().SetNow(At(1, 11, 0));
  Tell(event);
  const Request request = Of("ana");
  EXPECT_EQ(rpc::FromTimestamp(request.deadline()), At(1, 10, 5));
  EXPECT_EQ(EventsOf(request.name()), "requested ready, overdue 1, overdue 2");
  EXPECT_EQ(request.level(), 2);
}

TEST_F(LeadEventsTest, AHandRaiseOnFridayEveningIsDueOnMonday) {
  MoveTo(At(4, 17, 58));
  Raise("ana");
  EXPECT_EQ(rpc::FromTimestamp(Of("ana").deadline()), At(7, 9, 3));
}

TEST_F(LeadEventsTest, ASecondCrossingUpgradesTheRequest) {
  Ready("ana");
  const std::string name = NameOf("ana");
  EXPECT_EQ(rpc::FromTimestamp(Of("ana").deadline()), At(1, 14, 0));
  MoveTo(At(1, 10, 30));
  Raise("ana");
  const Request request = Get(name);
  EXPECT_TRUE(request.hand_raise());
  EXPECT_EQ(request.ready_seq(), 2);
  EXPECT_EQ(rpc::FromTimestamp(request.deadline()), At(1, 10, 35));
  EXPECT_EQ(EventsOf(name), "requested ready, requested raised");
  EXPECT_TRUE(LastOf(name).meeting_requested().again());
  EXPECT_EQ(Count("meeting_requests"), 1);
}

TEST_F(LeadEventsTest, ALeadThatIsLeftAloneOpensNothingButByAHandRaise) {
  Ready("ana");
  const std::string first = NameOf("ana");
  ASSERT_TRUE(Claim("kim", first).ok());
  ASSERT_TRUE(Return("kim", first, v1::RETURN_REASON_NO_NEED).ok());
  MoveTo(At(20, 10));
  Ready("ana", {.cycle = 2});
  const Request quiet = Of("ana");
  EXPECT_NE(quiet.name(), first);
  EXPECT_EQ(quiet.state(), Request::STATE_CLOSED);
  EXPECT_EQ(quiet.close_reason(), v1::CLOSE_REASON_QUIET);
  EXPECT_EQ(EventsOf(quiet.name()), "closed QUIET");
  EXPECT_EQ(LastOf(quiet.name()).meeting_request_closed().ready_seq(), 2);
  Raise("ana");
  EXPECT_EQ(Of("ana").state(), Request::STATE_OPEN);
  MoveTo(At(1, 10) + absl::Hours(24 * 90));
  Ready("bob");
  EXPECT_EQ(Of("bob").state(), Request::STATE_OPEN);
}

TEST_F(LeadEventsTest, WhatCoolsClosesWhatNobodyHasClaimed) {
  Ready("ana");
  Cool("ana", "faded");
  EXPECT_EQ(EventsOf(NameOf("ana")), "requested ready, closed COOLED");
  Raise("bob");
  Cool("bob", "faded");
  EXPECT_EQ(Of("bob").state(), Request::STATE_OPEN);
  Ready("cem");
  ASSERT_TRUE(Claim("kim", NameOf("cem")).ok());
  Cool("cem", "faded");
  EXPECT_EQ(Of("cem").state(), Request::STATE_CLAIMED);
  EXPECT_TRUE(Of("cem").cooled());
  Raise("dan");
  ASSERT_TRUE(Claim("kim", NameOf("dan")).ok());
  Cool("dan", "gated");
  EXPECT_EQ(EventsOf(NameOf("dan")), "requested ready, claimed by kim, closed GATED");
  Ready("dan");
  EXPECT_EQ(Of("dan").state(), Request::STATE_OPEN) << "a new crossing opens a new one";
}

TEST_F(LeadEventsTest, AnErasedLeadLeavesNothingOfItself) {
  Ready("ana", {.owner = "kim"});
  const std::string name = NameOf("ana");
  Erase("ana");
  const Request request = Get(name);
  EXPECT_EQ(request.state(), Request::STATE_CLOSED);
  EXPECT_EQ(request.close_reason(), v1::CLOSE_REASON_ERASED);
  EXPECT_EQ(request.lead(), "");
  EXPECT_THAT(request.reasons(), IsEmpty());
  EXPECT_EQ(EventsOf(name), "requested ready, closed ERASED");
  Ready("ana");
  EXPECT_EQ(NameOf("ana"), "") << "nothing new is taken of it";
  EXPECT_EQ(Count("leads WHERE erased"), 1);
}

TEST_F(LeadEventsTest, RequestsOfAMergedLeadBelongToTheOther) {
  Ready("ana");
  const std::string name = NameOf("ana");
  Permit("ana", leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_DENIED);
  Merge("ana", "bob");
  EXPECT_EQ(Of("bob").name(), name);
  EXPECT_EQ(Of("bob").permissions_size(), 1);
  Raise("bob");
  EXPECT_TRUE(Get(name).hand_raise());
}

TEST_F(LeadEventsTest, OfTwoRequestsOfOneLeadTheMoreUrgentStays) {
  Ready("ana");
  Raise("bob");
  const std::string ana = NameOf("ana"), bob = NameOf("bob");
  Merge("ana", "bob");
  EXPECT_EQ(Get(ana).close_reason(), v1::CLOSE_REASON_MERGED);
  EXPECT_EQ(Of("bob").name(), bob);
  Raise("cem");
  Ready("dan");
  const std::string cem = NameOf("cem"), dan = NameOf("dan");
  Merge("cem", "dan");
  EXPECT_EQ(Of("dan").name(), cem);
  EXPECT_EQ(Get(dan).close_reason(), v1::CLOSE_REASON_MERGED);
  Merge("dan", "eva");
  EXPECT_EQ(Of("eva").name(), cem) << "by way of dan";
  Erase("eva");
  EXPECT_EQ(Get(cem).lead(), "");
}

TEST_F(LeadEventsTest, EventsThatComeAgainChangeNothing) {
  const leads::v1::LeadEvent event = ReadyEvent("ana", {});
  Tell(event);
  ASSERT_TRUE(Claim("kim", NameOf("ana")).ok());
  ASSERT_TRUE(Return("kim", NameOf("ana"), v1::RETURN_REASON_BAD_FIT).ok());
  Tell(event);
  EXPECT_EQ(Count("meeting_requests"), 1);
}

TEST_F(LeadEventsTest, WhatIsNoEventOfALeadIsParked) {
  leads::v1::LeadEvent nameless = ReadyEvent("ana", {});
  nameless.set_key("leads/ana");
  Tell(nameless);
  EXPECT_EQ(Count("parked"), 1);
  EXPECT_EQ(Count("meeting_requests"), 0);
}

TEST(AppointmentEvents, HoldNoPersonalFields) {
  EXPECT_THAT(testing::PersonalFields(*v1::AppointmentEvent::descriptor()), IsEmpty());
}

}  // namespace
}  // namespace finalmile::appointments
