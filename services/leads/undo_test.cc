#include <gmock/gmock.h>

#include "libs/rpc/errors.h"
#include "services/leads/sources_fixture.h"

// Taking back imports and activities, denials, and leads whose outcome is known.
namespace finalmile::leads {
namespace {

using ::testing::HasSubstr;
using Rows = std::vector<std::vector<std::string>>;

class UndoTest : public SourcesFixture {};

TEST_P(UndoTest, AKnownOutcomeClosesALead) {
  v1::Lead lead = GoodLead();
  lead.set_outcome(v1::OUTCOME_NEGATIVE);
  const v1::Lead lost = Create(lead);
  EXPECT_EQ(lost.stage(), v1::STAGE_LOST);
  EXPECT_TRUE(lost.has_outcome_time());
  for (int i = 0; i < 4; ++i)
    Record(Activity(lost.name(), std::to_string(i), "trial_started", "", absl::Hours(i)));
  Record(Activity(lost.name(), "before", "demo_request", "", absl::Hours(1)));
  harness_.Settle();
  EXPECT_EQ(Count(v1::LeadEvent::kLeadBecameSalesReady), 0);
  harness_.clock().Advance(absl::Hours(1));
  Record(Activity(lost.name(), "after", "demo_request"));
  harness_.Settle();
  EXPECT_EQ(Count(v1::LeadEvent::kLeadBecameSalesReady), 1);
}

TEST_P(UndoTest, AHistoricImportOpensNoWorkAndLaterActivitiesDo) {
  v1::ImportHeader header = Fair("past");
  header.set_file_digest("d1");
  v1::ImportMapping& mapping = *header.mutable_mapping();
  mapping.set_historic(true);
  mapping.mutable_activities(0)->set_type("demo_request");
  v1::Lead good = GoodLead();
  good.set_email("rosa@northwind.example");
  const std::string name = Create(good).name();
  const auto taken =
      Take(header, {{"rosa@northwind.example", "", "", "", "", "1"}, {"", "", "", "", "Ana", "1"}});
  EXPECT_EQ(taken.created(), 1);
  EXPECT_EQ(taken.activities(), 2);
  EXPECT_EQ(Count(v1::LeadEvent::kLeadBecameSalesReady), 0);
  harness_.clock().Advance(absl::Hours(24 * 8));
  harness_.Settle();
  EXPECT_EQ(Count(v1::LeadEvent::kLeadBecameSalesReady), 0);
  Record(Activity(name, "now", "demo_request"));
  harness_.Settle();
  EXPECT_EQ(Count(v1::LeadEvent::kLeadBecameSalesReady), 1);
}

TEST_P(UndoTest, AnImportIsTakenBackAsAWhole) {
  v1::Lead tim;
  tim.set_email("tim@contoso.example");
  tim.set_owner("kim");
  tim.set_company("Contoso");
  const std::string name = Create(tim).name();
  const Rows rows = {{"rosa@northwind.example", "Northwind", "lee", "", "", "3"},
                     {"tim@contoso.example", "Contoso Ltd", "", "contoso.example", "Tim", "2"},
                     {"ana@fabrikam.example", "Fabrikam", "lee", "", "", ""}};
  const auto import = Take(Fair("wrong"), rows);
  EXPECT_EQ(import.conflict_count(), 1);  // the company of Tim was set by a person
  EXPECT_EQ(import.conflicts(0).kept(), "Contoso");
  EXPECT_EQ(import.conflicts(0).given(), "Contoso Ltd");
  v1::UpdateLeadRequest update;
  update.mutable_lead()->set_name(ByEmail("ana@fabrikam.example")->name());
  update.mutable_lead()->set_owner("max");
  ASSERT_TRUE(Call<v1::Lead>("UpdateLead", update).ok());

  const auto undone = Undo(import.import());
  ASSERT_TRUE(undone.ok()) << undone.status();
  EXPECT_TRUE(undone->done());
  EXPECT_EQ(undone->deleted_leads(), 1);
  EXPECT_EQ(undone->changed_leads(), 1);
  EXPECT_EQ(undone->deleted_activities(), 2);
  ASSERT_EQ(undone->kept_size(), 1);
  EXPECT_EQ(undone->kept(0).lead(), update.lead().name());
  EXPECT_EQ(rpc::ReasonOf(ByEmail("rosa@northwind.example").status()), "LEAD_NOT_FOUND");
  EXPECT_EQ(Get(name).family_name(), "");
  EXPECT_EQ(Get(name).owner(), "kim");
  EXPECT_EQ(Activities(name), 0);
  EXPECT_EQ(Get(name).score().engagement(), 0);
  EXPECT_EQ(ByEmail("ana@fabrikam.example")->owner(), "max");
  harness_.Settle();
  EXPECT_EQ(Count(v1::LeadEvent::kLeadErased), 1);

  // It can be imported again, and is listed.
  const auto again = Import(Fair("wrong"), rows);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->created(), 1);
  EXPECT_EQ(again->activities(), 2);
  EXPECT_EQ(Activities(name), 2);
  const auto listed = Call<v1::ListImportsResponse>("ListImports", v1::ListImportsRequest());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->imports_size(), 2);
  EXPECT_EQ(listed->imports(0).name(), again->import());
  EXPECT_TRUE(listed->imports(1).has_undo_time());
  EXPECT_EQ(listed->imports(1).file_name(), "wrong.csv");
  EXPECT_EQ(rpc::ReasonOf(Undo("imports/99").status()), "IMPORT_NOT_FOUND");
  harness_.clock().Advance(absl::Hours(24 * 90) + absl::Seconds(1));
  EXPECT_EQ(rpc::ReasonOf(Undo(again->import()).status()), "IMPORT_TOO_OLD");
}

TEST_P(UndoTest, AMendedMappingIsImportedBesideAndTheWrongOneTakenBack) {
  v1::ImportHeader wrong = Fair("wrong");
  wrong.mutable_mapping()->mutable_activities(0)->set_type("webinar_attended");
  const Rows rows = {{"rosa@northwind.example", "Northwind", "", "", "", "2"}};
  const auto first = Take(wrong, rows);
  EXPECT_EQ(Take(Fair("right"), rows).activities(), 1);
  const auto undone = Undo(first.import());
  ASSERT_TRUE(undone.ok()) << undone.status();
  EXPECT_EQ(undone->deleted_leads(), 0);
  EXPECT_EQ(undone->deleted_activities(), 1);
  EXPECT_EQ(Activities(ByEmail("rosa@northwind.example")->name()), 2);
}

TEST_P(UndoTest, AnActivityIsDeletedWithAnAuditLine) {
  const std::string name = Create(GoodLead()).name();
  Record(Activity(name, "1", "demo_request"));
  Record(Activity(name, "2", "page_view", "pricing"));
  harness_.Settle();
  v1::DeleteActivityRequest request;
  request.set_source("web");
  request.set_activity_id("1");
  request.set_reason("a test");
  const auto line = Call<v1::DeletedActivity>("DeleteActivity", request);
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->activity().type(), "demo_request");
  EXPECT_FALSE(line->caller().empty());
  EXPECT_EQ(Get(name).score().engagement(), 15);
  EXPECT_EQ(rpc::ReasonOf(Call<v1::DeletedActivity>("DeleteActivity", request).status()),
            "ACTIVITY_NOT_FOUND");
  // A repeat of it changes nothing.
  Record(Activity(name, "1", "demo_request"));
  harness_.Settle();
  EXPECT_EQ(Activities(name), 1);
  v1::ListActivitiesRequest list;
  list.set_parent(name);
  const auto listed = Call<v1::ListActivitiesResponse>("ListActivities", list);
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->deleted_size(), 1);
  EXPECT_EQ(listed->deleted(0).reason(), "a test");
  EXPECT_EQ(Count(v1::LeadEvent::kActivityDeleted), 1);
}

TEST_P(UndoTest, ADenialIsNotLiftedByAnUpdateWithoutALaterWord) {
  v1::Lead lead;
  v1::Permission& denial = *lead.add_permissions();
  denial.set_channel(v1::CHANNEL_EMAIL);
  denial.set_purpose("sales");
  denial.set_state(v1::PERMISSION_STATE_DENIED);
  *denial.mutable_time() = scoring::ToProto(harness_.clock().Now());
  v1::UpdateLeadRequest update;
  *update.mutable_lead() = Create(lead);
  update.mutable_lead()->clear_etag();
  update.mutable_update_mask()->add_paths("permissions");
  update.mutable_lead()->mutable_permissions(0)->set_state(v1::PERMISSION_STATE_ALLOWED);
  EXPECT_THAT(Call<v1::Lead>("UpdateLead", update).status().message(), HasSubstr("lead.permissions"));
  update.mutable_lead()->clear_permissions();
  EXPECT_FALSE(Call<v1::Lead>("UpdateLead", update).ok());
  *update.mutable_lead()->add_permissions() = denial;
  update.mutable_lead()->mutable_permissions(0)->set_state(v1::PERMISSION_STATE_ALLOWED);
  *update.mutable_lead()->mutable_permissions(0)->mutable_time() =
      scoring::ToProto(harness_.clock().Now() + absl::Seconds(1));
  EXPECT_TRUE(Call<v1::Lead>("UpdateLead", update).ok());
}

INSTANTIATE_TEST_SUITE_P(Engines, UndoTest,
                         ::testing::Values(storage::Engine::kSqlite, storage::Engine::kPostgres),
                         [](const auto& info) {
                           return info.param == storage::Engine::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace finalmile::leads
