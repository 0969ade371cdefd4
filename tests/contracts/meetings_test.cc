#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/module_harness.h"
#include "services/appointments/wiring.h"
#include "services/catalog/wiring.h"
#include "services/leads/wiring.h"
#include "tests/contracts/forwarding.h"

// A lead's way from a sales-ready lead to a meeting, through the three services and by their own events:
// stage, label, credit and routing follow what became of the meeting.
namespace finalmile::contracts {
namespace {

using appointments::v1::Appointment;
using appointments::v1::OutcomeCorrected;

class MeetingContractTest : public ::testing::TestWithParam<Sender> {
 protected:
  MeetingContractTest() { MoveTo(begin_); }
  // Whatever was sent was taken.
  void TearDown() override {
    for (testing::ModuleHarness* one : {&leads_, &catalog_, &appointments_}) EXPECT_EQ(ParkedIn(*one), 0);
  }

  void MoveTo(absl::Time time) {
    for (testing::ModuleHarness* one : {&leads_, &catalog_, &appointments_}) one->clock().SetNow(time);
    Exchange();
  }
  // Until no service has anything new to say to another one.
  void Exchange() {
    for (bool news = true; news;) {
      for (testing::ModuleHarness* one : {&leads_, &catalog_, &appointments_}) one->Settle();
      news = forwarding_.Forward<leads::v1::LeadEvent>(leads_, {&catalog_, &appointments_});
      news = forwarding_.Forward<catalog::v1::CatalogEvent>(catalog_, {&appointments_}) || news;
      news = forwarding_.Forward<appointments::v1::AppointmentEvent>(appointments_, {&leads_, &catalog_}) ||
             news;
    }
  }
  // The same records again, all of them.
  void RepeatMeetings() {
    forwarding_.Repeat<appointments::v1::AppointmentEvent>();
    Exchange();
  }

  template <class Response>
  Response Must(testing::ModuleHarness& service, const std::string& method,
                const google::protobuf::Message& request) {
    const auto answer = service.channel().Call<Response>("/finalmile." + method, request);
    EXPECT_TRUE(answer.ok()) << method << ": " << answer.status();
    Exchange();
    return answer.ok() ? *answer : Response();
  }

  std::string SalesReadyLead() {
    leads::v1::CreateLeadRequest create;
    create.mutable_lead()->set_company("Example GmbH");
    auto& attributes = *create.mutable_lead()->mutable_attributes();
    attributes["staff"].set_number(300);
    attributes["industry"].set_text("software");
    attributes["title"].set_text("VP Sales");
    std::string lead = Must<leads::v1::Lead>(leads_, "leads.v1.LeadService/CreateLead", create).name();
    leads::v1::RecordActivityRequest record;
    leads::v1::Activity& activity = *record.mutable_activity();
    activity.set_lead(lead);
    activity.set_source("web");
    activity.set_activity_id("1");
    activity.set_type("demo_request");
    *activity.mutable_event_time() = rpc::ToTimestamp(begin_ - absl::Hours(1));
    Must<leads::v1::RecordActivityResponse>(leads_, "leads.v1.LeadService/RecordActivity", record);
    return lead;
  }
  // A published asset that a rep has used for the lead.
  std::string UsedAsset(const std::string& lead) {
    catalog::v1::CreateAssetRequest create;
    catalog::v1::Asset& asset = *create.mutable_asset();
    asset.set_kind(catalog::v1::ASSET_KIND_EMAIL_TEMPLATE);
    asset.set_title("Ramp-up");
    asset.set_owner("mia");
    asset.set_body("Ramp-up took nine weeks.");
    asset.mutable_email_template()->set_subject("Ramp-up");
    create.set_asset_id("ramp-up");
    catalog::v1::PublishAssetRequest publish;
    publish.set_name(
        Must<catalog::v1::Asset>(catalog_, "catalog.v1.CatalogService/CreateAsset", create).name());
    publish.set_reviewer("tom");
    Must<catalog::v1::PublishAssetResponse>(catalog_, "catalog.v1.CatalogService/PublishAsset", publish);
    catalog::v1::RenderAssetRequest render;
    render.set_name(publish.name());
    render.set_lead(lead);
    catalog::v1::RecordUseRequest use;
    use.set_use_token(
        Must<catalog::v1::RenderAssetResponse>(catalog_, "catalog.v1.CatalogService/RenderAsset", render)
            .use_token());
    use.set_rep("ida");
    use.set_lead(lead);
    use.set_channel("email");
    Must<catalog::v1::RecordUseResponse>(catalog_, "catalog.v1.UsageService/RecordUse", use);
    return publish.name();
  }
  void MakeHost(const std::string& name) {
    appointments::v1::UpsertHostRequest request;
    request.mutable_host()->set_name(name);
    Must<appointments::v1::Host>(appointments_, "appointments.v1.AppointmentService/UpsertHost", request);
  }
  Appointment Book(const std::string& lead, absl::Time start) {
    appointments::v1::BookAppointmentRequest request;
    request.set_lead(lead);
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    return Must<Appointment>(appointments_, "appointments.v1.AppointmentService/BookAppointment", request);
  }
  void Reschedule(const std::string& name, absl::Time start) {
    appointments::v1::RescheduleAppointmentRequest request;
    request.set_name(name);
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    Must<Appointment>(appointments_, "appointments.v1.AppointmentService/RescheduleAppointment", request);
  }
  void Record(const std::string& name, OutcomeCorrected::Outcome outcome) {
    appointments::v1::RecordOutcomeRequest request;
    request.set_name(name);
    request.set_outcome(outcome);
    Must<Appointment>(appointments_, "appointments.v1.AppointmentService/RecordOutcome", request);
  }
  void Amend(const std::string& name, OutcomeCorrected::Outcome outcome) {
    appointments::v1::AmendOutcomeRequest request;
    request.set_name(name);
    request.set_outcome(outcome);
    request.set_reason("wrong-meeting");
    Must<Appointment>(appointments_, "appointments.v1.AppointmentService/AmendOutcome", request);
  }

  // (used, set, held) of matured uses.
  std::tuple<int64_t, int64_t, int64_t> Credit(const std::string& asset) {
    catalog::v1::GetAssetPerformanceRequest request;
    request.set_name(asset);
    const auto performance = Must<catalog::v1::GetAssetPerformanceResponse>(
        catalog_, "catalog.v1.UsageService/GetAssetPerformance", request);
    if (performance.versions().empty()) return {};
    const catalog::v1::AssetPerformance& newest = performance.versions(0);
    return {newest.matured(), newest.set(), newest.held()};
  }
  std::string StageOf(const std::string& lead) {
    leads::v1::GetLeadRequest request;
    request.set_name(lead);
    return leads::v1::Stage_Name(
        Must<leads::v1::Lead>(leads_, "leads.v1.LeadService/GetLead", request).stage());
  }
  std::string LabelOf(const std::string& lead) {
    leads::v1::ListCrossingsRequest request;
    request.set_parent(lead);
    const auto listed =
        Must<leads::v1::ListCrossingsResponse>(leads_, "leads.v1.LeadService/ListCrossings", request);
    EXPECT_EQ(listed.crossings_size(), 1);
    return listed.crossings().empty() ? "" : leads::v1::Crossing::Label_Name(listed.crossings(0).label());
  }
  // The host whose turn it is.
  std::string NextHost() {
    appointments::v1::FindSlotsRequest request;
    request.set_limit(1);
    const auto found = Must<appointments::v1::FindSlotsResponse>(
        appointments_, "appointments.v1.AppointmentService/FindSlots", request);
    return found.slots().empty() ? "" : found.slots(0).host();
  }

  // A Tuesday.
  const absl::Time begin_ = absl::FromCivil(absl::CivilMinute(2026, 12, 1, 10, 0), absl::UTCTimeZone());

 private:
  testing::ModuleHarness leads_{leads::kModule};
  testing::ModuleHarness catalog_{catalog::kModule};
  testing::ModuleHarness appointments_{appointments::kModule};
  Forwarding forwarding_{GetParam()};
};

// Row F30 of the fault table: whoever runs beside a newer release reads what it writes.
INSTANTIATE_TEST_SUITE_P(, MeetingContractTest, ::testing::Values(Sender::kThis, Sender::kNewer),
                         NameOfSender);

TEST_P(MeetingContractTest, StageLabelCreditAndRoutingFollowTheOutcomeAndBack) {
  for (const char* host : {"hosts/ana", "hosts/ben"}) MakeHost(host);
  const std::string lead = SalesReadyLead();
  EXPECT_EQ(StageOf(lead), "STAGE_SALES_READY");
  const std::string asset = UsedAsset(lead);
  const Appointment meeting = Book(lead, begin_ + absl::Hours(24));
  EXPECT_EQ(meeting.host(), "hosts/ana");
  ASSERT_EQ(meeting.touches_size(), 1);
  EXPECT_EQ(meeting.touches(0).subject(), asset);
  EXPECT_EQ(meeting.touches(0).how(), "used");
  EXPECT_EQ(StageOf(lead), "STAGE_MEETING_SET");
  EXPECT_EQ(NextHost(), "hosts/ben");
  // The day after; that is no second meeting.
  Reschedule(meeting.name(), begin_ + absl::Hours(48));
  EXPECT_EQ(StageOf(lead), "STAGE_MEETING_SET");

  MoveTo(begin_ + absl::Hours(49));
  Record(meeting.name(), OutcomeCorrected::OUTCOME_HELD);
  EXPECT_EQ(StageOf(lead), "STAGE_MEETING_HELD");
  // Uses and crossings mature.
  MoveTo(begin_ + absl::Hours(24 * 31));
  using Credited = std::tuple<int64_t, int64_t, int64_t>;
  EXPECT_EQ(Credit(asset), Credited(1, 1, 1));
  EXPECT_EQ(LabelOf(lead), "LABEL_HELD");
  RepeatMeetings();
  EXPECT_EQ(Credit(asset), Credited(1, 1, 1));

  Amend(meeting.name(), OutcomeCorrected::OUTCOME_GUEST_NO_SHOW);
  EXPECT_EQ(Credit(asset), Credited(1, 1, 0));
  EXPECT_EQ(LabelOf(lead), "LABEL_NOT_HELD");
  EXPECT_EQ(StageOf(lead), "STAGE_MEETING_SET") << "it is being booked again";
  Amend(meeting.name(), OutcomeCorrected::OUTCOME_HOST_NO_SHOW);
  EXPECT_EQ(Credit(asset), Credited(0, 0, 0)) << "whose fault was ours says nothing of the asset";
  EXPECT_EQ(LabelOf(lead), "LABEL_LEFT_OUT");
  Amend(meeting.name(), OutcomeCorrected::OUTCOME_HELD);
  EXPECT_EQ(Credit(asset), Credited(1, 1, 1));
  EXPECT_EQ(LabelOf(lead), "LABEL_HELD");
  EXPECT_EQ(StageOf(lead), "STAGE_MEETING_HELD");
  RepeatMeetings();
  EXPECT_EQ(Credit(asset), Credited(1, 1, 1));
}

}  // namespace
}  // namespace finalmile::contracts
