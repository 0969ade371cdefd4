// How the program of the leads service starts, and goes on, while PostgreSQL or Kafka is away.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/app/deployment.h"
#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/rpc/client.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/process.h"
#include "libs/testing/temporary_folder.h"
#include "services/leads/wiring.h"

namespace finalmile::faults {
namespace {

class StartRows : public ::testing::Test {
 protected:
  void SetUp() override {
    auto postgres = testing::PostgresServer::Start({});
    FINALMILE_NEEDS_POSTGRES(postgres);
    postgres_ = *std::move(postgres);
    const auto name = postgres_->CreateDatabase();
    ASSERT_TRUE(name.ok()) << name.status();
    store_ = postgres_->tcp_url(*name);
  }

  absl::Duration In(absl::Duration span) const { return clock_->Steady() + span; }

  void Launch(const std::string& events) {
    port_ = testing::FreePort();
    admin_ = testing::FreePort();
    auto process =
        testing::Process::Start({FINALMILE_LEADS_BINARY, "--store", store_, "--events", events, "--data",
                                 folder_.path(), "--listen", fmt::format("127.0.0.1:{}", port_), "--admin",
                                 fmt::format("127.0.0.1:{}", admin_), "--log-format", "json"},
                                log_);
    ASSERT_TRUE(process.ok()) << process.status();
    process_ = *std::move(process);
    channel_ = rpc::NewGrpcChannel({.target = fmt::format("127.0.0.1:{}", port_)}, *clock_, *rng_);
  }
  // The address of the embedded event log.
  std::string Embedded() const { return "local:" + folder_.path() + "/events.db"; }

  std::unique_ptr<storage::Database> Store() {
    auto database = storage::Open(store_, *clock_, {.connections = 1});
    EXPECT_TRUE(database.ok()) << database.status();
    return database.ok() ? *std::move(database) : nullptr;
  }
  void Migrate() { EXPECT_EQ(app::MigrateStore(leads::kModule, *Store(), *clock_), absl::OkStatus()); }
  void Run(const std::string& sql) {
    EXPECT_EQ(Store()->Transact(
                  {.deadline = In(absl::Seconds(10))},
                  [&](storage::Transaction& transaction) { return transaction.Execute(sql).status(); }),
              absl::OkStatus());
  }

  // "200 TEXT" of the admin port.
  std::string Get(const std::string& path) const {
    const httplib::Result answer = httplib::Client("127.0.0.1", admin_).Get(path);
    return answer ? fmt::format("{} {}", answer->status, answer->body) : "nobody answers";
  }
  bool Await(const std::string& path, const std::string& text, bool there = true) {
    const absl::Duration give_up = In(absl::Seconds(60));
    while ((Get(path).find(text) != std::string::npos) != there) {
      if (clock_->Steady() > give_up) {
        ADD_FAILURE() << path << (there ? " never says " : " always says ") << text << ": " << Get(path)
                      << "\n"
                      << Log();
        return false;
      }
      clock_->NewWaitEvent()->WaitUntil(In(absl::Milliseconds(50)));
    }
    return true;
  }
  // The samples of a metric, one line each, that are not comments.
  std::string Samples(const std::string& metric) {
    std::istringstream lines(Get("/metrics"));
    std::string samples;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(metric)) samples += line + "\n";
    }
    return samples;
  }
  std::string Log() const {
    std::ifstream file(log_);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  int Lines(const std::string& text) const {
    const std::string log = Log();
    int count = 0;
    for (size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  absl::StatusOr<leads::v1::Lead> Create(const std::string& id) {
    leads::v1::CreateLeadRequest request;
    request.set_request_id(id);
    request.mutable_lead()->set_company("Example");
    return channel_->Call<leads::v1::Lead>("/finalmile.leads.v1.LeadService/CreateLead", request,
                                           {.timeout = absl::Seconds(20)});
  }
  absl::Status Record(const std::string& lead, const std::string& id, bool retry) {
    leads::v1::RecordActivityRequest request;
    leads::v1::Activity& activity = *request.mutable_activity();
    activity.set_lead(lead);
    activity.set_source("start");
    activity.set_activity_id(id);
    activity.set_type("page_view");
    activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(clock_->Now()) - 60);
    return channel_
        ->Call<leads::v1::RecordActivityResponse>("/finalmile.leads.v1.LeadService/RecordActivity", request,
                                                  {.timeout = absl::Seconds(20), .retry = retry})
        .status();
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSystemRng();
  const testing::TemporaryFolder folder_;
  const std::string log_ = folder_.path() + "/log";
  std::unique_ptr<testing::PostgresServer> postgres_;
  std::string store_;
  int port_ = 0;
  int admin_ = 0;
  std::unique_ptr<testing::Process> process_;
  std::unique_ptr<rpc::Channel> channel_;
};

TEST_F(StartRows, AServiceWaitsForItsStoreAndItsSchema) {
  ASSERT_TRUE(postgres_->Stop().ok());
  ASSERT_NO_FATAL_FAILURE(Launch(Embedded()));
  ASSERT_TRUE(Await(
      "/readyz", "503 serving: waiting for the store of leads: leads: the connection to the store was lost"));
  EXPECT_TRUE(Get("/livez").starts_with("200")) << Get("/livez");
  ASSERT_TRUE(postgres_->Resume().ok());
  ASSERT_TRUE(Await(
      "/readyz", "503 serving: waiting for the store of leads: leads: the schema of outbox is at version 0"));
  EXPECT_EQ(Lines("is away"), 1) << "a line each minute: " << Log();
  Migrate();
  const auto line = process_->ReadLine();
  ASSERT_TRUE(line.ok()) << Log();
  EXPECT_NE(line->find("serves on"), std::string::npos) << *line;
  EXPECT_TRUE(Await("/readyz", "200 serving: ok\nevents: ok\nleads store: ok\n"));
  EXPECT_TRUE(*rpc::IsServing(*channel_, "", absl::Seconds(5)));
  EXPECT_EQ(Lines("what was away is back"), 1) << Log();
  EXPECT_TRUE(Create("first").ok());
  EXPECT_EQ(process_->Terminate(), 0);
}

TEST_F(StartRows, AServiceThatWaitsCanBeStopped) {
  ASSERT_TRUE(postgres_->Stop().ok());
  ASSERT_NO_FATAL_FAILURE(Launch(Embedded()));
  ASSERT_TRUE(Await("/readyz", "waiting for the store"));
  EXPECT_EQ(process_->Terminate(), 0) << Log();
}

TEST_F(StartRows, AReleaseIsRolledBackOntoAStoreThatOnlyExpanded) {
  Migrate();
  const std::string next = std::to_string(leads::kModule.migrations.size() + 1);
  const auto add = [&](const std::string& version, const std::string& change) {
    Run("INSERT INTO schema_migrations (component, version, name, checksum, applied_at, change) VALUES "
        "('leads', " +
        version + ", 'of the next release', 'x', 0, '" + change + "')");
  };
  Run("ALTER TABLE leads ADD COLUMN of_the_next_release BIGINT NOT NULL DEFAULT 0");
  add(next, "expand");
  ASSERT_NO_FATAL_FAILURE(Launch(Embedded()));
  ASSERT_TRUE(process_->ReadLine().ok()) << Log();
  EXPECT_TRUE(Create("rolled-back").ok());
  EXPECT_TRUE(Await("/metrics", "finalmile_schema_version{component=\"leads\"} " + next + "\n"));
  EXPECT_EQ(process_->Terminate(), 0);

  add(std::to_string(leads::kModule.migrations.size() + 2), "contract");
  ASSERT_NO_FATAL_FAILURE(Launch(Embedded()));
  EXPECT_FALSE(process_->ReadLine().ok()) << "waiting does not mend it";
  EXPECT_NE(Log().find("(of the next release) is not one that older programs work with: run a newer program"),
            std::string::npos)
      << Log();
}

TEST_F(StartRows, EndpointsStayWhilePostgresIsAway) {
  Migrate();
  ASSERT_NO_FATAL_FAILURE(Launch(Embedded()));
  ASSERT_TRUE(process_->ReadLine().ok()) << Log();
  ASSERT_TRUE(Create("before").ok());
  ASSERT_TRUE(Await("/metrics", "finalmile_outbox_depth{service=\"leads\"} 0"));
  ASSERT_TRUE(postgres_->Stop().ok());
  ASSERT_TRUE(Await("/metrics", "finalmile_store_up{service=\"leads\"} 0"));
  EXPECT_TRUE(Get("/readyz").starts_with("200 serving: ok")) << Get("/readyz");
  EXPECT_NE(Get("/readyz").find("leads store: the connection to the store was lost"), std::string::npos);
  EXPECT_TRUE(*rpc::IsServing(*channel_, "", absl::Seconds(5)));
  EXPECT_NE(Samples("finalmile_outbox_depth").find("Nan"), std::string::npos)
      << Samples("finalmile_outbox_depth");
  EXPECT_NE(Samples("finalmile_consumer_lag").find("Nan"), std::string::npos)
      << Samples("finalmile_consumer_lag");
  leads::v1::GetLeadRequest request;
  request.set_name("leads/0190a6f0-0000-7000-8000-000000000000");
  const absl::Status refused =
      channel_->Call<leads::v1::Lead>("/finalmile.leads.v1.LeadService/GetLead", request, {.retry = false})
          .status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
  EXPECT_NE(std::string(refused.message()).find("the connection to the store was lost"), std::string::npos)
      << refused;
  ASSERT_TRUE(postgres_->Resume().ok());
  const absl::Duration back = clock_->Steady();
  EXPECT_TRUE(Create("after").ok());
  std::cout << "PostgreSQL back: a call succeeded " << clock_->Steady() - back << " later\n";
  EXPECT_LT(clock_->Steady() - back, absl::Seconds(5));
  EXPECT_TRUE(Await("/metrics", "finalmile_store_up{service=\"leads\"} 1"));
}

TEST_F(StartRows, AServiceStartsWithoutKafka) {
  auto kafka = testing::KafkaBroker::Start({});
  FINALMILE_NEEDS_KAFKA(kafka);
  Migrate();
  // Topics that are missing are waited for.
  ASSERT_NO_FATAL_FAILURE(Launch((*kafka)->url()));
  ASSERT_TRUE(Await("/readyz", "503 serving: waiting for the topics: topics finalmile."));
  {
    const auto events = events::Open((*kafka)->url(), *clock_);
    ASSERT_TRUE(events.ok()) << events.status();
    const auto topics = app::TopicsOf({&leads::kModule});
    ASSERT_TRUE(topics.ok());
    ASSERT_EQ((*events)->ApplyTopics(*topics, In(absl::Seconds(60))), absl::OkStatus());
  }
  ASSERT_TRUE(process_->ReadLine().ok()) << Log();
  EXPECT_TRUE(Await("/readyz", "events: ok"));
  EXPECT_EQ(process_->Terminate(), 0);

  ASSERT_TRUE((*kafka)->Stop().ok());
  ASSERT_NO_FATAL_FAILURE(Launch((*kafka)->url()));
  ASSERT_TRUE(process_->ReadLine().ok()) << Log();
  EXPECT_TRUE(Await("/readyz", "200 serving: ok\nevents: degraded: events: cannot reach Kafka at 127.0.0.1"));
  EXPECT_NE(Samples("finalmile_events_up").find("finalmile_events_up 0"), std::string::npos);
  EXPECT_TRUE(Await("/metrics",
                    "finalmile_consumer_lag{consumer=\"leads.activities\",topic=\"finalmile.leads."
                    "activities.v1\"} Nan"));
  const auto lead = Create("while-Kafka-is-away");
  ASSERT_TRUE(lead.ok()) << lead.status();
  const absl::Status refused = Record(lead->name(), "a", /*retry=*/false);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
  EXPECT_NE(std::string(refused.message()).find("cannot reach Kafka"), std::string::npos) << refused;
  EXPECT_TRUE(Await("/metrics", "finalmile_outbox_depth{service=\"leads\"} 0\n", /*there=*/false));
  EXPECT_GE(Lines("librdkafka writes"), 1) << Log();

  ASSERT_TRUE((*kafka)->Resume().ok());
  const absl::Duration back = clock_->Steady();
  EXPECT_TRUE(Await("/readyz", "events: ok"));
  EXPECT_EQ(Record(lead->name(), "a", /*retry=*/true), absl::OkStatus());
  EXPECT_TRUE(Await("/metrics", "finalmile_outbox_depth{service=\"leads\"} 0"));
  EXPECT_TRUE(Await("/metrics", "finalmile_consumer_records_total{consumer=\"leads.activities\"} 1"));
  std::cout << "Kafka back: outbox empty and lag 0 within " << clock_->Steady() - back << "\n";
  EXPECT_NE(Samples("finalmile_events_up").find("finalmile_events_up 1"), std::string::npos);
}

}  // namespace
}  // namespace finalmile::faults
