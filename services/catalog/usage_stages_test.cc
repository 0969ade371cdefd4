#include <set>

#include "libs/rpc/timestamps.h"
#include "services/catalog/usage_fixture.h"

// What is known of a lead when something is used with it, or is to be.
namespace finalmile::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StagesTest : public UsageTest {
 protected:
  v1::Use RecordAt(const std::string& token, absl::Time time) {
    v1::RecordUseRequest request = UseOf(token);
    *request.mutable_use_time() = rpc::ToTimestamp(time);
    return Record(request);
  }
  v1::AssetUsed LastUsed() { return EventsOf(Event::kAssetUsed).back().asset_used(); }
};

INSTANTIATE_TEST_SUITE_P(Engines, StagesTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(StagesTest, AUseIsJudgedByWhatWasKnownAtItsTime) {
  v1::Tags tags;
  tags.add_stages("discovery");
  const std::string token = Token(Published("Letter", 1, tags).name());
  const auto grade_and_stage = [&] { return LastUsed().grade() + " " + LastUsed().stage(); };
  EXPECT_THAT(Record(UseOf(token)).misuses(), IsEmpty());
  EXPECT_EQ(grade_and_stage(), " ");
  const absl::Time begin = harness_.clock().Now();
  Advance(absl::Hours(1));
  leads::v1::LeadEvent created = LeadEventOf(LeadName("1"));
  created.mutable_lead_created();
  Append(outbox::ToOutbox(created));
  Append(outbox::ToOutbox(GradeOf(LeadName("1"), "C3")));
  EXPECT_THAT(Record(UseOf(token)).misuses(), ElementsAre(v1::MISUSE_STAGE));
  EXPECT_EQ(grade_and_stage(), "C3 prospecting");
  Advance(absl::Hours(1));
  leads::v1::LeadEvent ready = LeadEventOf(LeadName("1"));
  ready.mutable_lead_became_sales_ready()->set_grade("A1");
  Append(outbox::ToOutbox(ready));
  Append(outbox::ToOutbox(StageOf(LeadName("1"), leads::v1::STAGE_MEETING_SET)));
  EXPECT_THAT(Record(UseOf(token)).misuses(), IsEmpty());
  EXPECT_EQ(grade_and_stage(), "A1 discovery");
  Advance(absl::Hours(1));
  leads::v1::LeadEvent cooled = LeadEventOf(LeadName("1"));
  cooled.mutable_lead_cooled()->set_grade("B2");
  Append(outbox::ToOutbox(cooled));
  leads::v1::LeadEvent opportunity = LeadEventOf(LeadName("1"));
  opportunity.mutable_opportunity_changed()->set_state(leads::v1::OPPORTUNITY_STATE_OPEN);
  Append(outbox::ToOutbox(opportunity));
  EXPECT_THAT(Record(UseOf(token)).misuses(), ElementsAre(v1::MISUSE_STAGE));
  EXPECT_EQ(grade_and_stage(), "B2 closing");
  // Those that are reported late, and after a restart.
  harness_.Restart();
  EXPECT_THAT(RecordAt(token, begin + absl::Hours(1)).misuses(), ElementsAre(v1::MISUSE_STAGE));
  EXPECT_EQ(grade_and_stage(), "C3 prospecting");
  EXPECT_THAT(RecordAt(token, begin + absl::Hours(3) - absl::Microseconds(1)).misuses(), IsEmpty());
  EXPECT_EQ(grade_and_stage(), "A1 discovery");
  RecordAt(token, begin);
  EXPECT_EQ(grade_and_stage(), " ");
}

TEST_P(StagesTest, RecommendationsAreForTheStageOfTheLead) {
  v1::Tags discovery;
  discovery.add_stages("discovery");
  v1::Tags closing;
  closing.add_stages("closing");
  const std::string early = Published("Early", 1, discovery).name();
  const std::string late = Published("Late", 100, closing).name();
  const auto recommended = [&](const std::string& lead, const std::string& stage) {
    v1::RecommendAssetsRequest request;
    request.set_lead(lead);
    request.set_stage(stage);
    std::set<std::string> names;
    // Some of the lists hold back one of the two.
    const auto list = Recommend(request);
    EXPECT_TRUE(list.ok()) << list.status();
    for (const auto& one : list->recommendations()) names.insert(one.asset().name());
    return names;
  };
  TellGradeAndStage(LeadName("1"), "A1", leads::v1::STAGE_MEETING_SET);
  EXPECT_FALSE(recommended(LeadName("1"), "closing").contains(late));
  TellGradeAndStage(LeadName("1"), "A1", leads::v1::STAGE_WON);
  EXPECT_FALSE(recommended(LeadName("1"), "discovery").contains(early));
  EXPECT_THAT(recommended("", "discovery"), ElementsAre(early));
  EXPECT_THAT(recommended("", "closing"), ElementsAre(late));
}

TEST_P(StagesTest, ATextIsNotRenderedForAChannelThatTheLeadDenied) {
  v1::RenderAssetRequest request;
  request.set_name(Published("Letter").name());
  request.set_lead(LeadName("1"));
  (*request.mutable_values())["first_name"] = "Ann";
  (*request.mutable_values())["company"] = "Acme";
  const auto reason_by = [&](const std::string& channel) {
    request.set_channel(channel);
    return rpc::ReasonOf(Call<v1::RenderAssetResponse>("RenderAsset", request).status());
  };
  const auto tell = [&](leads::v1::PermissionState state, const std::string& purpose) {
    leads::v1::LeadEvent event = LeadEventOf(LeadName("1"));
    auto& changed = *event.mutable_contact_permission_changed();
    changed.set_channel(leads::v1::CHANNEL_PHONE);
    changed.set_purpose(purpose);
    changed.set_state(state);
    Append(outbox::ToOutbox(event));
  };
  // It has said nothing.
  EXPECT_EQ(reason_by("phone"), "");
  tell(leads::v1::PERMISSION_STATE_DENIED, "newsletter");
  EXPECT_EQ(reason_by("phone"), "");
  tell(leads::v1::PERMISSION_STATE_DENIED, "sales");
  EXPECT_EQ(reason_by("phone"), "CONTACT_NOT_PERMITTED");
  EXPECT_EQ(reason_by("voicemail"), "CONTACT_NOT_PERMITTED");
  for (const char* channel : {"", "email", "letter", "meeting", "chat"}) EXPECT_EQ(reason_by(channel), "");
  request.set_channel("pigeon");
  EXPECT_EQ(FieldOf(Call<v1::RenderAssetResponse>("RenderAsset", request).status()), "channel");
  // What was done is recorded, as a misuse.
  request.set_channel("");
  v1::RecordUseRequest use = UseOf(Call<v1::RenderAssetResponse>("RenderAsset", request)->use_token());
  use.set_channel("phone");
  EXPECT_THAT(Record(use).misuses(), ElementsAre(v1::MISUSE_NO_PERMISSION));
  tell(leads::v1::PERMISSION_STATE_UNSPECIFIED, "sales");
  EXPECT_EQ(reason_by("phone"), "");
  tell(leads::v1::PERMISSION_STATE_DENIED, "sales");
  tell(leads::v1::PERMISSION_STATE_ALLOWED, "sales");
  EXPECT_EQ(reason_by("phone"), "");
}

}  // namespace
}  // namespace finalmile::catalog
