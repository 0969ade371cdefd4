#include <gmock/gmock.h>

#include <algorithm>

#include "libs/rpc/errors.h"
#include "services/leads/sales_fixture.h"

// Whom sales may reach, what it may sell, and who was erased.
namespace finalmile::leads {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kDay = absl::Hours(24);

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

TEST_F(SalesTest, TwoLeadsOfOnePersonBecomeOne) {
  v1::Lead content = GoodLead();
  content.set_email("ana@work.example");
  const std::string stays = Create(content).name();
  ASSERT_TRUE(Permit(stays, v1::CHANNEL_EMAIL, v1::PERMISSION_STATE_ALLOWED).ok());
  v1::Lead other;
  other.set_given_name("Ana");
  other.set_email("a.ruiz@work.example");
  other.add_external_ids()->set_source("crm");
  other.mutable_external_ids(0)->set_id("31");
  const std::string goes = Create(other).name();
  harness_.clock().Advance(absl::Seconds(1));
  ASSERT_TRUE(Permit(goes, v1::CHANNEL_EMAIL, v1::PERMISSION_STATE_DENIED).ok());
  Record(Activity(goes, "p1", "page_view", "pricing"));
  Raise(goes);
  Claimed(goes);
  const auto merge = [&](const std::string& name, const std::string& duplicate) {
    v1::MergeLeadsRequest request;
    request.set_name(name);
    request.set_duplicate(duplicate);
    auto merged = Call<v1::Lead>("MergeLeads", request);
    harness_.Settle();
    return merged;
  };
  EXPECT_THAT(std::string(merge(stays, stays).status().message()), HasSubstr("duplicate"));
  const auto merged = merge(stays, goes);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->name(), stays);
  EXPECT_EQ(merged->given_name(), "Ana");
  EXPECT_EQ(merged->email(), "ana@work.example");
  EXPECT_EQ(merged->external_ids(0).id(), "31");
  EXPECT_EQ(merged->permissions(0).state(), v1::PERMISSION_STATE_DENIED) << "the later word";
  EXPECT_GT(merged->score().engagement(), 14);
  EXPECT_EQ(Of(goes, Which::kLeadMerged).back().lead_merged().into(), stays);
  EXPECT_EQ(Get(goes).name(), stays) << "its name stands for the other";
  // What still comes under the old name.
  const double engagement = Get(stays).score().engagement();
  Record(Activity(goes, "p2", "page_view", "pricing"));
  harness_.Settle();
  EXPECT_GT(Get(stays).score().engagement(), engagement + 10);
  EXPECT_TRUE(Permit(goes, v1::CHANNEL_PHONE, v1::PERMISSION_STATE_DENIED).ok());
  EXPECT_EQ(Get(stays).permissions_size(), 2);
  auto returned = Event(Request(goes));
  Fill(stays, 7, 1, *returned.mutable_meeting_request_returned());
  Tell(returned);
  EXPECT_EQ(Get(stays).stage(), v1::STAGE_RECYCLED);
  EXPECT_TRUE(absl::IsNotFound(merge(stays, "leads/" + testing::UuidOf("nobody")).status()));
  v1::CreateLeadRequest again;
  again.set_lead_id(goes.substr(sizeof("leads/") - 1));
  *again.mutable_lead() = GoodLead();
  EXPECT_EQ(rpc::ReasonOf(Call<v1::Lead>("CreateLead", again).status()), "LEAD_MERGED");
  ASSERT_EQ(Erase(stays), absl::OkStatus());
  EXPECT_EQ(RowsIn("activities"), 0);
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
