#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libs/testing/postgres_server.h"
#include "services/leads/import_fixture.h"

namespace finalmile::leads {

// Imports of two sources, and what becomes of their leads.
// On both engines.
class SourcesFixture : public ImportFixture, public ::testing::WithParamInterface<storage::Engine> {
 protected:
  SourcesFixture() : ImportFixture(Store()) {}
  void SetUp() override {
    if (GetParam() == storage::Engine::kPostgres) FINALMILE_NEEDS_POSTGRES(testing::SharedPostgres());
  }

  static std::string Store() {
    if (GetParam() != storage::Engine::kPostgres) return {};
    const auto server = testing::SharedPostgres();
    if (!server.ok()) return {};
    const auto name = (*server)->CreateDatabase();
    EXPECT_TRUE(name.ok()) << name.status();
    return name.ok() ? (*server)->url(*name) : std::string();
  }

  // A contact file without ids: Email, Company, Owner, Views.
  static v1::ImportHeader Fair(const std::string& request_id) {
    v1::ImportHeader header;
    header.set_request_id(request_id);
    header.set_file_name(request_id + ".csv");
    v1::ImportMapping& mapping = *header.mutable_mapping();
    mapping.set_name("fair");
    for (const auto& [column, field] : {std::pair("Email", "email"),
                                        {"Company", "company"},
                                        {"Owner", "owner"},
                                        {"Domain", "company_domain"},
                                        {"Name", "family_name"}}) {
      header.add_columns(column);
      mapping.add_fields()->set_column(column);
      mapping.mutable_fields(mapping.fields_size() - 1)->set_field(field);
    }
    header.add_columns("Views");
    v1::ActivityColumn& views = *mapping.add_activities();
    views.set_column("Views");
    views.set_type("page_view");
    views.set_subject("pricing");
    views.set_cell_is_count(true);
    mapping.mutable_activity_time()->set_hours_before_import(1);
    return header;
  }
  // The same people out of a system that has ids.
  static v1::ImportHeader Crm(const std::string& request_id) {
    v1::ImportHeader header;
    header.set_request_id(request_id);
    header.add_columns("Id");
    header.add_columns("Email");
    v1::ImportMapping& mapping = *header.mutable_mapping();
    mapping.set_name("crm");
    mapping.set_id_column("Id");
    mapping.set_id_source("crm");
    mapping.add_fields()->set_column("Email");
    mapping.mutable_fields(0)->set_field("email");
    return header;
  }

  v1::ImportLeadsResponse Take(const v1::ImportHeader& header,
                               const std::vector<std::vector<std::string>>& rows) {
    v1::ImportHeader dry = header;
    dry.set_dry_run(true);
    const auto told = Import(dry, rows);
    const auto result = Import(header, rows);
    EXPECT_TRUE(told.ok()) << told.status();
    EXPECT_TRUE(result.ok()) << result.status();
    if (!told.ok() || !result.ok()) return {};
    // The dry run says what the run then says; only conflicts name leads that there are not yet.
    v1::ImportLeadsResponse same = *result;
    same.clear_import();
    EXPECT_EQ(told->SerializeAsString(), same.SerializeAsString())
        << told->ShortDebugString() << " / " << same.ShortDebugString();
    return *result;
  }

  std::vector<v1::Lead> Leads() {
    const auto listed = Call<v1::ListLeadsResponse>("ListLeads", v1::ListLeadsRequest());
    EXPECT_TRUE(listed.ok()) << listed.status();
    return {listed->leads().begin(), listed->leads().end()};
  }
  absl::StatusOr<v1::Lead> ByEmail(const std::string& email) {
    v1::GetLeadRequest request;
    request.set_name("leads/-");
    request.mutable_identity()->set_email(email);
    return Call<v1::Lead>("GetLead", request);
  }
  int64_t Activities(const std::string& lead) {
    v1::ListActivitiesRequest request;
    request.set_parent(lead);
    const auto listed = Call<v1::ListActivitiesResponse>("ListActivities", request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    int64_t count = 0;
    for (const auto& one : listed->activities()) count += one.activity().count();
    return count;
  }
  absl::StatusOr<v1::UndoImportResponse> Undo(const std::string& import) {
    v1::UndoImportRequest request;
    request.set_name(import);
    return Call<v1::UndoImportResponse>("UndoImport", request);
  }
};

}  // namespace finalmile::leads
