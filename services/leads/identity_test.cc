#include <gmock/gmock.h>

#include "libs/rpc/errors.h"
#include "services/leads/sources_fixture.h"

// Who is meant, by rows, calls and records.
namespace finalmile::leads {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IdentityTest : public SourcesFixture {};

TEST_P(IdentityTest, RowsWithoutIdsAreKnownByEmailElseByDomainAndName) {
  Take(Fair("january"), {{"rosa@northwind.example", "Northwind", "kim", "", "", ""},
                         {"tim@contoso.example", "Contoso", "kim", "", "", ""},
                         {"", "Fabrikam", "", "fabrikam.example", "Ana", ""}});
  // Other people, in another order, on the same lines.
  const auto second = Take(Fair("february"), {{"", "Fabrikam", "lee", "www.fabrikam.example", "ana", ""},
                                              {"leo@tailspin.example", "Tailspin", "lee", "", "", ""},
                                              {"Rosa@Northwind.example", "Northwind", "kim", "", "", ""},
                                              {"", "Nobody", "", "", "Ana", ""}});
  EXPECT_EQ(second.created(), 1);
  EXPECT_EQ(second.updated(), 1);
  EXPECT_EQ(second.unchanged(), 1);
  ASSERT_EQ(second.rejects_size(), 1);
  EXPECT_THAT(second.rejects(0).reason(), HasSubstr("nothing says who it is"));
  EXPECT_EQ(Leads().size(), 4u);
  EXPECT_EQ(ByEmail("rosa@northwind.example")->company(), "Northwind");
}

TEST_P(IdentityTest, AnImportBringsNobodyBackWhoWasErased) {
  const std::vector<std::vector<std::string>> rows = {
      {"rosa@northwind.example", "Northwind", "kim", "", "", ""},
      {"", "Fabrikam", "", "fabrikam.example", "Ana", ""},
      {"tim@contoso.example", "Contoso", "", "", "", ""}};
  Take(Fair("january"), rows);
  Take(Crm("crm"), {{"31", "rosa@northwind.example"}});
  for (const v1::Lead& lead : Leads()) {
    if (lead.email() == "tim@contoso.example") continue;
    v1::EraseLeadRequest request;
    request.set_name(lead.name());
    ASSERT_TRUE(Call<v1::EraseLeadResponse>("EraseLead", request).ok());
  }
  const auto again = Take(Fair("february"), rows);
  EXPECT_EQ(again.created(), 0);
  EXPECT_EQ(again.unchanged(), 1);
  ASSERT_EQ(again.rejects_size(), 2);
  EXPECT_EQ(again.rejects(0).column(), "Email");
  EXPECT_THAT(again.rejects(0).reason(), HasSubstr("was erased"));
  EXPECT_EQ(Take(Crm("crm-again"), {{"31", "other@northwind.example"}}).rejects_size(), 1)
      << "by the id alone";
  EXPECT_EQ(Leads().size(), 1u);
}

TEST_P(IdentityTest, ListsFilterByExternalId) {
  Take(Crm("crm"), {{"31", "rosa@northwind.example"}, {"32", "tim@contoso.example"}});
  const auto named = [&](const std::string& filter) {
    v1::ListLeadsRequest request;
    request.set_filter(filter);
    const auto listed = Call<v1::ListLeadsResponse>("ListLeads", request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    std::string emails;
    for (const v1::Lead& lead : listed->leads()) emails += lead.email();
    return emails;
  };
  EXPECT_EQ(named("external_id = 31"), "rosa@northwind.example");
  EXPECT_EQ(named("external_id = \"crm=32\""), "tim@contoso.example");
  EXPECT_EQ(named("external_id = \"fair=32\""), "");
}

TEST_P(IdentityTest, APersonOfSeveralSourcesIsOneLead) {
  Take(Fair("fair"), {{"rosa@northwind.example", "Northwind", "", "", "", ""}});
  const auto crm = Take(Crm("crm"), {{"u-77", "rosa@northwind.example"}, {"u-78", "tim@contoso.example"}});
  EXPECT_EQ(crm.updated(), 1);
  EXPECT_EQ(crm.created(), 1);
  // Two people of one source may share an address; then it does not tell them apart.
  EXPECT_EQ(Take(Crm("crm-2"), {{"u-79", "rosa@northwind.example"}}).created(), 1);
  EXPECT_EQ(Take(Fair("fair-2"), {{"rosa@northwind.example", "N", "", "", "", ""}}).rejected(), 0);
  v1::ImportHeader other = Fair("other");
  other.mutable_mapping()->set_name("other");
  const auto ambiguous = Take(other, {{"rosa@northwind.example", "N", "", "", "", ""}});
  ASSERT_EQ(ambiguous.rejects_size(), 1);
  EXPECT_EQ(ambiguous.rejects(0).reason(), "belongs to 2 leads; give an id that tells them apart");
  EXPECT_EQ(rpc::ReasonOf(ByEmail("rosa@northwind.example").status()), "LEAD_AMBIGUOUS");
}

TEST_P(IdentityTest, ALeadIsFoundByEmailExternalIdOrTheBeginningOfItsName) {
  Take(Crm("crm"), {{"u-77", "rosa@northwind.example"}, {"u-78", "tim@contoso.example"}});
  const v1::Lead rosa = *ByEmail(" ROSA@northwind.example");
  for (const std::string& text :
       {std::string("rosa@northwind.example"), std::string("u-77"), std::string("crm=u-77"), rosa.name()}) {
    v1::FindLeadsRequest request;
    request.set_text(text);
    const auto found = Call<v1::FindLeadsResponse>("FindLeads", request);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(found->leads_size(), 1) << text;
    EXPECT_EQ(found->leads(0).name(), rosa.name());
  }
  v1::ExplainScoreRequest explain;
  explain.set_name("leads/-");
  explain.mutable_identity()->mutable_external_id()->set_source("crm");
  explain.mutable_identity()->mutable_external_id()->set_id("u-77");
  EXPECT_TRUE(Call<v1::ExplainScoreResponse>("ExplainScore", explain).ok());
  EXPECT_EQ(rpc::ReasonOf(ByEmail("nobody@work.example").status()), "LEAD_NOT_FOUND");
  v1::CreateLeadRequest create;
  create.mutable_lead()->set_email("rosa@northwind.example");
  EXPECT_EQ(rpc::ReasonOf(Call<v1::Lead>("CreateLead", create).status()), "EMAIL_TAKEN");
}

TEST_P(IdentityTest, ActivitiesByExternalIdWaitForTheirLead) {
  v1::Activity activity = Activity("leads/-", "1", "demo_request");
  activity.mutable_external_id()->set_source("crm");
  activity.mutable_external_id()->set_id("u-77");
  Record(activity);
  activity.set_activity_id("2");
  Record(activity);
  harness_.Settle();
  EXPECT_THAT(Leads(), IsEmpty());
  // The lead is known by its e-mail first, and gains the id.
  v1::Lead lead = GoodLead();
  lead.set_email("rosa@northwind.example");
  const std::string name = Create(lead).name();
  Take(Crm("crm"), {{"u-77", "rosa@northwind.example"}});
  EXPECT_EQ(Leads().size(), 1u);
  EXPECT_EQ(Activities(name), 2);
  EXPECT_EQ(Get(name).score().lane(), "hand-raise");
  activity.set_activity_id("3");
  Record(activity);
  harness_.Settle();
  EXPECT_EQ(Activities(name), 3);
  // A stub becomes the lead that is created with its id.
  activity.mutable_external_id()->set_id("u-78");
  activity.set_activity_id("4");
  Record(activity);
  harness_.Settle();
  v1::Lead other;
  other.add_external_ids()->set_source("crm");
  other.mutable_external_ids(0)->set_id("u-78");
  EXPECT_EQ(Activities(Create(other).name()), 1);
  activity.mutable_external_id()->set_id("tim@contoso.example");
  v1::RecordActivityRequest request;
  *request.mutable_activity() = activity;
  EXPECT_THAT(Call<v1::RecordActivityResponse>("RecordActivity", request).status().message(),
              HasSubstr("activity.external_id.id"));
}

TEST_P(IdentityTest, EachActivityOfABatchIsTakenOrRejectedByItself) {
  v1::Lead lead;
  lead.set_email("rosa@northwind.example");
  const std::string name = Create(lead).name();
  v1::RecordActivitiesRequest request;
  *request.add_activities() = Activity(name, "1", "page_view", "pricing");
  *request.add_activities() = Activity(name, "2", "page_view", "pricing");
  request.mutable_activities(1)->set_count(-1);
  *request.add_activities() = Activity("leads/-", "3", "page_view", "pricing");
  (*request.mutable_emails())[2] = "Rosa@northwind.example";
  *request.add_activities() = Activity("leads/-", "4", "page_view", "pricing");
  (*request.mutable_emails())[3] = "nobody@work.example";
  *request.add_activities() = Activity(name, "5", "page_view", "pricing", -absl::Minutes(20));
  *request.add_activities() = Activity(name, "6", "page_view", "pricing", -absl::Minutes(31));
  const auto recorded = Call<v1::RecordActivitiesResponse>("RecordActivities", request);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_EQ(recorded->recorded(), 3);
  ASSERT_EQ(recorded->rejects_size(), 3);
  EXPECT_EQ(recorded->rejects(0).index(), 1);
  EXPECT_EQ(recorded->rejects(0).field(), "count");
  EXPECT_EQ(recorded->rejects(1).index(), 3);
  EXPECT_EQ(recorded->rejects(2).field(), "event_time");
  ASSERT_EQ(recorded->clock_ahead_size(), 1);
  EXPECT_EQ(recorded->clock_ahead(0), 4);
  harness_.Settle();
  EXPECT_EQ(Activities(name), 3);
  // The same again is a repeat, also of the one whose clock ran ahead.
  ASSERT_TRUE(Call<v1::RecordActivitiesResponse>("RecordActivities", request).ok());
  harness_.Settle();
  EXPECT_EQ(Activities(name), 3);
}

INSTANTIATE_TEST_SUITE_P(Engines, IdentityTest,
                         ::testing::Values(storage::Engine::kSqlite, storage::Engine::kPostgres),
                         [](const auto& info) {
                           return info.param == storage::Engine::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace finalmile::leads
