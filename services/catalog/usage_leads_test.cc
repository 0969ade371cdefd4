#include "finalmile/leads/v1/lead_event.pb.h"
#include "services/catalog/consumers/lead_consumer.h"
#include "services/catalog/usage_fixture.h"

namespace finalmile::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LeadsTest : public UsageTest {
 protected:
  leads::v1::LeadEvent Of(const std::string& lead) {
    outbox::Cause cause;
    return outbox::NewEvent<leads::v1::LeadEvent>(
        {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause}, lead, ++seqs_[lead]);
  }
  void TellLead(const leads::v1::LeadEvent& event) {
    Append(outbox::ToOutbox(event, consumers::kLeadEventsTopic,
                            outbox::SourceOf(*leads::v1::LeadEvent::descriptor()), ""));
  }
  void TellPermission(leads::v1::Channel channel, leads::v1::PermissionState state,
                      const std::string& purpose = "sales") {
    leads::v1::LeadEvent event = Of("leads/1");
    auto& changed = *event.mutable_contact_permission_changed();
    changed.set_channel(channel);
    changed.set_purpose(purpose);
    changed.set_state(state);
    TellLead(event);
  }
  void TellErased(const std::string& lead) {
    leads::v1::LeadEvent event = Of(lead);
    event.mutable_lead_erased();
    TellLead(event);
  }

 private:
  std::map<std::string, int64_t> seqs_;
};

INSTANTIATE_TEST_SUITE_P(Engines, LeadsTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(LeadsTest, AChannelThatTheLeadForbidsIsMisuse) {
  const std::string token = Token(Published("Letter").name());
  const auto by = [&](const std::string& channel, absl::Duration ago = absl::ZeroDuration()) {
    v1::RecordUseRequest request = UseOf(token);
    request.set_channel(channel);
    *request.mutable_use_time() = rpc::ToTimestamp(harness_.clock().Now() - ago);
    return Record(request);
  };
  TellPermission(leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_DENIED, "newsletter");
  EXPECT_THAT(by("phone").misuses(), IsEmpty());
  harness_.clock().Advance(absl::Hours(1));
  TellPermission(leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_DENIED);
  EXPECT_THAT(by("phone").misuses(), ElementsAre(v1::MISUSE_NO_PERMISSION));
  EXPECT_THAT(by("voicemail").misuses(), ElementsAre(v1::MISUSE_NO_PERMISSION));
  EXPECT_THAT(by("email").misuses(), IsEmpty());
  EXPECT_THAT(by("chat").misuses(), IsEmpty());
  // Before it was said.
  EXPECT_THAT(by("phone", absl::Microseconds(1)).misuses(), IsEmpty());
  TellPermission(leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_ALLOWED);
  EXPECT_THAT(by("phone").misuses(), IsEmpty());
}

TEST_P(LeadsTest, AnErasedLeadLeavesSumsAndIsNotTakenAgain) {
  const std::string asset = Published("Letter").name();
  const std::string token = Token(asset, "leads/1");
  v1::RecommendAssetsRequest recommend;
  recommend.set_lead("leads/1");
  ASSERT_TRUE(Call<v1::RecommendAssetsResponse>("RecommendAssets", recommend).ok());
  Record(UseOf(token, "Hi {{first_name}}"));
  v1::RecordUseRequest other = UseOf(Token(asset, "leads/2"));
  other.set_lead("leads/2");
  Record(other);
  TellSet("m1", "leads/1", {asset});
  TellErased("leads/1");

  const auto rows = [&](const std::string& table) {
    int64_t count = -1;
    EXPECT_TRUE(harness_.database()
                    .Transact({.deadline = harness_.clock().Steady() + absl::Seconds(5), .read_only = true},
                              [&](storage::Transaction& transaction) -> absl::Status {
                                auto counted = transaction.Execute("SELECT COUNT(*) FROM " + table +
                                                                   " WHERE lead = 'leads/1'");
                                if (counted.ok()) count = counted->rows[0].Int(0);
                                return counted.status();
                              })
                    .ok());
    return count;
  };
  for (const char* table : {"uses", "offers", "meetings", "permissions"}) EXPECT_EQ(rows(table), 0) << table;
  EXPECT_EQ(Performance(asset).used(), 2);

  const auto reason = [](const absl::Status& status) { return rpc::ReasonOf(status); };
  EXPECT_EQ(reason(Ask<v1::RecordUseResponse>("RecordUse", UseOf(token)).status()), "LEAD_ERASED");
  EXPECT_EQ(reason(Call<v1::RecommendAssetsResponse>("RecommendAssets", recommend).status()), "LEAD_ERASED");
  v1::RecordViewRequest view;
  view.set_asset(asset);
  view.set_lead("leads/1");
  EXPECT_EQ(reason(Ask<v1::RecordViewResponse>("RecordView", view).status()), "LEAD_ERASED");
  TellHeld("m1", "leads/1", {asset});
  TellSet("m2", "leads/1", {asset});
  TellPermission(leads::v1::CHANNEL_EMAIL, leads::v1::PERMISSION_STATE_DENIED);
  for (const char* table : {"uses", "offers", "meetings", "permissions"}) EXPECT_EQ(rows(table), 0) << table;
  Record(other);
}

}  // namespace
}  // namespace finalmile::catalog
