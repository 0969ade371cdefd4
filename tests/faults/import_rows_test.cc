#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "libs/base/random.h"
#include "libs/storage/transact.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/scripted_session.h"
#include "libs/testing/temporary_folder.h"
#include "tests/faults/service.h"

// Imports whose messages are sent without waiting for answers, on PostgreSQL: two are handled at once.
namespace finalmile::faults {
namespace {

using leads::v1::ImportLeadsRequest;
using leads::v1::ImportLeadsResponse;

ImportLeadsRequest Header() {
  ImportLeadsRequest request;
  leads::v1::ImportHeader& header = *request.mutable_header();
  header.set_request_id("fair");
  leads::v1::ImportMapping& mapping = *header.mutable_mapping();
  mapping.set_name("fair");
  mapping.set_id_column("id");
  for (const char* column : {"id", "email", "company", "visits"}) header.add_columns(column);
  for (const char* column : {"email", "company"}) {
    leads::v1::FieldColumn& field = *mapping.add_fields();
    field.set_column(column);
    field.set_field(column);
  }
  leads::v1::ActivityColumn& visits = *mapping.add_activities();
  visits.set_column("visits");
  visits.set_type("page_view");
  visits.set_subject("product");
  visits.set_cell_is_count(true);
  mapping.mutable_activity_time()->set_hours_before_import(24);
  return request;
}

void AddRow(int64_t line, const std::string& id, const std::string& email, const std::string& company,
            int visits, ImportLeadsRequest& request) {
  leads::v1::ImportRow& row = *request.mutable_rows()->add_rows();
  row.set_line(line);
  for (const std::string& cell : {id, email, company, fmt::format("{}", visits)}) row.add_cells(cell);
}

class ImportRows : public ::testing::Test {
 protected:
  void SetUp() override {
    auto postgres = testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(postgres);
    postgres_ = *postgres;
  }

  std::unique_ptr<Service> NewService() {
    const auto name = postgres_->CreateDatabase();
    EXPECT_TRUE(name.ok()) << name.status();
    auto service = Service::Start(
        {.store = postgres_->url(*name), .events = fmt::format("local:{}/{}.db", folder_.path(), *name)});
    EXPECT_TRUE(service.ok()) << service.status();
    return service.ok() ? *std::move(service) : nullptr;
  }

  std::unique_ptr<rpc::Stream> Open(Service& service) {
    return service.channel().Open("/finalmile.leads.v1.LeadService/ImportLeads",
                                  {.timeout = absl::Seconds(60)});
  }

  std::vector<storage::Row> Query(Service& service, const std::string& sql) {
    auto result = storage::Read(service.database(), service.clock().Steady() + absl::Seconds(30),
                                [&](storage::Transaction& transaction) { return transaction.Execute(sql); });
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->rows : std::vector<storage::Row>();
  }

  testing::TemporaryFolder folder_;
  testing::PostgresServer* postgres_ = nullptr;
};

// What is left must not depend on whether the client waits. Rows of one lead come again a few rows, one
// message or several messages later.
TEST_F(ImportRows, AnImportThatIsSentAheadLeavesTheSameAsOneThatWaits) {
  const auto rng = NewSeededRng(17);
  std::vector<ImportLeadsRequest> messages = {Header()};
  int64_t line = 1;
  for (int message = 0; message < 40; ++message) {
    ImportLeadsRequest& request = messages.emplace_back();
    for (int row = 0; row < 300; ++row) {
      ++line;
      // Every fourth message has leads of its own alone.
      const uint64_t id = message % 4 == 0 ? 100'000 + static_cast<uint64_t>(line) : rng->Below(4000);
      AddRow(line, rng->Below(10) == 0 ? "" : fmt::format("{}", id), fmt::format("p{}@example.com", id),
             fmt::format("Company {}", line), static_cast<int>(rng->Below(3)), request);
    }
  }
  std::vector<std::vector<std::string>> left;
  std::vector<std::string> totals;
  for (const bool ahead : {false, true}) {
    const auto service = NewService();
    ASSERT_NE(service, nullptr);
    const auto stream = Open(*service);
    ImportLeadsResponse last;
    size_t answers = 0;
    const auto read = [&] {
      ImportLeadsResponse response;
      if (!stream->Read(response)) return false;
      EXPECT_GE(response.acknowledged_line(), last.acknowledged_line());
      last = response;
      ++answers;
      return true;
    };
    std::thread writer([&] {
      for (const ImportLeadsRequest& request : messages) {
        if (!stream->Write(request) || (!ahead && !read())) break;
      }
      stream->WritesDone();
    });
    if (!ahead) writer.join();
    while (read()) {
    }
    if (ahead) writer.join();
    EXPECT_EQ(stream->Finish(), absl::OkStatus());
    EXPECT_EQ(answers, messages.size());
    EXPECT_EQ(last.acknowledged_line(), line);
    for (auto* list : {last.mutable_rejects(), last.mutable_unread()}) list->Clear();
    last.clear_conflicts();
    totals.push_back(last.ShortDebugString());
    std::vector<std::string>& rows = left.emplace_back();
    for (const char* sql :
         {"SELECT p.email || ' ' || p.company || ' ' || l.seq || ' ' || CAST(l.fit AS TEXT) FROM profiles AS "
          "p JOIN leads AS l ON l.id = p.lead ORDER BY 1",
          "SELECT e.id || ' ' || p.email FROM external_ids AS e JOIN profiles AS p ON p.lead = e.lead ORDER "
          "BY "
          "1",
          "SELECT p.email || ' ' || SUM(a.count) FROM activities AS a JOIN profiles AS p ON p.lead = a.lead "
          "GROUP BY p.email ORDER BY 1"}) {
      for (const storage::Row& row : Query(*service, sql)) rows.push_back(row.Text(0));
    }
  }
  EXPECT_EQ(totals[0], totals[1]);
  EXPECT_GT(left[0].size(), 6000u);
  EXPECT_EQ(left[0], left[1]);
}

TEST_F(ImportRows, AMessageThatIsStoredAgainTurnsTheNextOneBack) {
  const auto service = NewService();
  ASSERT_NE(service, nullptr);
  const auto lead = service->Create("first");
  ASSERT_TRUE(lead.ok()) << lead.status();
  testing::ScriptedSession other(service->database(), service->clock());
  ASSERT_TRUE(other
                  .Execute("INSERT INTO external_ids (source, id, lead) VALUES ('import:fair', '7', $1)",
                           {lead->name().substr(sizeof("leads/") - 1)})
                  .ok());
  const auto stream = Open(*service);
  ImportLeadsRequest first, second;
  AddRow(2, "7", "seven@example.com", "Seven AG", 1, first);
  AddRow(3, "8", "eight@example.com", "Eight AG", 1, second);
  ImportLeadsResponse answer;
  ASSERT_TRUE(stream->Write(Header()));
  ASSERT_TRUE(stream->Read(answer));
  ASSERT_TRUE(stream->Write(first));
  ASSERT_TRUE(stream->Write(second));
  stream->WritesDone();
  // The first one waits for the id, the second one, whose rows are taken, for the first one.
  const auto pause = service->clock().NewWaitEvent();
  const absl::Duration give_up = service->clock().Steady() + absl::Seconds(20);
  int64_t in_transaction = 0;
  int64_t waiting = 0;
  while ((waiting != 1 || in_transaction != 2) && service->clock().Steady() < give_up) {
    pause->WaitUntil(service->clock().Steady() + absl::Milliseconds(5));
    const auto rows = Query(*service,
                            "SELECT COUNT(*) FILTER (WHERE wait_event_type = 'Lock'), COUNT(*) FILTER "
                            "(WHERE state = 'idle in transaction') FROM pg_stat_activity WHERE "
                            "datname = current_database()");
    ASSERT_EQ(rows.size(), 1u);
    waiting = rows[0].Int(0);
    in_transaction = rows[0].Int(1);
  }
  EXPECT_EQ(waiting, 1);
  EXPECT_EQ(in_transaction, 2);
  EXPECT_TRUE(other.Commit().ok());
  ASSERT_TRUE(stream->Read(answer));
  EXPECT_EQ(answer.acknowledged_line(), 2);
  EXPECT_EQ(answer.created(), 0);
  ASSERT_TRUE(stream->Read(answer));
  EXPECT_EQ(answer.acknowledged_line(), 3);
  EXPECT_EQ(answer.created(), 1);
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
  EXPECT_EQ(Query(*service, "SELECT lead FROM external_ids WHERE id = '7'").size(), 1u);
  EXPECT_EQ(Query(*service, "SELECT id FROM leads").size(), 2u);
}

}  // namespace
}  // namespace finalmile::faults
