#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/appointments/meetings_fixture.h"

namespace finalmile::appointments {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using BookingTest = MeetingsTest;

TEST_F(BookingTest, AMeetingIsSetWithItsRequest) {
  MakeHost("ben");
  Ready("lee");
  const auto booked = Book("lee", At(3, 15));
  ASSERT_TRUE(booked.ok()) << booked.status();
  EXPECT_EQ(booked->state(), v1::Appointment::STATE_SCHEDULED);
  EXPECT_EQ(booked->meeting_kind(), "initial");
  EXPECT_EQ(booked->lead(), Lead("lee"));
  EXPECT_EQ(booked->host(), "hosts/ben");
  EXPECT_EQ(booked->setter(), "kim");
  EXPECT_EQ(booked->situation(), "new-fleet-manager");
  EXPECT_EQ(booked->zone(), "UTC");
  EXPECT_EQ(booked->wall_start(), "2026-12-03T15:00");
  EXPECT_EQ(booked->ready_seq(), 1);
  EXPECT_EQ(booked->cycle(), 1);
  const v1::MeetingRequest request = Of("lee");
  EXPECT_EQ(booked->meeting_request(), request.name());
  EXPECT_EQ(request.state(), v1::MeetingRequest::STATE_SET);
  EXPECT_EQ(request.appointment(), booked->name());
  EXPECT_EQ(request.setter(), "kim");
  EXPECT_EQ(EventsOf(request.name()), "requested ready, claimed by kim");
  EXPECT_THAT(MeetingEvents(booked->name()), ElementsAre("appointment_set"));
  EXPECT_EQ(GetMeeting(booked->name()).SerializeAsString(), booked->SerializeAsString());
}

TEST_F(BookingTest, WhoClaimedTheRequestSetTheMeeting) {
  MakeHost("ben");
  Ready("lee");
  ASSERT_TRUE(Claim("kim", Of("lee").name()).ok());
  const auto booked = Book("lee", At(3, 15), {.caller = "ben"});
  ASSERT_TRUE(booked.ok()) << booked.status();
  EXPECT_EQ(booked->setter(), "kim");
}

TEST_F(BookingTest, TheLoserHearsWhatIsFree) {
  MakeHost("ben");
  MakeHost("ana");
  MustBook("lee", At(3, 15));
  const absl::Status taken = Book("kay", At(3, 15)).status();
  EXPECT_EQ(taken.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(taken), "SLOT_TAKEN");
  EXPECT_THAT(Alternatives(taken),
              ElementsAre("03 15:30 ben", "03 16:00 ben", "03 16:30 ben", "03 17:00 ben", "03 17:30 ben"));
  // Whoever names no host gets the other one.
  EXPECT_EQ(MustBook("kay", At(3, 15), "").host(), "hosts/ana");
  const absl::Status both = Book("joe", At(3, 15), {.host = ""}).status();
  EXPECT_EQ(ReasonOf(both), "SLOT_TAKEN");
  EXPECT_THAT(Alternatives(both),
              ElementsAre("03 15:30 ana", "03 15:30 ben", "03 16:00 ana", "03 16:00 ben", "03 16:30 ana"));
  EXPECT_EQ(Overlaps(), 0);
}

TEST_F(BookingTest, AFullDayOffersTheNext) {
  MakeHost("ben");
  ChangeHost("ben", "daily_cap", [](v1::Host& host) { host.set_daily_cap(1); });
  MustBook("lee", At(3, 15));
  const absl::Status full = Book("kay", At(3, 9)).status();
  EXPECT_EQ(ReasonOf(full), "CAP_REACHED");
  ASSERT_THAT(Alternatives(full), SizeIs(5));
  EXPECT_EQ(Alternatives(full)[0], "04 09:00 ben");
}

TEST_F(BookingTest, ARequestThatIsRepeatedTakesEffectOnce) {
  MakeHost("ben");
  MustBook("lee", At(3, 15));
  const BookOptions again{.request_id = "one"};
  EXPECT_EQ(ReasonOf(Book("kay", At(3, 15), again).status()), "SLOT_TAKEN");
  // A refusal is not remembered: the time may be free by now.
  ASSERT_TRUE(Cancel(List("planned = true")[0].name()).ok());
  const auto booked = Book("kay", At(3, 15), again);
  ASSERT_TRUE(booked.ok()) << booked.status();
  EXPECT_EQ(Book("kay", At(3, 15), again)->SerializeAsString(), booked->SerializeAsString());
  EXPECT_THAT(MeetingEvents(booked->name()), ElementsAre("appointment_set"));
}

TEST_F(BookingTest, EachRuleOfTheHostIsSaid) {
  MakeHost("ben");
  EXPECT_EQ(ReasonOf(Book("lee", At(3, 8, 30)).status()), "OUTSIDE_HOURS");
  EXPECT_EQ(ReasonOf(Book("lee", At(3, 15, 10)).status()), "OUTSIDE_HOURS");
  EXPECT_EQ(ReasonOf(Book("lee", At(3, 17, 30), {.minutes = 60}).status()), "OUTSIDE_HOURS");
  EXPECT_EQ(ReasonOf(Book("lee", At(16, 15)).status()), "BEYOND_HORIZON");
  EXPECT_EQ(ReasonOf(Book("lee", At(3, 15), {.host = "cy"}).status()), "HOST_NOT_FOUND");
  ChangeHost("ben", "notice",
             [](v1::Host& host) { *host.mutable_notice() = rpc::ToDuration(absl::Hours(2)); });
  EXPECT_EQ(ReasonOf(Book("lee", At(1, 11, 30)).status()), "NOTICE_TOO_SHORT");
  EXPECT_TRUE(Book("lee", At(1, 12)).ok());
  ChangeHost("ben", "active", [](v1::Host& host) { host.set_active(false); });
  EXPECT_EQ(ReasonOf(Book("kay", At(3, 15)).status()), "HOST_INACTIVE");
  EXPECT_EQ(ReasonOf(Book("kay", At(3, 15), {.host = ""}).status()), "NO_HOST");
}

TEST_F(BookingTest, BuffersAreKeptFree) {
  MakeHost("ben");
  ChangeHost("ben", "buffer_after",
             [](v1::Host& host) { *host.mutable_buffer_after() = rpc::ToDuration(absl::Minutes(5)); });
  MustBook("lee", At(3, 15));
  EXPECT_EQ(ReasonOf(Book("kay", At(3, 15, 30)).status()), "SLOT_TAKEN");
  EXPECT_EQ(ReasonOf(Book("kay", At(3, 14, 30)).status()), "SLOT_TAKEN");
  EXPECT_TRUE(Book("kay", At(3, 16)).ok());
}

TEST_F(BookingTest, FaultsOfARequestAreNamed) {
  MakeHost("ben");
  v1::BookAppointmentRequest request;
  request.set_situation("New fleet");
  request.set_title("call +49 30 1234567");
  request.set_guest_zone("Berlin");
  request.set_hold("holds/" + testing::UuidOf("h"));
  request.set_host("hosts/ben");
  const absl::Status status = Call<v1::Appointment>(As("kim"), "BookAppointment", request).status();
  std::vector<std::string> fields;
  for (const auto& violation : rpc::ViolationsOf(status)) fields.push_back(violation.field());
  EXPECT_THAT(fields, ElementsAre("lead", "situation", "title", "guest_zone", "hold"));
}

TEST_F(BookingTest, ALeadThatDeniedOrIsGoneIsNotBooked) {
  MakeHost("ben");
  Permit("lee", leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_DENIED);
  EXPECT_TRUE(Book("lee", At(3, 9)).ok());
  Permit("kay", leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_DENIED);
  Permit("kay", leads::v1::CHANNEL_EMAIL, leads::v1::PERMISSION_STATE_DENIED);
  EXPECT_EQ(ReasonOf(Book("kay", At(3, 15)).status()), "CONTACT_NOT_PERMITTED");
  Erase("joe");
  EXPECT_EQ(ReasonOf(Book("joe", At(3, 15)).status()), "LEAD_ERASED");
}

TEST_F(BookingTest, TheFirstMeetingOfACycleIsRescheduled) {
  MakeHost("ben");
  Ready("lee");
  const v1::Appointment first = MustBook("lee", At(3, 15));
  absl::Status exists = Book("lee", At(4, 15)).status();
  EXPECT_EQ(ReasonOf(exists), "CHAIN_EXISTS");
  EXPECT_EQ(rpc::ErrorInfoOf(exists)->metadata().at("appointment"), first.name());
  ASSERT_TRUE(Cancel(first.name()).ok());
  EXPECT_EQ(ReasonOf(Book("lee", At(4, 15)).status()), "CHAIN_EXISTS");
  // 30 days later it is too late to bring it back.
  MoveTo(At(1, 10) + absl::Hours(24 * 30) - absl::Microseconds(1));
  EXPECT_EQ(ReasonOf(Book("lee", At(35, 15)).status()), "CHAIN_EXISTS");
  MoveTo(At(1, 10) + absl::Hours(24 * 30));
  EXPECT_EQ(MustBook("lee", At(35, 15)).meeting_kind(), "follow_up");
}

TEST_F(BookingTest, AHeldMeetingIsFollowedUp) {
  MakeHost("ben");
  Ready("lee");
  const v1::Appointment first = MustBook("lee", At(3, 15));
  MoveTo(At(3, 16));
  ASSERT_TRUE(Outcome("ben", first.name(), Outcomes::OUTCOME_HELD).ok());
  const v1::Appointment second = MustBook("lee", At(4, 15));
  EXPECT_EQ(second.meeting_kind(), "follow_up");
  EXPECT_EQ(second.meeting_request(), "");
  EXPECT_EQ(second.cycle(), 1);
}

TEST_F(BookingTest, AHoldKeepsATime) {
  MakeHost("ben");
  const auto hold = Hold("kim", At(3, 15));
  ASSERT_TRUE(hold.ok()) << hold.status();
  EXPECT_EQ(hold->holder(), "kim");
  EXPECT_EQ(rpc::FromTimestamp(hold->expire_time()), At(1, 10, 10));
  EXPECT_EQ(ReasonOf(Book("lee", At(3, 15)).status()), "SLOT_TAKEN");
  EXPECT_EQ(ReasonOf(BookHold("joe", "lee", hold->name()).status()), "NOT_YOURS");
  const auto booked = BookHold("kim", "lee", hold->name());
  ASSERT_TRUE(booked.ok()) << booked.status();
  EXPECT_EQ(rpc::FromTimestamp(booked->start_time()), At(3, 15));
  EXPECT_EQ(Count("claims"), 1);
  EXPECT_EQ(ReasonOf(BookHold("kim", "kay", hold->name()).status()), "HOLD_NOT_FOUND");
}

TEST_F(BookingTest, AnExpiredHoldIsAHint) {
  MakeHost("ben");
  ChangeHost("ben", "notice",
             [](v1::Host& host) { *host.mutable_notice() = rpc::ToDuration(absl::Hours(1)); });
  // At the edge of the notice: nine minutes later it counts from when it was held.
  const auto hold = Hold("kim", At(1, 11));
  ASSERT_TRUE(hold.ok()) << hold.status();
  MoveTo(At(1, 10, 9));
  ASSERT_TRUE(BookHold("kim", "lee", hold->name()).ok());

  const auto second = Hold("kim", At(3, 15));
  ASSERT_TRUE(second.ok());
  MoveTo(At(1, 10, 19));
  EXPECT_TRUE(BookHold("kim", "kay", second->name()).ok()) << "nobody took it meanwhile";
  const auto third = Hold("kim", At(3, 16));
  ASSERT_TRUE(third.ok());
  MoveTo(At(1, 10, 29) - absl::Microseconds(1));
  EXPECT_EQ(ReasonOf(Book("joe", At(3, 16)).status()), "SLOT_TAKEN");
  MoveTo(At(1, 10, 29));
  MustBook("joe", At(3, 16));
  // It went with the next claim of the host.
  EXPECT_EQ(ReasonOf(BookHold("kim", "sam", third->name()).status()), "HOLD_NOT_FOUND");
}

TEST_F(BookingTest, ThreeHoldsAtATime) {
  MakeHost("ben");
  const auto first = Hold("kim", At(3, 9));
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(Hold("kim", At(3, 10)).ok());
  EXPECT_TRUE(Hold("kim", At(3, 11)).ok());
  EXPECT_EQ(ReasonOf(Hold("kim", At(3, 12)).status()), "TOO_MANY_HOLDS");
  EXPECT_TRUE(Hold("joe", At(3, 12)).ok());
  v1::ReleaseHoldRequest release;
  release.set_name(first->name());
  EXPECT_EQ(ReasonOf(Call<v1::ReleaseHoldResponse>(As("joe"), "ReleaseHold", release).status()), "NOT_YOURS");
  EXPECT_TRUE(Call<v1::ReleaseHoldResponse>(As("kim"), "ReleaseHold", release).ok());
  EXPECT_TRUE(Call<v1::ReleaseHoldResponse>(As("kim"), "ReleaseHold", release).ok()) << "it is gone";
  EXPECT_TRUE(Hold("kim", At(3, 13)).ok());
  // The cap counts holds as well, until they expire.
  EXPECT_EQ(ReasonOf(Book("lee", At(3, 14)).status()), "");
  EXPECT_EQ(ReasonOf(Book("kay", At(3, 16)).status()), "CAP_REACHED");
  MoveTo(At(1, 10, 10));
  EXPECT_TRUE(Book("kay", At(3, 16)).ok());
}

TEST_F(BookingTest, HostsTakeTurnsByTheirWeights) {
  MakeHost("ana", 2);
  MakeHost("ben", 1);
  std::string sequence;
  for (int i = 0; i < 9; ++i) {
    const auto booked = Book("lead" + std::to_string(i), At(2 + i / 3, 9 + i % 3), {.host = ""});
    ASSERT_TRUE(booked.ok()) << booked.status();
    sequence += booked->host() == "hosts/ana" ? 'A' : 'B';
    harness_.clock().SetNow(harness_.clock().Now() + absl::Seconds(1));
  }
  // The table of Sainte-Laguë for weights of 2 and 1.
  EXPECT_EQ(sequence, "ABAABAABA");
}

TEST_F(BookingTest, AMissedMeetingIsGivenBackToItsHost) {
  MakeHost("ana");
  MakeHost("ben");
  std::vector<v1::Appointment> booked;
  for (int i = 0; i < 4; ++i) {
    booked.push_back(MustBook("lead" + std::to_string(i), At(2, 9 + i), ""));
    harness_.clock().SetNow(harness_.clock().Now() + absl::Seconds(1));
  }
  EXPECT_EQ(booked[0].host(), "hosts/ana");
  MoveTo(At(2, 14));
  ASSERT_TRUE(Outcome("ana", booked[0].name(), Outcomes::OUTCOME_GUEST_NO_SHOW).ok());
  EXPECT_EQ(MustBook("more1", At(3, 9), "").host(), "hosts/ana");
  // A correction takes the credit back.
  ASSERT_TRUE(Amend("ana", booked[0].name(), Outcomes::OUTCOME_HELD).ok());
  EXPECT_EQ(MustBook("more2", At(3, 10), "").host(), "hosts/ben");
}

TEST_F(BookingTest, ANewcomerTakesTurnsAndDoesNotCatchUp) {
  MakeHost("ana");
  MakeHost("ben");
  EXPECT_EQ(Turns(At(2, 9), 4) + Turns(At(3, 9), 4), "abababab");
  MakeHost("cy");
  // Cy has never been assigned one, and so comes first of three who are alike.
  EXPECT_EQ(Turns(At(4, 9), 6), "cabcab");
  // So does one who is active again.
  ChangeHost("cy", "active", [](v1::Host& host) { host.set_active(false); });
  EXPECT_EQ(Turns(At(7, 9), 4), "abab");
  ChangeHost("cy", "active", [](v1::Host& host) { host.set_active(true); });
  EXPECT_EQ(Turns(At(8, 9), 3), "cab");
}

TEST_F(BookingTest, WhoIsBackFromALongTimeOffTakesTurns) {
  for (const char* host : {"ana", "ben", "cy"}) MakeHost(host);
  // Five working days.
  ASSERT_TRUE(Away("cy", At(2, 9), At(8, 18)).ok());
  EXPECT_EQ(Turns(At(2, 9), 4) + Turns(At(3, 9), 4), "abababab");
  MoveTo(At(8, 18));
  EXPECT_EQ(Turns(At(10, 9), 6), "cabcab");
}

TEST_F(BookingTest, WhoIsBackFromAShortTimeOffCatchesUp) {
  for (const char* host : {"ana", "ben", "cy"}) MakeHost(host);
  ASSERT_TRUE(Away("cy", At(2, 9), At(8, 17)).ok());
  EXPECT_EQ(Turns(At(2, 9), 4) + Turns(At(3, 9), 4), "abababab");
  MoveTo(At(8, 18));
  EXPECT_EQ(Turns(At(10, 9), 6), "ccccab");
}

TEST_F(BookingTest, ATimeOffThatIsCutShortCountsAsFarAsItWas) {
  for (const char* host : {"ana", "cy"}) MakeHost(host);
  const auto away = Away("cy", At(2, 9), At(18, 18));
  ASSERT_TRUE(away.ok()) << away.status();
  EXPECT_EQ(Turns(At(2, 9), 4), "aaaa");
  MoveTo(At(8, 18));
  v1::DeleteTimeOffRequest back;
  back.set_name(away->name());
  ASSERT_TRUE(Call<v1::TimeOff>(As("cy"), "DeleteTimeOff", back).ok());
  MoveTo(At(8, 19));
  EXPECT_EQ(Turns(At(9, 9), 4), "caca");
}

TEST_F(BookingTest, SlotsAndBookingAgree) {
  MakeHost("ben");
  MustBook("lee", At(3, 15));
  ASSERT_TRUE(Hold("kim", At(3, 16)).ok());
  ASSERT_TRUE(Away("ben", At(3, 9), At(3, 14)).ok());
  v1::FindSlotsRequest request;
  request.add_hosts("hosts/ben");
  *request.mutable_start_time() = rpc::ToTimestamp(At(3, 0));
  *request.mutable_end_time() = rpc::ToTimestamp(At(4, 0));
  const auto found = Call<v1::FindSlotsResponse>(As("kim"), "FindSlots", request);
  ASSERT_TRUE(found.ok()) << found.status();
  std::vector<std::string> starts;
  for (const v1::Slot& slot : found->slots()) {
    starts.push_back(absl::FormatTime("%H:%M", rpc::FromTimestamp(slot.start_time()), absl::UTCTimeZone()));
    EXPECT_TRUE(Book("lead" + starts.back(), rpc::FromTimestamp(slot.start_time())).ok() || starts.size() > 3)
        << starts.back();
  }
  EXPECT_THAT(starts, ElementsAre("14:00", "14:30", "15:30", "16:30", "17:00", "17:30"));
  EXPECT_EQ(Overlaps(), 0);
}

TEST_F(BookingTest, MovingAwayFreesTheOldTime) {
  MakeHost("ben");
  MakeHost("ana");
  const v1::Appointment lee = MustBook("lee", At(3, 15));
  MustBook("kay", At(3, 16));
  const absl::Status taken = Move(lee.name(), At(3, 16), "ben").status();
  EXPECT_EQ(ReasonOf(taken), "SLOT_TAKEN");
  EXPECT_EQ(ReasonOf(Book("joe", At(3, 15)).status()), "SLOT_TAKEN") << "the old time is still lee's";
  // Its own time does not stand in its way.
  auto moved = Move(lee.name(), At(3, 15), "ben");
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->sequence(), 1);
  moved = Move(lee.name(), At(3, 16));
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->host(), "hosts/ana") << "ben has kay then";
  EXPECT_TRUE(Book("joe", At(3, 15)).ok());
  EXPECT_THAT(MeetingEvents(lee.name()),
              ElementsAre("appointment_set", "appointment_rescheduled", "appointment_rescheduled"));
  EXPECT_EQ(Overlaps(), 0);
  v1::RescheduleAppointmentRequest keep;
  keep.set_name(lee.name());
  *keep.mutable_start_time() = rpc::ToTimestamp(At(3, 15));
  keep.set_keep_host(true);
  const auto kept = Call<v1::Appointment>(As("kim"), "RescheduleAppointment", keep);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->host(), "hosts/ana");
  keep.set_host("hosts/ben");
  EXPECT_TRUE(
      absl::IsInvalidArgument(Call<v1::Appointment>(As("kim"), "RescheduleAppointment", keep).status()));
}

TEST_F(BookingTest, TimeOffNeverOverlapsInSilence) {
  MakeHost("ben");
  MakeHost("ana");
  const v1::Appointment lee = MustBook("lee", At(3, 15));
  ASSERT_TRUE(Hold("kim", At(3, 16)).ok());
  const absl::Status refused = Away("ben", At(3, 12), At(4, 12)).status();
  EXPECT_EQ(ReasonOf(refused), "HAS_APPOINTMENTS");
  EXPECT_EQ(rpc::ErrorInfoOf(refused)->metadata().at("appointment_1"), lee.name());
  EXPECT_EQ(rpc::ErrorInfoOf(refused)->metadata().at("count"), "1");
  const auto forced = Away("ben", At(3, 12), At(4, 12), true);
  ASSERT_TRUE(forced.ok()) << forced.status();
  EXPECT_TRUE(GetMeeting(lee.name()).conflict());
  EXPECT_THAT(List("conflict = true"), SizeIs(1));
  EXPECT_EQ(Count("claims WHERE kind = 1"), 0) << "the hold is released";
  const absl::Status away = Confirm(lee.name()).status();
  EXPECT_EQ(ReasonOf(away), "HOST_UNAVAILABLE");
  ASSERT_THAT(Alternatives(away), SizeIs(5));
  EXPECT_EQ(Alternatives(away)[0], "03 15:00 ana");
  EXPECT_EQ(Reply(lee.name(), v1::PART_STAT_ACCEPTED, 0)->state(), v1::Appointment::STATE_SCHEDULED);
  v1::DeleteTimeOffRequest back;
  back.set_name(forced->name());
  ASSERT_TRUE(Call<v1::TimeOff>(As("ben"), "DeleteTimeOff", back).ok());
  EXPECT_FALSE(GetMeeting(lee.name()).conflict());
  EXPECT_EQ(Confirm(lee.name())->state(), v1::Appointment::STATE_CONFIRMED);
}

TEST_F(BookingTest, AnInactiveHostKeepsItsMeetings) {
  MakeHost("ben");
  const v1::Appointment lee = MustBook("lee", At(3, 15));
  ChangeHost("ben", "active", [](v1::Host& host) { host.set_active(false); });
  EXPECT_EQ(List("host = ben AND planned = true").size(), 1u);
  EXPECT_TRUE(Confirm(lee.name()).ok());
  EXPECT_THAT(List("host = ana"), IsEmpty());
}

}  // namespace
}  // namespace finalmile::appointments
