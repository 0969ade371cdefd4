#include "libs/rpc/errors.h"
#include "services/leads/import_fixture.h"

namespace finalmile::leads {
namespace {

class ImportTest : public ImportFixture {
 protected:
  static v1::ImportHeader Header(const std::string& request_id) {
    v1::ImportHeader header;
    header.set_request_id(request_id);
    for (const char* column : {"Id", "Staff", "Visits", "Bought"}) header.add_columns(column);
    v1::ImportMapping& mapping = *header.mutable_mapping();
    mapping.set_name("fair-2026");
    mapping.set_id_column("Id");
    mapping.add_null_words("Select");
    v1::AttributeColumn& staff = *mapping.add_attributes();
    staff.set_column("Staff");
    staff.set_type(v1::ATTRIBUTE_TYPE_NUMBER);
    v1::ActivityColumn& visits = *mapping.add_activities();
    visits.set_column("Visits");
    visits.set_type("page_view");
    visits.set_subject("product");
    visits.set_cell_is_count(true);
    mapping.mutable_outcome()->set_column("Bought");
    mapping.mutable_outcome()->add_positive("1");
    mapping.mutable_activity_time()->set_hours_before_import(24);
    return header;
  }

  const std::vector<std::vector<std::string>> rows_ = {{"a", "300", "3", "1"},
                                                       {"b", "Select", "0", "0"},
                                                       {"c", "many", "1", "0"},
                                                       {"a", "12", "3", "1"},
                                                       {"d", "7", "2", "0", "x"}};
};

TEST_F(ImportTest, RowsBecomeLeadsAndWhatCannotIsRejectedByLineAndColumn) {
  const auto result = Import(Header("run-1"), rows_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->acknowledged_line(), 6);
  EXPECT_EQ(result->created(), 3);
  EXPECT_EQ(result->updated(), 1);  // line 5 says more of the lead of line 2
  EXPECT_EQ(result->rejected(), 1);
  ASSERT_EQ(result->rejects_size(), 1);
  EXPECT_EQ(result->rejects(0).line(), 6);
  ASSERT_EQ(result->unread_size(), 1);
  EXPECT_EQ(result->unread(0).line(), 4);
  EXPECT_EQ(result->unread(0).column(), "Staff");

  const auto listed = Call<v1::ListLeadsResponse>("ListLeads", v1::ListLeadsRequest());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->leads_size(), 3);
  for (const v1::Lead& lead : listed->leads()) {
    ASSERT_EQ(lead.external_ids_size(), 1);
    EXPECT_EQ(lead.external_ids(0).source(), "import:fair-2026");
    if (lead.external_ids(0).id() != "a") continue;
    EXPECT_EQ(lead.attributes().at("staff").number(), 12);
    EXPECT_EQ(lead.outcome(), v1::OUTCOME_POSITIVE);
    // The id repeats: the visits of both rows count, up to 10 points a week.
    EXPECT_NEAR(lead.score().engagement(), 10 * std::exp2(-1.0 / 7), 1e-9);
  }
}

TEST_F(ImportTest, TheSameFileTwiceChangesNothing) {
  ASSERT_TRUE(Import(Header("run-1"), rows_).ok());
  harness_.Settle();
  const size_t told = Events().size();
  const auto second = Import(Header("run-2"), {rows_[3], rows_[1]});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->created(), 0);
  EXPECT_EQ(second->updated(), 0);
  EXPECT_EQ(second->unchanged(), 2);
  harness_.Settle();
  EXPECT_EQ(Events().size(), told);
}

TEST_F(ImportTest, AnInterruptedImportGoesOnWhereItStopped) {
  ASSERT_TRUE(Import(Header("run-1"), {rows_.begin(), rows_.begin() + 2}).ok());
  const auto rest = Import(Header("run-1"), rows_);
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(rest->created(), 3);
  EXPECT_EQ(rest->unchanged(), 0);
  EXPECT_EQ(rest->rejected(), 1);
  v1::ImportHeader other = Header("run-1");
  other.mutable_mapping()->add_null_words("none");
  EXPECT_EQ(rpc::ReasonOf(Import(other, rows_).status()), "REQUEST_ID_REUSED");
}

TEST_F(ImportTest, ATrialOfAPolicyCountsEveryLeadOnceAlthoughChunksRunTwice) {
  // One more than a trial reads at once.
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 1001; ++i) rows.push_back({std::to_string(i), "300", "1", "0"});
  ASSERT_TRUE(Import(Header("run"), rows, 2000).ok());
  v1::GetPolicyRequest current;
  current.set_name("policies/-");
  auto policy = Call<v1::Policy>("GetPolicy", current);
  ASSERT_TRUE(policy.ok()) << policy.status();
  v1::PublishPolicyRequest request;
  *request.mutable_policy() = *policy;
  request.mutable_policy()->set_name("policies/next");
  request.set_dry_run(true);
  const auto trial = Call<v1::PublishPolicyResponse>("PublishPolicy", request);
  ASSERT_TRUE(trial.ok()) << trial.status();
  EXPECT_EQ(trial->trial().leads(), 1001);
}

TEST_F(ImportTest, ADryRunStoresNothing) {
  v1::ImportHeader header = Header("run-1");
  header.set_dry_run(true);
  const auto result = Import(header, rows_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->created(), 3);
  EXPECT_EQ(result->updated(), 1);
  EXPECT_EQ(result->repeated_rows(), 1);
  EXPECT_EQ(result->rejected(), 1);
  const auto listed = Call<v1::ListLeadsResponse>("ListLeads", v1::ListLeadsRequest());
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ(listed->leads_size(), 0);
}

TEST_F(ImportTest, ActivitiesThatCameTooLateAreLeftOutAndCounted) {
  for (const int hours : {400 * 24, 400 * 24 + 1}) {
    for (const bool dry_run : {true, false}) {
      v1::ImportHeader header = Header(std::to_string(hours) + (dry_run ? "-dry" : ""));
      header.set_dry_run(dry_run);
      header.mutable_mapping()->mutable_activity_time()->set_hours_before_import(hours);
      const auto result = Import(header, {{"late-" + std::to_string(hours), "300", "3", "1"}});
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->created(), 1);
      EXPECT_EQ(result->activities(), hours > 400 * 24 ? 0 : 1);
      EXPECT_EQ(result->aged_activities(), hours > 400 * 24 ? 1 : 0);
    }
  }
}

TEST_F(ImportTest, UnreadCellsAreToldUpToALimitAndCounted) {
  for (const size_t count : {999u, 1000u, 1001u}) {
    std::vector<std::vector<std::string>> rows;
    for (size_t i = 0; i < count; ++i) rows.push_back({std::to_string(i), "many", "0", "0"});
    v1::ImportHeader header = Header("run-" + std::to_string(count));
    header.set_dry_run(true);
    const auto result = Import(header, rows, 2000);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->unread_cells(), static_cast<int64_t>(count));
    EXPECT_EQ(result->unread_size(), std::min<int>(static_cast<int>(count), 1000));
    EXPECT_EQ(result->rejected(), 0);
  }
}

TEST_F(ImportTest, AMappingThatDoesNotFitTheFileIsRefusedByName) {
  v1::ImportHeader header = Header("run-1");
  header.add_columns("Shoe size");
  const auto result = Import(header, {});
  ASSERT_FALSE(rpc::ViolationsOf(result.status()).empty()) << result.status();
  EXPECT_NE(rpc::ViolationsOf(result.status())[0].description().find("Shoe size"), std::string::npos);
}

// A mapping of the same import with `count` attribute columns "{prefix}0", "{prefix}1", …
v1::ImportHeader WideHeader(const std::string& request_id, const std::string& prefix, int count) {
  v1::ImportHeader header;
  header.set_request_id(request_id);
  header.add_columns("Id");
  v1::ImportMapping& mapping = *header.mutable_mapping();
  mapping.set_name("fair-2026");
  mapping.set_id_column("Id");
  mapping.mutable_activity_time()->set_hours_before_import(1);
  for (int i = 0; i < count; ++i) {
    const std::string column = prefix + std::to_string(i);
    header.add_columns(column);
    mapping.add_attributes()->set_column(column);
    mapping.mutable_attributes(i)->set_type(v1::ATTRIBUTE_TYPE_TEXT);
  }
  // One activity, to see that a rejected row stores nothing of it.
  header.add_columns("Visits");
  v1::ActivityColumn& visits = *mapping.add_activities();
  visits.set_column("Visits");
  visits.set_type("page_view");
  visits.set_subject(prefix);
  visits.set_cell_is_count(true);
  return header;
}

std::vector<std::string> WideRow(int count) {
  std::vector<std::string> cells(static_cast<size_t>(count) + 2, "x");
  cells.front() = "a";
  cells.back() = "1";
  return cells;
}

TEST_F(ImportTest, ARowThatWouldMakeAnInvalidLeadIsRejectedAndTheLeadCanStillBeChanged) {
  ASSERT_TRUE(Import(WideHeader("run-1", "a", 100), {WideRow(100)}).ok());
  // 199, 200 and 201 attributes together; the dry run knows before.
  for (const int more : {99, 100, 101}) {
    const std::string run = "run-" + std::to_string(more);
    v1::ImportHeader dry = WideHeader("dry-" + run, "b", more);
    dry.set_dry_run(true);
    for (const v1::ImportHeader& header : {dry, WideHeader(run, "b", more)}) {
      const auto result = Import(header, {WideRow(more)});
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->updated(), more > 100 ? 0 : 1);
      ASSERT_EQ(result->rejects_size(), more > 100 ? 1 : 0);
      if (more <= 100) continue;
      EXPECT_EQ(result->rejects(0).line(), 2);
      EXPECT_EQ(result->rejects(0).reason(), "attributes has more than 200 entries");
      EXPECT_EQ(result->activities(), 0);
      EXPECT_EQ(result->rejected(), 1);
    }
  }
  const auto listed = Call<v1::ListLeadsResponse>("ListLeads", v1::ListLeadsRequest());
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->leads_size(), 1);
  EXPECT_EQ(listed->leads(0).attributes_size(), 200);
  v1::UpdateLeadRequest update;
  update.mutable_lead()->set_name(listed->leads(0).name());
  update.mutable_lead()->set_owner("kim");
  update.mutable_update_mask()->add_paths("owner");
  EXPECT_TRUE(Call<v1::Lead>("UpdateLead", update).ok());
}

}  // namespace
}  // namespace finalmile::leads
