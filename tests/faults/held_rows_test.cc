#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <vector>

#include "libs/base/status.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/temporary_folder.h"
#include "tests/faults/service.h"

// Row F35 of the fault table: a store that is damaged, or does not fit the program, under the activity
// consumer. The batch is held, and shown; nothing is parked; it goes on once the store is mended.
namespace finalmile::faults {
namespace {

constexpr char kConsumer[] = "leads.activities";

class HeldRows : public ::testing::Test {
 protected:
  void StartOn(const std::string& store) {
    store_url_ = store;
    auto service = Service::Start({.store = store, .events = "local:" + folder_.path() + "/events.db"});
    ASSERT_TRUE(service.ok()) << service.status();
    // The acknowledged writes of all its lives are in the first one's ledger.
    service_ = *std::move(service);
  }
  std::string StartPostgres() {
    auto postgres = testing::PostgresServer::Start({});
    if (!postgres.ok()) return "";
    postgres_ = *std::move(postgres);
    const auto name = postgres_->CreateDatabase();
    return name.ok() ? postgres_->url(*name) : "";
  }

  storage::Result Query(const std::string& sql) {
    storage::Result result;
    const absl::Status status =
        service_->database().Transact({.deadline = service_->clock().Steady() + absl::Seconds(10)},
                                      [&](storage::Transaction& transaction) -> absl::Status {
                                        ASSIGN_OR_RETURN(result, transaction.Execute(sql));
                                        return absl::OkStatus();
                                      });
    EXPECT_TRUE(status.ok()) << sql << ": " << status;
    return result;
  }

  // Waits until the condition holds, for half a minute.
  bool Await(const std::function<bool()>& condition) {
    auto pause = service_->clock().NewWaitEvent();
    const absl::Duration deadline = service_->clock().Steady() + absl::Seconds(30);
    while (!condition()) {
      if (service_->clock().Steady() > deadline) return false;
      pause->WaitUntil(service_->clock().Steady() + absl::Milliseconds(50));
    }
    return true;
  }

  v1::ConsumerStatus ConsumerNow() {
    const auto status = service_->Status();
    if (status.ok()) {
      for (const v1::ConsumerStatus& consumer : status->services(0).consumers()) {
        if (consumer.name() == kConsumer) return consumer;
      }
    }
    return {};
  }

  // Activities are acknowledged all the same, since only the log takes them; their batch is held, and every
  // way of asking says so.
  void ExpectHeld(const std::string& lead) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(service_->Record(lead, "held" + std::to_string(i)).ok());
    ASSERT_TRUE(Await([&] { return ConsumerNow().has_held_duration(); }));
    const v1::ConsumerStatus consumer = ConsumerNow();
    std::cout << "held by " << consumer.held_reason() << "\n";
    EXPECT_EQ(consumer.parked(), 0);
    EXPECT_NE(consumer.held_reason(), "");
    const std::string ready = service_->Admin("/readyz");
    EXPECT_EQ(ready.find("HTTP 200"), 0u) << ready;
    EXPECT_NE(ready.find("leads.activities consumer: is held since 2"), std::string::npos) << ready;
    EXPECT_NE(ready.find(consumer.held_reason()), std::string::npos) << ready;
    EXPECT_EQ(ConsumerNow().parked(), 0);
  }
  // The store is watched every few seconds.
  void ExpectGauge() {
    const std::string gauge = "finalmile_consumer_held_seconds{consumer=\"leads.activities\"} ";
    EXPECT_TRUE(Await([&] {
      const std::string metrics = service_->Admin("/metrics");
      const size_t at = metrics.find(gauge);
      return at != std::string::npos && metrics[at + gauge.size()] != '0';
    }));
  }
  void ExpectMended(Ledger& ledger) {
    ASSERT_TRUE(Await([&] {
      const v1::ConsumerStatus consumer = ConsumerNow();
      return !consumer.has_held_duration() && consumer.lags_size() > 0 && consumer.lags(0).records() == 0;
    })) << ConsumerNow().DebugString();
    EXPECT_NE(service_->Admin("/readyz").find("leads.activities consumer: ok"), std::string::npos);
    const auto counts = ledger.Check(
        {.database = service_->database(),
         .events = service_->events(),
         .clock = service_->clock(),
         .call =
             [&](const std::string& method, const google::protobuf::Message& request,
                 google::protobuf::Message& reply) { return service_->CallMessage(method, request, reply); },
         .patience = absl::Seconds(30),
         .parked = 0});
    ASSERT_TRUE(counts.ok()) << counts.status();
    std::cout << "ledger: " << *counts << "\n";
  }

  // While the service runs: statements that damage the store, and mend it.
  void ExpectHeldBetween(const std::vector<std::string>& damage, const std::string& mend) {
    const auto lead = service_->Create("lead");
    ASSERT_TRUE(lead.ok()) << lead.status();
    ASSERT_TRUE(service_->Record(lead->name(), "before").ok());
    ASSERT_TRUE(Await([&] { return Query("SELECT COUNT(*) FROM activities").rows[0].Int(0) == 1; }));
    for (const std::string& statement : damage) Query(statement);
    ExpectHeld(lead->name());
    Query(mend);
    ExpectMended(service_->ledger());
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<testing::PostgresServer> postgres_;
  std::string store_url_;
  std::unique_ptr<Service> service_;
};

// Overwrites a page of a file, and gives back what it was.
std::string Overwrite(const std::string& path, int64_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  EXPECT_TRUE(file.good()) << path;
  std::string before(bytes.size(), '\0');
  file.seekg(offset);
  file.read(before.data(), static_cast<std::streamsize>(before.size()));
  file.seekp(offset);
  file << bytes;
  return before;
}

TEST_F(HeldRows, F35ADamagedIndexPageOfPostgresHoldsTheBatch) {
  const std::string store = StartPostgres();
  if (store.empty()) FINALMILE_NEEDS_POSTGRES(testing::SharedPostgres());
  ASSERT_NO_FATAL_FAILURE(StartOn(store));
  const auto lead = service_->Create("lead");
  ASSERT_TRUE(lead.ok()) << lead.status();
  ASSERT_TRUE(service_->Record(lead->name(), "before").ok());
  ASSERT_TRUE(Await([&] { return Query("SELECT COUNT(*) FROM activities").rows[0].Int(0) == 1; }));
  const std::string file = postgres_->data_folder() + "/" +
                           Query("SELECT pg_relation_filepath('activities_pkey')").rows[0].Text(0);
  ASSERT_TRUE(postgres_->Stop().ok());
  Overwrite(file, 8192, std::string(8192, '\x7f'));
  ASSERT_TRUE(postgres_->Resume().ok());
  ASSERT_NO_FATAL_FAILURE(ExpectHeld(lead->name()));
  ExpectGauge();
  Query("REINDEX INDEX activities_pkey");
  ExpectMended(service_->ledger());
}

TEST_F(HeldRows, F35ADamagedIndexPageOfSqliteHoldsTheBatch) {
  const std::string path = folder_.path() + "/store.db";
  ASSERT_NO_FATAL_FAILURE(StartOn("sqlite:" + path));
  const auto lead = service_->Create("lead");
  ASSERT_TRUE(lead.ok()) << lead.status();
  const storage::Result root = Query(
      "SELECT rootpage FROM sqlite_master WHERE tbl_name = 'activities' AND type = 'index' ORDER BY name");
  ASSERT_FALSE(root.rows.empty());
  const int64_t offset = (root.rows[0].Int(0) - 1) * 4096;
  // An embedded store is one process's own: it is damaged, and mended from its backup, while none runs. The
  // ledger goes on over the lives of the service.
  const std::unique_ptr<Service> first = std::move(service_);
  first->Stop();
  const std::string before = Overwrite(path, offset, std::string(4096, '\x7f'));
  ASSERT_NO_FATAL_FAILURE(StartOn("sqlite:" + path));
  ASSERT_NO_FATAL_FAILURE(ExpectHeld(lead->name()));
  service_->ledger().NoteLead(lead->name());
  const std::unique_ptr<Service> second = std::move(service_);
  second->Stop();
  Overwrite(path, offset, before);
  ASSERT_NO_FATAL_FAILURE(StartOn("sqlite:" + path));
  ExpectMended(second->ledger());
}

TEST_F(HeldRows, F35ASchemaThatHasDriftedHoldsTheBatchOnSqlite) {
  ASSERT_NO_FATAL_FAILURE(StartOn("sqlite:" + folder_.path() + "/store.db"));
  ExpectHeldBetween({"ALTER TABLE activities RENAME COLUMN subject TO topic"},
                    "ALTER TABLE activities RENAME COLUMN topic TO subject");
}

TEST_F(HeldRows, F35ASchemaThatHasDriftedHoldsTheBatchOnPostgres) {
  const std::string store = StartPostgres();
  if (store.empty()) FINALMILE_NEEDS_POSTGRES(testing::SharedPostgres());
  ASSERT_NO_FATAL_FAILURE(StartOn(store));
  ExpectHeldBetween({"ALTER TABLE activities RENAME COLUMN subject TO topic"},
                    "ALTER TABLE activities RENAME COLUMN topic TO subject");
}

TEST_F(HeldRows, F35AConstraintThatNoRowMeetsHoldsTheBatch) {
  const std::string store = StartPostgres();
  if (store.empty()) FINALMILE_NEEDS_POSTGRES(testing::SharedPostgres());
  ASSERT_NO_FATAL_FAILURE(StartOn(store));
  ExpectHeldBetween({"ALTER TABLE activities ADD CONSTRAINT wrong CHECK (activity_id = 'x') NOT VALID"},
                    "ALTER TABLE activities DROP CONSTRAINT wrong");
}

// A store that may only be read, as of a disk that was mounted so.
TEST_F(HeldRows, F35AStoreThatCannotBeWrittenHoldsTheBatch) {
  const std::string store = StartPostgres();
  if (store.empty()) FINALMILE_NEEDS_POSTGRES(testing::SharedPostgres());
  ASSERT_NO_FATAL_FAILURE(StartOn(store));
  ExpectHeldBetween(
      {"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE "
       "read_only_sql_transaction; END'",
       "CREATE TRIGGER refused BEFORE INSERT ON activities FOR EACH STATEMENT EXECUTE FUNCTION refuse()"},
      "DROP TRIGGER refused ON activities");
}

}  // namespace
}  // namespace finalmile::faults
