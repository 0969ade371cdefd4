#include <gmock/gmock.h>

#include <algorithm>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/rpc/errors.h"
#include "libs/testing/uuid_of.h"
#include "services/leads/leads_fixture.h"

// What sales makes of leads, and whom it may reach: events of appointments, opportunities, permissions,
// erasure.
namespace finalmile::leads {
namespace {

namespace appts = appointments::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Which = v1::LeadEvent::EventCase;

constexpr absl::Duration kDay = absl::Hours(24);

class SalesTest : public LeadsTest {
 protected:
  void SetUp() override { harness_.clock().SetNow(absl::FromUnixSeconds(1'750'000'000)); }

  // A lead that has just raised its hand.
  std::string Raised(const std::string& email = "ana@work.example") {
    v1::Lead lead = GoodLead();
    lead.set_email(email);
    const std::string name = Create(lead).name();
    Raise(name);
    return name;
  }
  void Raise(const std::string& lead) {
    Record(Activity(lead, "raise " + std::to_string(++activities_), "demo_request"));
    harness_.Settle();
  }
  std::vector<v1::LeadEvent> Of(const std::string& lead, Which which) {
    std::vector<v1::LeadEvent> events;
    for (const v1::LeadEvent& event : Events()) {
      if (event.key() == lead && event.event_case() == which) events.push_back(event);
    }
    return events;
  }
  // "NEW > SALES_READY (crossing)", …
  std::vector<std::string> StagesOf(const std::string& lead) {
    std::vector<std::string> stages;
    for (const v1::LeadEvent& event : Of(lead, Which::kLeadStageChanged)) {
      const v1::LeadStageChanged& changed = event.lead_stage_changed();
      stages.push_back(v1::Stage_Name(changed.before()).substr(6) + " > " +
                       v1::Stage_Name(changed.after()).substr(6) + " (" + changed.cause() + ")");
    }
    return stages;
  }
  v1::LeadBecameSalesReady LastCrossing(const std::string& lead) {
    return Of(lead, Which::kLeadBecameSalesReady).back().lead_became_sales_ready();
  }
  int64_t ReadySeq(const std::string& lead) { return Of(lead, Which::kLeadBecameSalesReady).back().seq(); }

  appts::AppointmentEvent Event(const std::string& key) {
    const outbox::Cause cause;
    return outbox::NewEvent<appts::AppointmentEvent>(
        {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause}, key, ++seqs_[key]);
  }
  void Tell(const appts::AppointmentEvent& event) {
    EXPECT_EQ(harness_.events().Append({outbox::ToMessage(outbox::ToOutbox(event))},
                                       harness_.clock().Steady() + absl::Seconds(5)),
              absl::OkStatus());
    harness_.Settle();
  }
  template <class Message>
  void Fill(const std::string& lead, int64_t ready_seq, int32_t cycle, Message& message) {
    message.set_lead(lead);
    message.set_ready_seq(ready_seq);
    message.set_cycle(cycle);
  }
  static std::string Request(const std::string& name) { return "meetingRequests/" + testing::UuidOf(name); }
  static std::string Meeting(const std::string& name) { return "appointments/" + testing::UuidOf(name); }
  void Claimed(const std::string& lead) {
    auto requested = Event(Request(lead));
    Fill(lead, ReadySeq(lead), LastCrossing(lead).cycle(), *requested.mutable_meeting_requested());
    requested.mutable_meeting_requested()->set_cause("ready");
    Tell(requested);
    auto claimed = Event(Request(lead));
    Fill(lead, ReadySeq(lead), LastCrossing(lead).cycle(), *claimed.mutable_meeting_request_claimed());
    Tell(claimed);
  }
  appts::AppointmentEvent Returned(const std::string& lead, appts::ReturnReason reason,
                                   int32_t attempts = 1) {
    auto returned = Event(Request(lead));
    Fill(lead, ReadySeq(lead), LastCrossing(lead).cycle(), *returned.mutable_meeting_request_returned());
    returned.mutable_meeting_request_returned()->set_reason(reason);
    returned.mutable_meeting_request_returned()->set_attempts(attempts);
    return returned;
  }
  std::vector<v1::Crossing> Crossings(const std::string& lead) {
    v1::ListCrossingsRequest request;
    request.set_parent(lead);
    const auto listed = Call<v1::ListCrossingsResponse>("ListCrossings", request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.ok() ? std::vector<v1::Crossing>(listed->crossings().begin(), listed->crossings().end())
                       : std::vector<v1::Crossing>();
  }
  absl::StatusOr<v1::Lead> Permit(const std::string& lead, v1::Channel channel, v1::PermissionState state) {
    v1::SetPermissionRequest request;
    request.set_name(lead);
    request.mutable_permission()->set_channel(channel);
    request.mutable_permission()->set_state(state);
    return Call<v1::Lead>("SetPermission", request);
  }
  absl::StatusOr<v1::Lead> Opportunity(const std::string& lead, const std::string& id,
                                       v1::OpportunityState state) {
    v1::RecordOpportunityRequest request;
    request.set_name(lead);
    request.mutable_opportunity()->set_id(id);
    request.mutable_opportunity()->set_state(state);
    auto recorded = Call<v1::Lead>("RecordOpportunity", request);
    harness_.Settle();
    return recorded;
  }
  absl::Status Erase(const std::string& lead) {
    v1::EraseLeadRequest request;
    request.set_name(lead);
    const absl::Status erased = Call<v1::EraseLeadResponse>("EraseLead", request).status();
    harness_.Settle();
    return erased;
  }

 private:
  int activities_ = 0;
  std::map<std::string, int64_t> seqs_;
};

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

TEST_F(SalesTest, PermissionsAreToldByEveryWayIn) {
  v1::Lead lead = GoodLead();
  v1::Permission& permission = *lead.add_permissions();
  permission.set_channel(v1::CHANNEL_EMAIL);
  permission.set_purpose("sales");
  permission.set_state(v1::PERMISSION_STATE_ALLOWED);
  const std::string name = Create(lead).name();
  ASSERT_TRUE(Permit(name, v1::CHANNEL_PHONE, v1::PERMISSION_STATE_DENIED).ok());
  ASSERT_TRUE(Permit(name, v1::CHANNEL_PHONE, v1::PERMISSION_STATE_DENIED).ok());
  const auto lifted = Permit(name, v1::CHANNEL_PHONE, v1::PERMISSION_STATE_ALLOWED);
  ASSERT_TRUE(lifted.ok()) << lifted.status();
  v1::UpdateLeadRequest update;
  update.mutable_lead()->set_name(name);
  update.mutable_update_mask()->add_paths("permissions");
  ASSERT_TRUE(Call<v1::Lead>("UpdateLead", update).ok());
  harness_.Settle();
  std::vector<std::string> told;
  for (const v1::LeadEvent& event : Of(name, Which::kContactPermissionChanged)) {
    const v1::ContactPermissionChanged& changed = event.contact_permission_changed();
    told.push_back(v1::Channel_Name(changed.channel()).substr(8) + " " +
                   v1::PermissionState_Name(changed.state()).substr(17));
  }
  EXPECT_THAT(told, ElementsAre("EMAIL ALLOWED", "PHONE DENIED", "PHONE ALLOWED", "EMAIL UNSPECIFIED",
                                "PHONE UNSPECIFIED"));
  EXPECT_THAT(
      std::string(Permit(name, v1::CHANNEL_UNSPECIFIED, v1::PERMISSION_STATE_DENIED).status().message()),
      HasSubstr("permission.channel"));
}

TEST_F(SalesTest, OpportunitiesGateWinAndLose) {
  const std::string lead = Raised();
  Claimed(lead);
  ASSERT_TRUE(Opportunity(lead, "0061", v1::OPPORTUNITY_STATE_OPEN).ok());
  EXPECT_THAT(Get(lead).gates(), ElementsAre(v1::GATE_OPEN_OPPORTUNITY));
  EXPECT_EQ(Get(lead).stage(), v1::STAGE_ACCEPTED);
  ASSERT_TRUE(Opportunity(lead, "0061", v1::OPPORTUNITY_STATE_LOST).ok());
  EXPECT_THAT(Get(lead).gates(), IsEmpty());
  EXPECT_EQ(Get(lead).stage(), v1::STAGE_LOST);
  harness_.clock().Advance(10 * kDay);
  Raise(lead);
  EXPECT_EQ(LastCrossing(lead).cycle(), 2);
  EXPECT_EQ(Get(lead).stage(), v1::STAGE_SALES_READY);
  const auto won = Opportunity(lead, "0062", v1::OPPORTUNITY_STATE_WON);
  ASSERT_TRUE(won.ok()) << won.status();
  EXPECT_EQ(won->stage(), v1::STAGE_WON);
  EXPECT_THAT(won->gates(), ElementsAre(v1::GATE_CUSTOMER));
  EXPECT_THAT(won->opportunities(), SizeIs(2));
  EXPECT_THAT(Of(lead, Which::kOpportunityChanged), SizeIs(3));
  EXPECT_THAT(std::string(Opportunity(lead, "a b", v1::OPPORTUNITY_STATE_WON).status().message()),
              HasSubstr("opportunity.id"));
  for (int i = 2; i < 16; ++i)
    ASSERT_TRUE(Opportunity(lead, std::to_string(i), v1::OPPORTUNITY_STATE_LOST).ok());
  EXPECT_EQ(rpc::ReasonOf(Opportunity(lead, "16", v1::OPPORTUNITY_STATE_LOST).status()),
            "TOO_MANY_OPPORTUNITIES");
}

TEST_F(SalesTest, AnErasedLeadLeavesNothingAndIsNotBroughtBack) {
  v1::Lead content = GoodLead();
  content.set_email("ana@work.example");
  content.add_external_ids()->set_source("crm");
  content.mutable_external_ids(0)->set_id("31");
  const std::string lead = Create(content).name();
  Raise(lead);
  Claimed(lead);
  ASSERT_EQ(Erase(lead), absl::OkStatus());
  EXPECT_TRUE(Events().back().has_lead_erased() || !Of(lead, Which::kLeadErased).empty());
  EXPECT_EQ(
      Of(lead, Which::kLeadErased).back().seq(),
      std::ranges::max(Events(), {}, [&](const v1::LeadEvent& e) { return e.key() == lead ? e.seq() : 0; })
          .seq())
      << "its last event";
  for (const char* table :
       {"profiles", "external_ids", "activities", "fact_history", "crossings", "sales_facts"})
    EXPECT_EQ(RowsIn(table), 0) << table;
  EXPECT_TRUE(absl::IsNotFound(Erase(lead)));
  v1::GetLeadRequest get;
  get.set_name(lead);
  EXPECT_TRUE(absl::IsNotFound(Call<v1::Lead>("GetLead", get).status()));
  // An activity, by name and by external id, and an event of sales that come late.
  const size_t told = Events().size();
  Raise(lead);
  v1::RecordActivityRequest by_id;
  *by_id.mutable_activity() = Activity("leads/-", "late", "demo_request");
  by_id.mutable_identity()->mutable_external_id()->set_source("crm");
  by_id.mutable_identity()->mutable_external_id()->set_id("31");
  ASSERT_TRUE(Call<v1::RecordActivityResponse>("RecordActivity", by_id).ok());
  auto returned = Event(Request(lead));
  Fill(lead, 2, 1, *returned.mutable_meeting_request_returned());
  Tell(returned);
  EXPECT_EQ(RowsIn("activities"), 0);
  EXPECT_EQ(RowsIn("sales_facts"), 0);
  EXPECT_EQ(RowsIn("leads"), 1) << "the mark alone";
  EXPECT_EQ(Events().size(), told);
  v1::CreateLeadRequest create;
  create.set_lead_id(lead.substr(sizeof("leads/") - 1));
  *create.mutable_lead() = content;
  EXPECT_EQ(rpc::ReasonOf(Call<v1::Lead>("CreateLead", create).status()), "LEAD_ERASED");
  create.clear_lead_id();
  EXPECT_TRUE(Call<v1::Lead>("CreateLead", create).ok()) << "a person may bring somebody back";
}

}  // namespace
}  // namespace finalmile::leads
