#include <fmt/format.h>

#include <set>

#include "libs/rpc/answer.h"
#include "libs/rpc/errors.h"
#include "services/leads/leads_fixture.h"

namespace finalmile::leads {
namespace {

using Which = v1::LeadEvent;

TEST_F(LeadsTest, ACreatedLeadIsScoredAndTold) {
  const v1::Lead lead = Create(GoodLead());
  EXPECT_DOUBLE_EQ(lead.score().fit(), 80 + 5);  // a known company is one way to reach it
  EXPECT_EQ(lead.score().grade(), "A4");
  EXPECT_EQ(lead.stage(), v1::STAGE_NEW);
  EXPECT_EQ(Get(lead.name()).etag(), lead.etag());
  harness_.Settle();
  const std::vector<v1::LeadEvent> events = Events();
  ASSERT_EQ(events.size(), 3u);  // the default policy, the lead, its score
  EXPECT_EQ(Count(Which::kPolicyPublished), 1);
  EXPECT_EQ(Count(Which::kLeadCreated), 1);
  EXPECT_EQ(Count(Which::kLeadScoreChanged), 1);
}

TEST_F(LeadsTest, ARequestIdTakesEffectOnce) {
  v1::CreateLeadRequest request;
  *request.mutable_lead() = GoodLead();
  request.set_request_id("r-1");
  const auto first = Call<v1::Lead>("CreateLead", request);
  const auto second = Call<v1::Lead>("CreateLead", request);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->name(), second->name());
  request.mutable_lead()->set_company("Other AG");
  const auto changed = Call<v1::Lead>("CreateLead", request);
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(rpc::ReasonOf(changed.status()), "REQUEST_ID_REUSED");
}

TEST_F(LeadsTest, AHandRaiseMakesAFitLeadSalesReadyWithReasonsThatAddUp) {
  const v1::Lead lead = Create(GoodLead());
  Record(Activity(lead.name(), "a1", "page_view", "pricing"));
  Record(Activity(lead.name(), "a2", "demo_request"));
  harness_.Settle();
  const v1::Lead ready = Get(lead.name());
  EXPECT_EQ(ready.score().lane(), "hand-raise");
  EXPECT_EQ(ready.stage(), v1::STAGE_SALES_READY);
  EXPECT_DOUBLE_EQ(ready.score().engagement(), 15);
  for (const v1::LeadEvent& event : Events()) {
    if (!event.has_lead_became_sales_ready()) continue;
    const v1::LeadBecameSalesReady& told = event.lead_became_sales_ready();
    EXPECT_EQ(told.lane(), "hand-raise");
    EXPECT_NEAR(Sum(told.reasons()), told.score().score(), 1e-6);
    EXPECT_GT(told.reasons_size(), 5);
  }
  EXPECT_EQ(Count(Which::kLeadBecameSalesReady), 1);
}

TEST_F(LeadsTest, ARepeatedActivityCountsOnceAndAChangedOneIsParked) {
  const v1::Lead lead = Create(GoodLead());
  const v1::Activity activity = Activity(lead.name(), "a1", "page_view", "pricing");
  Record(activity);
  Record(activity);
  harness_.Settle();
  EXPECT_DOUBLE_EQ(Get(lead.name()).score().engagement(), 15);
  v1::Activity changed = activity;
  changed.set_subject("roi");
  Record(changed);
  harness_.Settle();
  EXPECT_DOUBLE_EQ(Get(lead.name()).score().engagement(), 15);
  EXPECT_EQ(harness_.consumer(0).stats().parked, 1);
}

TEST_F(LeadsTest, AnActivityBeforeItsLeadCountsWhenTheLeadArrives) {
  const std::string id = "0197f3a0-0000-7000-8000-000000000001";
  Record(Activity("leads/" + id, "a1", "page_view", "pricing"));
  harness_.Settle();
  v1::GetLeadRequest get;
  get.set_name("leads/" + id);
  EXPECT_EQ(Call<v1::Lead>("GetLead", get).status().code(), absl::StatusCode::kNotFound);
  EXPECT_DOUBLE_EQ(Create(GoodLead(), id).score().engagement(), 15);
  v1::CreateLeadRequest again;
  *again.mutable_lead() = GoodLead();
  again.set_lead_id(id);
  EXPECT_EQ(rpc::ReasonOf(Call<v1::Lead>("CreateLead", again).status()), "LEAD_EXISTS");
}

TEST_F(LeadsTest, ALateActivityTakesTheEarlierPlace) {
  harness_.clock().SetNow(absl::FromUnixSeconds(1'750'000'000));
  const v1::Lead lead = Create(GoodLead());
  Record(Activity(lead.name(), "b", "page_view", "pricing", absl::Minutes(10)));
  Record(Activity(lead.name(), "c", "page_view", "pricing", absl::Minutes(5)));
  harness_.Settle();
  // Two a week count, the earliest: "a" happened first and pushes "c" out.
  Record(Activity(lead.name(), "a", "page_view", "pricing", absl::Hours(2)));
  harness_.Settle();
  const v1::Score stored = Get(lead.name()).score();
  const v1::ExplainScoreResponse explained = Explain(lead.name());
  EXPECT_NEAR(stored.engagement(), explained.score().engagement(), 1e-9);
  EXPECT_NEAR(Sum(explained.reasons()), explained.score().score(), 1e-6);
  const double expected = 15 * std::exp2(-2.0 / (24 * 7)) + 15 * std::exp2(-10.0 / (60 * 24 * 7));
  EXPECT_NEAR(stored.engagement(), expected, 1e-9);
}

TEST_F(LeadsTest, FadingCoolsAScoredLeadAndTheHistoryTellsIt) {
  const v1::Lead lead = Create(GoodLead());
  harness_.clock().Advance(absl::Hours(1));
  Record(Activity(lead.name(), "a1", "trial_started"));
  harness_.Settle();
  EXPECT_EQ(Get(lead.name()).score().lane(), "engaged");
  harness_.clock().Advance(absl::Hours(24 * 31));
  harness_.Settle();
  EXPECT_EQ(Get(lead.name()).score().lane(), "");
  EXPECT_EQ(Count(Which::kLeadCooled), 1);

  v1::ListScoreChangesRequest request;
  request.set_parent(lead.name());
  request.set_page_size(1);
  std::vector<std::string> causes;
  do {
    const auto page = Call<v1::ListScoreChangesResponse>("ListScoreChanges", request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_EQ(page->changes_size(), 1);
    causes.insert(causes.begin(), page->changes(0).cause());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  ASSERT_GE(causes.size(), 3u);
  EXPECT_EQ(causes[0], "attributes");
  EXPECT_EQ(causes[1], "activity");
  EXPECT_EQ(causes.back(), "fading");
}

TEST_F(LeadsTest, AnUpdateNeedsTheEtagAndChangesWhatTheMaskNames) {
  const v1::Lead lead = Create(GoodLead());
  v1::UpdateLeadRequest request;
  request.mutable_lead()->set_name(lead.name());
  request.mutable_lead()->set_etag("stale");
  request.mutable_lead()->set_owner("kim");
  (*request.mutable_lead()->mutable_attributes())["staff"].set_number(5);
  request.mutable_update_mask()->add_paths("owner");
  request.mutable_update_mask()->add_paths("attributes.staff");
  request.mutable_update_mask()->add_paths("attributes.title");
  EXPECT_EQ(rpc::ReasonOf(Call<v1::Lead>("UpdateLead", request).status()), "ETAG_MISMATCH");
  request.mutable_lead()->set_etag(lead.etag());
  const auto updated = Call<v1::Lead>("UpdateLead", request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->owner(), "kim");
  EXPECT_FALSE(updated->attributes().contains("title"));
  EXPECT_TRUE(updated->attributes().contains("industry"));
  EXPECT_LT(updated->score().fit(), lead.score().fit());
  EXPECT_NE(updated->etag(), lead.etag());
  harness_.Settle();
  EXPECT_EQ(Count(Which::kLeadUpdated), 1);

  request.mutable_lead()->clear_etag();
  request.mutable_update_mask()->add_paths("score");
  const auto refused = Call<v1::Lead>("UpdateLead", request);
  ASSERT_EQ(rpc::ViolationsOf(refused.status()).size(), 1u);
  EXPECT_EQ(rpc::ViolationsOf(refused.status())[0].field(), "update_mask");
}

TEST_F(LeadsTest, TheTopListIsExactOverPages) {
  std::vector<std::pair<double, std::string>> expected;
  for (int i = 0; i < 30; ++i) {
    v1::Lead lead = GoodLead();
    (*lead.mutable_attributes())["staff"].set_number(i % 3 == 0 ? 5 : 300);
    const std::string name = Create(lead).name();
    for (int j = 0; j < i % 4; ++j) {
      Record(Activity(name, name + std::to_string(j), "page_view", "product", absl::Hours(24 * i)));
    }
    expected.emplace_back(0, name);
  }
  harness_.Settle();
  v1::ListTopLeadsRequest request;
  request.set_page_size(7);
  std::vector<std::string> names;
  double last = 1e9;
  do {
    const auto page = Call<v1::ListTopLeadsResponse>("ListTopLeads", request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Lead& lead : page->leads()) {
      EXPECT_LE(lead.score().score(), last + 1e-9);
      last = lead.score().score();
      names.push_back(lead.name());
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()) - names.begin(), 30);
  EXPECT_EQ(names.size(), 30u);

  request.Clear();
  request.set_filter("fit < 70");
  const auto filtered = Call<v1::ListTopLeadsResponse>("ListTopLeads", request);
  ASSERT_TRUE(filtered.ok()) << filtered.status();
  EXPECT_EQ(filtered->leads_size(), 10);
  request.set_filter("shoe_size = 43");
  EXPECT_EQ(rpc::ViolationsOf(Call<v1::ListTopLeadsResponse>("ListTopLeads", request).status())[0].field(),
            "filter");
}

TEST_F(LeadsTest, AnExplanationAsOfATimeKnowsOnlyWhatWasRecordedByThen) {
  const v1::Lead lead = Create(GoodLead());
  const absl::Time before = harness_.clock().Now();
  harness_.clock().Advance(absl::Hours(1));
  // Happened before `before`, but nobody knew.
  Record(Activity(lead.name(), "a1", "page_view", "pricing", absl::Hours(2)));
  harness_.Settle();
  v1::ExplainScoreRequest request;
  request.set_name(lead.name());
  *request.mutable_as_of() = scoring::ToProto(before);
  const auto then = Call<v1::ExplainScoreResponse>("ExplainScore", request);
  ASSERT_TRUE(then.ok()) << then.status();
  EXPECT_EQ(then->score().engagement(), 0);
  EXPECT_GT(Explain(lead.name()).score().engagement(), 14);
  *request.mutable_as_of() = scoring::ToProto(before - absl::Hours(1));
  EXPECT_EQ(rpc::ViolationsOf(Call<v1::ExplainScoreResponse>("ExplainScore", request).status())[0].field(),
            "as_of");
}

TEST_F(LeadsTest, EverythingSurvivesARestart) {
  const v1::Lead lead = Create(GoodLead());
  Record(Activity(lead.name(), "a1", "page_view", "pricing"));
  harness_.Restart();
  harness_.Settle();
  EXPECT_DOUBLE_EQ(Get(lead.name()).score().engagement(), 15);
  EXPECT_EQ(Count(Which::kLeadCreated), 1);
  EXPECT_EQ(Count(Which::kPolicyPublished), 1);
}

TEST_F(LeadsTest, APolicyIsTriedPublishedAndReachesEveryLead) {
  const v1::Lead lead = Create(GoodLead());
  Record(Activity(lead.name(), "a1", "page_view", "roi"));
  harness_.Settle();
  v1::GetPolicyRequest get;
  get.set_name("policies/-");
  auto policy = Call<v1::Policy>("GetPolicy", get);
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_TRUE(policy->in_force());

  v1::PublishPolicyRequest request;
  *request.mutable_policy() = *policy;
  request.mutable_policy()->set_name("policies/eager-1");
  for (v1::Lane& lane : *request.mutable_policy()->mutable_lanes()) {
    if (!lane.hand_raise()) lane.set_min_engagement(10);
  }
  request.mutable_policy()->set_cool_below(5);
  request.set_dry_run(true);
  request.set_weekly_capacity(1);
  const auto trial = Call<v1::PublishPolicyResponse>("PublishPolicy", request);
  ASSERT_TRUE(trial.ok()) << trial.status();
  ASSERT_EQ(trial->trial().becoming_ready_size(), 1);
  EXPECT_EQ(trial->trial().becoming_ready(0), lead.name());
  // The other lane lets the lead in at 10 as well.
  EXPECT_EQ(trial->trial().suggested_min_engagement(), 10);
  EXPECT_EQ(Get(lead.name()).score().policy(), policy->name());

  request.set_dry_run(false);
  ASSERT_TRUE(Call<v1::PublishPolicyResponse>("PublishPolicy", request).ok());
  harness_.Settle();
  const v1::Lead rescored = Get(lead.name());
  EXPECT_EQ(rescored.score().policy(), "policies/eager-1");
  EXPECT_EQ(rescored.score().lane(), "engaged");
  request.mutable_policy()->set_cool_below(4);
  EXPECT_EQ(rpc::ReasonOf(Call<v1::PublishPolicyResponse>("PublishPolicy", request).status()),
            "POLICY_EXISTS");
}

TEST_F(LeadsTest, ABatchAnswersEachNameOnceAndListsEndTheirPagesByBytes) {
  v1::Lead lead;
  for (int i = 0; i < 200; ++i) {
    (*lead.mutable_attributes())[fmt::format("note_{}", i)].set_text(std::string(1024, 'x'));
  }
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back(Create(lead).name());

  v1::BatchGetLeadsRequest batch;
  for (int i = 0; i < 1000; ++i) batch.add_names(names[static_cast<size_t>(i % 2)]);
  const auto found = Call<v1::BatchGetLeadsResponse>("BatchGetLeads", batch);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->leads_size(), 2);
  EXPECT_EQ(found->leads(0).name(), names[0]);
  for (const std::string& name : names) batch.set_names(static_cast<int>(&name - names.data()), name);
  EXPECT_EQ(rpc::ReasonOf(Call<v1::BatchGetLeadsResponse>("BatchGetLeads", batch).status()),
            "ANSWER_TOO_LARGE");

  v1::ListLeadsRequest request;
  request.set_page_size(1000);
  std::set<std::string> listed;
  int pages = 0;
  do {
    const auto page = Call<v1::ListLeadsResponse>("ListLeads", request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->ByteSizeLong(), rpc::kDefaultMaxAnswer);
    for (const v1::Lead& one : page->leads()) listed.insert(one.name());
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, std::set<std::string>(names.begin(), names.end()));
  EXPECT_EQ(pages, 2);
}

TEST_F(LeadsTest, AResourceIsRequiredAndAMaskNamesAttributesThatMayExist) {
  EXPECT_EQ(rpc::ViolationsOf(Call<v1::Lead>("CreateLead", v1::CreateLeadRequest()).status()).at(0).field(),
            "lead");
  EXPECT_EQ(rpc::ViolationsOf(Call<v1::Lead>("UpdateLead", v1::UpdateLeadRequest()).status()).at(0).field(),
            "lead");
  const v1::Lead lead = Create(GoodLead());
  v1::UpdateLeadRequest request;
  request.mutable_lead()->set_name(lead.name());
  for (const char* path : {"attributes.BAD", "attributes.`no name`", "attributes.email"}) {
    request.mutable_update_mask()->clear_paths();
    request.mutable_update_mask()->add_paths(path);
    const auto violations = rpc::ViolationsOf(Call<v1::Lead>("UpdateLead", request).status());
    ASSERT_EQ(violations.size(), 1u) << path;
    EXPECT_EQ(violations[0].field(), "update_mask");
    EXPECT_EQ(violations[0].description().find(fmt::format("'{}'", path)), 0u) << violations[0].description();
  }
  request.mutable_update_mask()->set_paths(0, "attributes.industry");
  const auto changed = Call<v1::Lead>("UpdateLead", request);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_FALSE(changed->attributes().contains("industry"));
}

TEST_F(LeadsTest, AnActivityWhoseTimeJsonCannotHoldIsRefusedOrParked) {
  const v1::Lead lead = Create(GoodLead());
  v1::RecordActivityRequest request;
  v1::Activity& activity = *request.mutable_activity();
  activity.set_lead(lead.name());
  activity.mutable_event_time()->set_seconds(1'700'000'000);
  activity.mutable_event_time()->set_nanos(-1);
  const auto violations =
      rpc::ViolationsOf(Call<v1::RecordActivityResponse>("RecordActivity", request).status());
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].field(), "activity.event_time");

  // Another program may append it all the same.
  v1::Activity stray = Activity(lead.name(), "a1", "page_view", "pricing");
  stray.mutable_event_time()->set_nanos(-1);
  const std::shared_ptr<WaitEvent> wake = harness_.clock().NewWaitEvent();
  ASSERT_TRUE(
      harness_.events()
          .StartAppend({{"finalmile.leads.activities.v1", lead.name(), stray.SerializeAsString(), {}}},
                       harness_.clock().Steady() + absl::Seconds(10), wake)
          .ok());
  harness_.Settle();
  EXPECT_EQ(harness_.consumer(0).stats().parked, 1);
}

}  // namespace
}  // namespace finalmile::leads
