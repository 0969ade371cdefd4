#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/testing/uuid_of.h"
#include "services/leads/leads_fixture.h"

namespace finalmile::leads {

namespace appts = appointments::v1;
using Which = v1::LeadEvent::EventCase;

// Leads that sales works on: their events, and those of appointments about them.
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

}  // namespace finalmile::leads
