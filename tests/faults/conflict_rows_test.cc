#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "libs/app/deployment.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/storage/transact.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/scripted_session.h"
#include "libs/testing/temporary_folder.h"
#include "services/leads/wiring.h"
#include "tests/faults/service.h"

// What the leads service answers on PostgreSQL when another transaction takes a unique name between its look
// and its insert: it runs again and finds the name taken.
namespace finalmile::faults {
namespace {

class ConflictRows : public ::testing::Test {
 protected:
  void SetUp() override {
    auto postgres = testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(postgres);
    postgres_ = *postgres;
    const auto name = postgres_->CreateDatabase();
    ASSERT_TRUE(name.ok()) << name.status();
    events_ = "local:" + folder_.path() + "/events.db";
    auto service = Service::Start({.store = postgres_->url(*name), .events = events_});
    ASSERT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
  }

  absl::Duration In(absl::Duration span) const { return clock_->Steady() + span; }

  storage::Result Query(storage::Database& database, const std::string& sql) {
    auto result = storage::Read(database, In(absl::Seconds(10)),
                                [&](storage::Transaction& transaction) { return transaction.Execute(sql); });
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : storage::Result();
  }

  // Runs `call`, lets `other` commit once the call waits for one of its rows, and waits for the call.
  void CommitWhileItWaits(testing::ScriptedSession& other, storage::Database& database,
                          const std::function<void()>& call) {
    std::thread caller(call);
    const auto pause = clock_->NewWaitEvent();
    const absl::Duration give_up = In(absl::Seconds(10));
    int64_t waiting = 0;
    while (waiting == 0 && clock_->Steady() < give_up) {
      pause->WaitUntil(In(absl::Milliseconds(5)));
      waiting = Query(database,
                      "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                      "datname = current_database()")
                    .rows[0]
                    .Int(0);
    }
    EXPECT_EQ(waiting, 1);
    EXPECT_TRUE(other.Commit().ok());
    caller.join();
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  testing::TemporaryFolder folder_;
  testing::PostgresServer* postgres_ = nullptr;
  std::string events_;
  std::unique_ptr<Service> service_;
};

TEST_F(ConflictRows, ALeadWhoseExternalIdIsTakenMeanwhileHearsByWhom) {
  const auto lead = service_->Create("first");
  ASSERT_TRUE(lead.ok()) << lead.status();
  testing::ScriptedSession other(service_->database(), *clock_);
  ASSERT_TRUE(other
                  .Execute("INSERT INTO external_ids (source, id, lead) VALUES ('crm', '7', $1)",
                           {lead->name().substr(sizeof("leads/") - 1)})
                  .ok());
  leads::v1::CreateLeadRequest request;
  request.mutable_lead()->set_company("Example GmbH");
  auto& id = *request.mutable_lead()->add_external_ids();
  id.set_source("crm");
  id.set_id("7");
  absl::StatusOr<leads::v1::Lead> created;
  CommitWhileItWaits(other, service_->database(),
                     [&] { created = service_->Call<leads::v1::Lead>("CreateLead", request); });
  EXPECT_TRUE(absl::IsAlreadyExists(created.status())) << created.status();
  EXPECT_NE(created.status().message().find(lead->name()), absl::string_view::npos) << created.status();
}

TEST_F(ConflictRows, AnImportWhoseExternalIdIsTakenMeanwhileChangesThatLead) {
  const auto lead = service_->Create("first");
  ASSERT_TRUE(lead.ok()) << lead.status();
  testing::ScriptedSession other(service_->database(), *clock_);
  ASSERT_TRUE(other
                  .Execute("INSERT INTO external_ids (source, id, lead) VALUES ('import:fair', '7', $1)",
                           {lead->name().substr(sizeof("leads/") - 1)})
                  .ok());
  leads::v1::ImportLeadsRequest header;
  header.mutable_header()->set_request_id("fair");
  header.mutable_header()->add_columns("Id");
  header.mutable_header()->add_columns("Company");
  leads::v1::ImportMapping& mapping = *header.mutable_header()->mutable_mapping();
  mapping.set_name("fair");
  mapping.set_id_column("Id");
  leads::v1::FieldColumn& company = *mapping.add_fields();
  company.set_column("Company");
  company.set_field("company");
  leads::v1::ImportLeadsRequest rows;
  leads::v1::ImportRow& row = *rows.mutable_rows()->add_rows();
  row.set_line(2);
  row.add_cells("7");
  row.add_cells("Example GmbH");
  leads::v1::ImportLeadsResponse last;
  absl::Status done;
  CommitWhileItWaits(other, service_->database(), [&] {
    auto stream = service_->channel().Open("/finalmile.leads.v1.LeadService/ImportLeads",
                                           {.timeout = absl::Seconds(10)});
    for (const auto* request : {&header, &rows}) {
      if (!stream->Write(*request) || !stream->Read(last)) break;
    }
    stream->WritesDone();
    done = stream->Finish();
  });
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(last.created(), 0);
  // It is that lead, whose company somebody had given.
  ASSERT_EQ(last.conflicts_size(), 1) << last.ShortDebugString();
  EXPECT_EQ(last.conflicts(0).lead(), lead->name());
}

TEST_F(ConflictRows, OfTwoReplicasThatStartOnAnEmptyStoreBothStart) {
  const auto name = postgres_->CreateDatabase();
  ASSERT_TRUE(name.ok()) << name.status();
  auto fresh = storage::Open(postgres_->url(*name), *clock_, {});
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  ASSERT_TRUE(app::MigrateStore(leads::kModule, **fresh, *clock_).ok());
  const storage::Result policy =
      Query(service_->database(), "SELECT number, name, content, publish_time FROM policies");
  testing::ScriptedSession other(**fresh, *clock_);
  ASSERT_TRUE(other
                  .Execute("INSERT INTO policies (number, name, content, publish_time) VALUES ($1, $2, $3, "
                           "$4)",
                           policy.rows[0].values())
                  .ok());
  absl::StatusOr<std::unique_ptr<Service>> second;
  CommitWhileItWaits(other, **fresh, [&] {
    second = Service::Start({.store = postgres_->url(*name), .log = &service_->events()});
  });
  EXPECT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Query(**fresh, "SELECT COUNT(*) FROM policies").rows[0].Int(0), 1);
}

}  // namespace
}  // namespace finalmile::faults
