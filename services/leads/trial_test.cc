#include <gmock/gmock.h>

#include "libs/rpc/errors.h"
#include "services/leads/engines_fixture.h"

namespace finalmile::leads {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kDay = absl::Hours(24);

// What a dry run says of a policy, and when publishing has ended.
class TrialTest : public LeadsTest {
 protected:
  void SetUp() override { harness_.clock().SetNow(absl::FromUnixSeconds(1'750'000'000)); }

  v1::Policy Current() {
    v1::GetPolicyRequest get;
    get.set_name("policies/-");
    const auto policy = Call<v1::Policy>("GetPolicy", get);
    EXPECT_TRUE(policy.ok()) << policy.status();
    return policy.ok() ? *policy : v1::Policy();
  }
  absl::StatusOr<v1::PublishPolicyResponse> Publish(const v1::Policy& policy, bool dry_run,
                                                    int32_t weekly_capacity = 0) {
    v1::PublishPolicyRequest request;
    *request.mutable_policy() = policy;
    request.set_dry_run(dry_run);
    request.set_weekly_capacity(weekly_capacity);
    return Call<v1::PublishPolicyResponse>("PublishPolicy", request);
  }
  v1::PolicyTrial Try(const v1::Policy& policy, int32_t weekly_capacity = 0) {
    const auto tried = Publish(policy, true, weekly_capacity);
    EXPECT_TRUE(tried.ok()) << tried.status();
    return tried.ok() ? tried->trial() : v1::PolicyTrial();
  }
  // A lead that started a trial so long ago, 40 points then.
  std::string Engaged(absl::Duration ago) {
    std::string lead = Create(GoodLead()).name();
    Record(Activity(lead, "t-" + lead, "trial_started", "", ago));
    harness_.Settle();
    return lead;
  }
};

TEST_F(TrialTest, EveryLeadIsJudgedAfresh) {
  const std::string lead = Engaged(absl::ZeroDuration());
  EXPECT_EQ(Get(lead).score().lane(), "engaged");
  v1::Policy raised = Current();
  raised.set_name("policies/raised-1");
  for (int i : {1, 2}) raised.mutable_lanes(i)->set_min_engagement(60);
  v1::PolicyTrial trial = Try(raised);
  EXPECT_EQ(trial.sales_ready_before(), 1);
  EXPECT_EQ(trial.sales_ready_after(), 0);
  EXPECT_EQ(trial.staying_before(), 0);
  EXPECT_EQ(trial.staying_after(), 1);
  EXPECT_THAT(trial.ceasing_ready(), ElementsAre(lead));
  // Under the policy in force, too, it stays merely because it has not cooled: 25 to 20 points are left.
  harness_.clock().Advance(25 * kDay);
  harness_.Settle();
  trial = Try(raised);
  EXPECT_EQ(trial.sales_ready_before(), 0);
  EXPECT_EQ(trial.staying_before(), 1);
  EXPECT_THAT(trial.ceasing_ready(), IsEmpty());
}

TEST_F(TrialTest, TheLastThirteenWeeksArePlayedAgain) {
  for (const int days : {90, 89, 20, 13, 6, 5}) Engaged(days * kDay);
  const std::string asked = Create(GoodLead()).name();
  Record(Activity(asked, "a1", "demo_request", "", 30 * kDay));
  // Before these weeks.
  Engaged(91 * kDay + absl::Minutes(1));
  v1::Policy same = Current();
  same.set_name("policies/same-1");
  v1::PolicyTrial trial = Try(same, 1);
  for (const v1::PolicyCrossings& crossings : {trial.crossings_before(), trial.crossings_after()}) {
    EXPECT_EQ(crossings.hand_raises(), 1);
    EXPECT_EQ(crossings.scored(), 6);
    EXPECT_DOUBLE_EQ(crossings.a_week(), 7.0 / 13);
    EXPECT_THAT(crossings.by_week(), ElementsAre(2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 2));
  }
  EXPECT_EQ(scoring::FromProto(trial.first_activity_time()), harness_.clock().Now() - 90 * kDay);
  // All of them fit; 25 in the other lane would let the same in.
  EXPECT_EQ(trial.crossings_suggested().scored(), 6);
  EXPECT_GT(trial.suggested_min_engagement(), same.cool_below());
}

TEST_F(TrialTest, TheSuggestedThresholdFitsTheCapacityAndCanBePublished) {
  // 30 leads in 13 weeks with 41 to 70 points: three days of each, 20 and then more points at once.
  for (int i = 0; i < 30; ++i) {
    const std::string lead = Create(GoodLead()).name();
    Record(Activity(lead, "t-" + lead, "trial_started", "", (60 - i) * kDay));
    v1::Activity page = Activity(lead, "p-" + lead, "page_view", "product", (60 - i) * kDay);
    page.set_count(1 + i % 5);
    Record(page);
    Record(Activity(lead, "c-" + lead, "email_click", "", (60 - i) * kDay));
    if (i < 4) Record(Activity(lead, "h-" + lead, "demo_request", "", (61 - i) * kDay));
  }
  harness_.Settle();
  v1::Policy policy = Current();
  policy.set_name("policies/tried-1");
  policy.mutable_lanes(2)->set_min_engagement(90);
  const v1::PolicyTrial trial = Try(policy, 1);
  EXPECT_EQ(trial.crossings_suggested().hand_raises(), 4);
  EXPECT_LE(trial.crossings_suggested().a_week(), 1);
  EXPECT_GT(trial.crossings_suggested().scored(), 0);
  policy.mutable_lanes(1)->set_min_engagement(trial.suggested_min_engagement());
  const v1::PolicyTrial again = Try(policy, 1);
  EXPECT_EQ(again.crossings_after().hand_raises(), trial.crossings_suggested().hand_raises());
  EXPECT_EQ(again.crossings_after().scored(), trial.crossings_suggested().scored());
  EXPECT_TRUE(Publish(policy, false).ok());
}

TEST_F(TrialTest, HandRaisesAloneMayBeMoreThanTheCapacity) {
  for (int i = 0; i < 14; ++i) {
    const std::string lead = Create(GoodLead()).name();
    Record(Activity(lead, "h-" + lead, "demo_request", "", i * kDay));
  }
  Engaged(kDay);
  v1::Policy policy = Current();
  policy.set_name("policies/tried-1");
  EXPECT_EQ(Try(policy, 1).suggested_min_engagement(), 0);
  EXPECT_EQ(Try(policy, 1).crossings_suggested().hand_raises(), 14);
  EXPECT_GT(Try(policy, 2).suggested_min_engagement(), 0);
}

TEST_F(TrialTest, ADryRunRefusesWhatPublishingRefuses) {
  v1::Policy policy = Current();
  EXPECT_TRUE(Publish(policy, true).ok());
  EXPECT_TRUE(Publish(policy, false).ok());
  v1::Policy other = policy;
  other.mutable_lanes(1)->set_min_engagement(41);
  for (const bool dry_run : {true, false})
    EXPECT_EQ(rpc::ReasonOf(Publish(other, dry_run).status()), "POLICY_EXISTS");
  other.set_name("policies/other-1");
  ASSERT_TRUE(Publish(other, false).ok());
  for (const bool dry_run : {true, false}) {
    const absl::Status older = Publish(policy, dry_run).status();
    EXPECT_EQ(rpc::ReasonOf(older), "POLICY_EXISTS");
    EXPECT_THAT(std::string(older.message()), HasSubstr("others after it"));
  }
  other.set_name("policies/other-2");
  other.mutable_lanes(1)->set_min_engagement(other.cool_below());
  for (const bool dry_run : {true, false})
    EXPECT_EQ(Publish(other, dry_run).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(TrialTest, RescoringIsToldUntilItHasEnded) {
  Create(GoodLead());
  Create(GoodLead());
  harness_.Settle();
  const auto left = [&] {
    const auto rescoring = harness_.channel().Call<v1::Rescoring>(
        "/finalmile.leads.v1.ScoringService/GetRescoring", v1::GetRescoringRequest());
    EXPECT_TRUE(rescoring.ok()) << rescoring.status();
    return rescoring.ok() ? rescoring->policy() + " " + std::to_string(rescoring->leads_left()) : "";
  };
  EXPECT_EQ(left(), "policies/b2b-software-1 0");
  v1::Policy policy = Current();
  policy.set_name("policies/next-1");
  ASSERT_TRUE(Publish(policy, false).ok());
  EXPECT_EQ(left(), "policies/next-1 2");
  harness_.Settle();
  EXPECT_EQ(left(), "policies/next-1 0");
}

// The reading of the past, on both engines.
class TrialOnEnginesTest : public EnginesTest {};

TEST_P(TrialOnEnginesTest, ATrialPlaysTheFactsThatHeldThen) {
  v1::Lead lead = service().Create(Service::GoodLead());
  const auto change = [&](const std::string& path, double staff, bool gated) {
    v1::UpdateLeadRequest update;
    update.mutable_lead()->set_name(lead.name());
    (*update.mutable_lead()->mutable_attributes())["staff"].set_number(staff);
    if (gated) update.mutable_lead()->add_gates(v1::GATE_CUSTOMER);
    update.mutable_update_mask()->add_paths(path);
    ASSERT_TRUE(service().Call<v1::Lead>("UpdateLead", update).ok());
  };
  // A version from before the weeks that are played, which held as they began.
  change("attributes.staff", 5, false);
  service().harness_.clock().Advance(absl::Hours(24 * 100));
  change("attributes.staff", 300, false);
  service().Record(service().Activity(lead.name(), "a1", "trial_started"));
  service().harness_.Settle();
  service().harness_.clock().Advance(absl::Hours(24));
  change("gates", 300, true);
  v1::GetPolicyRequest get;
  get.set_name("policies/-");
  v1::PublishPolicyRequest request;
  *request.mutable_policy() = *service().Call<v1::Policy>("GetPolicy", get);
  request.set_dry_run(true);
  const auto tried = service().Call<v1::PublishPolicyResponse>("PublishPolicy", request);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(tried->trial().crossings_after().scored(), 1);
  EXPECT_EQ(tried->trial().sales_ready_after(), 0);
  // So many versions are played, and the facts of now where there are more.
  for (int i = 3; i < 500; ++i) change("attributes.staff", 300 + i % 2, false);
  EXPECT_EQ(
      service().Call<v1::PublishPolicyResponse>("PublishPolicy", request)->trial().crossings_after().scored(),
      1);
  change("attributes.staff", 400, false);
  EXPECT_EQ(
      service().Call<v1::PublishPolicyResponse>("PublishPolicy", request)->trial().crossings_after().scored(),
      0);

  Publish("policies/next-1", 9);
  const auto left = [&] {
    const auto rescoring = service().harness_.channel().Call<v1::Rescoring>(
        "/finalmile.leads.v1.ScoringService/GetRescoring", v1::GetRescoringRequest());
    return rescoring.ok() ? rescoring->leads_left() : -1;
  };
  EXPECT_EQ(left(), 1);
  service().harness_.Settle();
  EXPECT_EQ(left(), 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, TrialOnEnginesTest,
                         ::testing::Values(storage::Engine::kSqlite, storage::Engine::kPostgres),
                         [](const auto& info) {
                           return info.param == storage::Engine::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace finalmile::leads
