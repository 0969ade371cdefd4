#include <gmock/gmock.h>

#include "services/leads/sales_fixture.h"

// What sales makes of leads, by events of appointments.
namespace finalmile::leads {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kDay = absl::Hours(24);

TEST_F(SalesTest, ACrossingSaysWhichOneItIs) {
  v1::Lead unknown;
  unknown.set_email("ana@work.example");
  const std::string lead = Create(unknown).name();
  Raise(lead);
  const v1::LeadBecameSalesReady crossing = LastCrossing(lead);
  EXPECT_TRUE(crossing.hand_raise());
  EXPECT_EQ(crossing.cycle(), 1);
  EXPECT_THAT(crossing.missing(), ::testing::Contains("title"));
  EXPECT_THAT(StagesOf(lead), ElementsAre("NEW > SALES_READY (crossing)"));
  EXPECT_EQ(Get(lead).cycle(), 1);
  ASSERT_THAT(Crossings(lead), SizeIs(1));
  EXPECT_EQ(Crossings(lead)[0].ready_seq(), ReadySeq(lead));
  EXPECT_EQ(Crossings(lead)[0].grade(), crossing.grade());
  EXPECT_EQ(Crossings(lead)[0].label(), v1::Crossing::LABEL_UNSPECIFIED);
}

TEST_F(SalesTest, AGateSaysThatItCools) {
  const std::string lead = Raised();
  v1::UpdateLeadRequest update;
  update.mutable_lead()->set_name(lead);
  update.mutable_lead()->add_gates(v1::GATE_COMPETITOR);
  update.mutable_update_mask()->add_paths("gates");
  ASSERT_TRUE(Call<v1::Lead>("UpdateLead", update).ok());
  harness_.Settle();
  const v1::LeadCooled cooled = Of(lead, Which::kLeadCooled).back().lead_cooled();
  EXPECT_EQ(cooled.cause(), "gated");
  EXPECT_EQ(cooled.lane(), "hand-raise");
  EXPECT_THAT(StagesOf(lead), ElementsAre("NEW > SALES_READY (crossing)", "SALES_READY > NEW (cooled)"));
}

TEST_F(SalesTest, TheStageFollowsTheRequestAndTheMeeting) {
  const std::string lead = Raised();
  Claimed(lead);
  EXPECT_EQ(Get(lead).stage(), v1::STAGE_ACCEPTED);
  auto set = Event(Meeting(lead));
  Fill(lead, ReadySeq(lead), 1, *set.mutable_appointment_set());
  Tell(set);
  EXPECT_EQ(Get(lead).stage(), v1::STAGE_MEETING_SET);
  auto held = Event(Meeting(lead));
  Fill(lead, ReadySeq(lead), 1, *held.mutable_appointment_held());
  Tell(held);
  EXPECT_EQ(Get(lead).stage(), v1::STAGE_MEETING_HELD);
  EXPECT_EQ(Get(lead).score().lane(), "") << "its request has ended";
  auto qualified = Event(Meeting(lead));
  qualified.mutable_meeting_qualified()->set_lead(lead);
  qualified.mutable_meeting_qualified()->set_qualified(true);
  Tell(qualified);
  EXPECT_EQ(Get(lead).stage(), v1::STAGE_QUALIFIED);
  auto corrected = Event(Meeting(lead));
  Fill(lead, ReadySeq(lead), 1, *corrected.mutable_outcome_corrected());
  corrected.mutable_outcome_corrected()->set_after(appts::OutcomeCorrected::OUTCOME_GUEST_NO_SHOW);
  Tell(corrected);
  EXPECT_EQ(Get(lead).stage(), v1::STAGE_MEETING_SET) << "to be booked again";
  EXPECT_THAT(StagesOf(lead),
              ElementsAre("NEW > SALES_READY (crossing)", "SALES_READY > ACCEPTED (request)",
                          "ACCEPTED > MEETING_SET (meeting)", "MEETING_SET > MEETING_HELD (meeting)",
                          "MEETING_HELD > QUALIFIED (meeting)", "QUALIFIED > MEETING_SET (meeting)"));
  std::vector<std::string> steps;
  const v1::Crossing crossing = Crossings(lead)[0];
  for (const v1::SalesStep& step : crossing.steps()) steps.push_back(step.state());
  EXPECT_THAT(steps, ::testing::UnorderedElementsAre("claimed", "guest no-show"));
}

TEST_F(SalesTest, AReturnLeavesTheLeadAloneAndBeginsTheNextCycle) {
  const std::string lead = Raised();
  Claimed(lead);
  auto returned = Returned(lead, appts::RETURN_REASON_BAD_TIMING);
  const absl::Time until = harness_.clock().Now() + 60 * kDay;
  *returned.mutable_meeting_request_returned()->mutable_quiet_until() = scoring::ToProto(until);
  Tell(returned);
  EXPECT_EQ(Get(lead).stage(), v1::STAGE_RECYCLED);
  EXPECT_EQ(Get(lead).score().lane(), "");
  EXPECT_EQ(scoring::FromProto(Get(lead).quiet_until()), until);
  EXPECT_THAT(Explain(lead).readiness(1), HasSubstr("sales leaves it alone until"));
  EXPECT_THAT(Of(lead, Which::kLeadCooled), IsEmpty());
  harness_.clock().Advance(10 * kDay);
  Raise(lead);
  EXPECT_EQ(LastCrossing(lead).cycle(), 2) << "a hand-raise is heard all the same";
  EXPECT_THAT(Crossings(lead), SizeIs(2));
}

TEST_F(SalesTest, ALateEndOfAnEarlierCrossingDoesNotEndTheNext) {
  const std::string lead = Raised();
  const int64_t first = ReadySeq(lead);
  Claimed(lead);
  harness_.clock().Advance(8 * kDay);
  Raise(lead);
  EXPECT_EQ(LastCrossing(lead).cycle(), 1) << "the same request, as far as is known";
  auto returned = Event(Request("late"));
  Fill(lead, first, 1, *returned.mutable_meeting_request_returned());
  returned.mutable_meeting_request_returned()->set_reason(appts::RETURN_REASON_BAD_FIT);
  Tell(returned);
  EXPECT_EQ(Get(lead).score().lane(), "hand-raise");
}

TEST_F(SalesTest, ReturnsSetGatesAndTakePermissions) {
  const auto gates_after = [&](appts::ReturnReason reason) {
    const std::string lead = Raised(appts::ReturnReason_Name(reason) + "@work.example");
    Claimed(lead);
    Tell(Returned(lead, reason));
    std::vector<std::string> gates;
    const v1::Lead after = Get(lead);
    for (const int gate : after.gates()) gates.push_back(v1::Gate_Name(static_cast<v1::Gate>(gate)));
    return gates;
  };
  EXPECT_THAT(gates_after(appts::RETURN_REASON_BAD_DATA), ElementsAre("GATE_UNDELIVERABLE"));
  EXPECT_THAT(gates_after(appts::RETURN_REASON_CUSTOMER), ElementsAre("GATE_CUSTOMER"));
  EXPECT_THAT(gates_after(appts::RETURN_REASON_BAD_FIT), IsEmpty());
  const std::string lead = Raised("opted@work.example");
  Claimed(lead);
  Tell(Returned(lead, appts::RETURN_REASON_OPTED_OUT));
  EXPECT_THAT(Get(lead).gates(), ElementsAre(v1::GATE_OPT_OUT));
  EXPECT_THAT(Get(lead).permissions(), SizeIs(4));
  EXPECT_THAT(Of(lead, Which::kContactPermissionChanged), SizeIs(4));
  EXPECT_EQ(Of(lead, Which::kContactPermissionChanged)[0].contact_permission_changed().state(),
            v1::PERMISSION_STATE_DENIED);
}

TEST_F(SalesTest, TheLabelIsDecidedAfter30DaysAndMendedLater) {
  const std::string lead = Raised();
  Claimed(lead);
  auto set = Event(Meeting(lead));
  Fill(lead, ReadySeq(lead), 1, *set.mutable_appointment_set());
  Tell(set);
  auto held = Event(Meeting(lead));
  Fill(lead, ReadySeq(lead), 1, *held.mutable_appointment_held());
  Tell(held);
  harness_.clock().Advance(30 * kDay - absl::Microseconds(1));
  harness_.Settle();
  EXPECT_EQ(Crossings(lead)[0].label(), v1::Crossing::LABEL_UNSPECIFIED);
  harness_.clock().Advance(absl::Microseconds(1));
  harness_.Settle();
  EXPECT_EQ(Crossings(lead)[0].label(), v1::Crossing::LABEL_HELD);
  harness_.clock().Advance(10 * kDay);
  const auto correct = [&](appts::OutcomeCorrected::Outcome outcome) {
    auto corrected = Event(Meeting(lead));
    Fill(lead, ReadySeq(lead), 1, *corrected.mutable_outcome_corrected());
    corrected.mutable_outcome_corrected()->set_after(outcome);
    Tell(corrected);
    return Crossings(lead)[0].label();
  };
  EXPECT_EQ(correct(appts::OutcomeCorrected::OUTCOME_GUEST_NO_SHOW), v1::Crossing::LABEL_NOT_HELD);
  EXPECT_EQ(correct(appts::OutcomeCorrected::OUTCOME_HOST_NO_SHOW), v1::Crossing::LABEL_LEFT_OUT);
  EXPECT_EQ(correct(appts::OutcomeCorrected::OUTCOME_HELD), v1::Crossing::LABEL_HELD);
  harness_.clock().Advance(400 * kDay);
  harness_.Settle();
  EXPECT_THAT(Crossings(lead), IsEmpty());
}

TEST_F(SalesTest, TheOrderOfTwoKeysDoesNotMatter) {
  std::vector<std::string> stages;
  for (int order = 0; order < 6; ++order) {
    const std::string lead = Raised("order" + std::to_string(order) + "@work.example");
    std::vector<appts::AppointmentEvent> request, meeting;
    for (int i = 0; i < 2; ++i) {
      request.push_back(Event(Request(lead)));
      meeting.push_back(Event(Meeting(lead)));
    }
    Fill(lead, ReadySeq(lead), 1, *request[0].mutable_meeting_requested());
    Fill(lead, ReadySeq(lead), 1, *request[1].mutable_meeting_request_claimed());
    Fill(lead, ReadySeq(lead), 1, *meeting[0].mutable_appointment_set());
    Fill(lead, ReadySeq(lead), 1, *meeting[1].mutable_appointment_held());
    // Each way to merge two and two.
    constexpr std::string_view kOrders[] = {"rrmm", "rmrm", "rmmr", "mrrm", "mrmr", "mmrr"};
    size_t next_request = 0, next_meeting = 0;
    for (const char c : kOrders[order]) Tell(c == 'r' ? request[next_request++] : meeting[next_meeting++]);
    // A record that comes again has no effect.
    Tell(meeting[1]);
    stages.push_back(v1::Stage_Name(Get(lead).stage()) + " " + Get(lead).score().lane());
  }
  EXPECT_THAT(stages, ::testing::Each("STAGE_MEETING_HELD "));
}

TEST_F(SalesTest, EventsOfUnknownLeadsArePassedOver) {
  auto claimed = Event(Request("nobody"));
  Fill("leads/" + testing::UuidOf("nobody"), 1, 1, *claimed.mutable_meeting_request_claimed());
  Tell(claimed);
  auto malformed = Event(Request("malformed"));
  malformed.mutable_meeting_request_claimed()->set_lead("leads/x");
  Tell(malformed);
  EXPECT_EQ(RowsIn("parked"), 1);
}

}  // namespace
}  // namespace finalmile::leads
