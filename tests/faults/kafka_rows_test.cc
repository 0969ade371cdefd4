#include <gtest/gtest.h>

#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/events/kafka/appender.h"
#include "libs/events/kafka/foreign.h"
#include "libs/outbox/parked.h"
#include "libs/storage/transact.h"
#include "libs/testing/forwarding_event_log.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/temporary_folder.h"
#include "tests/faults/service.h"

// Rows F6 and F33 of the fault table: the leads service on a real Kafka.
namespace finalmile::faults {
namespace {

// Kafka as the service sees it, with a producer that the test can break.
class BreakableLog final : public testing::ForwardingEventLog {
 public:
  BreakableLog(events::EventLog& inner, const events::kafka::Config& config, Clock& clock)
      : ForwardingEventLog(inner), appender_(config, clock) {}

  events::kafka::KafkaAppender& appender() { return appender_; }

  absl::Status Append(const std::vector<events::Message>& messages, absl::Duration deadline) override {
    return appender_.Append(messages, deadline);
  }
  absl::StatusOr<std::unique_ptr<Pending>> StartAppend(const std::vector<events::Message>& messages,
                                                       absl::Duration deadline,
                                                       std::shared_ptr<Signal> signal) override {
    return appender_.StartAppend(messages, deadline, std::move(signal));
  }
  bool has_queue() const override { return true; }
  absl::StatusOr<std::unique_ptr<Pending>> TryStartAppend(const std::vector<events::Message>& messages,
                                                          std::shared_ptr<Signal> signal) override {
    return appender_.TryStartAppend(messages, std::move(signal));
  }

 private:
  events::kafka::KafkaAppender appender_;
};

class FaultRowsOnKafka : public ::testing::Test {
 protected:
  void SetUp() override {
    auto kafka = testing::SharedKafka();
    FINALMILE_NEEDS_KAFKA(kafka);
    kafka_ = *kafka;
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  testing::TemporaryFolder folder_;
  testing::KafkaBroker* kafka_ = nullptr;
};

TEST_F(FaultRowsOnKafka, F6AFatalProducerErrorLosesAndReordersNothing) {
  auto kafka = events::Open(kafka_->url(), *clock_);
  ASSERT_TRUE(kafka.ok()) << kafka.status();
  const events::kafka::Config config{
      .servers = kafka_->bootstrap(), .properties = {}, .max_message_bytes = (*kafka)->max_message_bytes()};
  BreakableLog log(**kafka, config, *clock_);
  auto started = Service::Start({.store = "sqlite:" + folder_.path() + "/store.db", .log = &log});
  ASSERT_TRUE(started.ok()) << started.status();
  Service& service = **started;
  const auto lead = service.Create("lead");
  ASSERT_TRUE(lead.ok()) << lead.status();
  int injected = 0;
  for (int i = 0; i < 60; ++i) {
    // Sender, relay and RecordActivity share the producer: any may meet the error, in any call.
    if (i % 10 == 5 && log.appender().InjectFatalError("injected").ok()) ++injected;
    ASSERT_TRUE(service.SetOwner(lead->name(), "o" + std::to_string(i)).ok());
    ASSERT_TRUE(service.Record(lead->name(), "a" + std::to_string(i)).ok());
  }
  EXPECT_EQ(injected, 6);
  const auto counts = service.Check();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(log.appender().generation(), 1 + injected) << "each was answered by a new producer";
  std::cout << "ledger: " << *counts << "; " << service.retries() << " calls repeated\n";
}

// Records that no client of ours makes, in the middle of those that are well, on the store at `store`.
void ExpectForeignRecordsParked(const std::string& store, Clock& clock) {
  auto kafka = testing::KafkaBroker::Start({});
  FINALMILE_NEEDS_KAFKA(kafka);
  auto started = Service::Start({.store = store, .events = (*kafka)->url()});
  ASSERT_TRUE(started.ok()) << started.status();
  Service& service = **started;
  std::vector<std::string> leads;
  for (int i = 0; i < 6; ++i) {
    const auto lead = service.Create("lead" + std::to_string(i));
    ASSERT_TRUE(lead.ok()) << lead.status();
    leads.push_back(lead->name());
  }
  const auto record = [&](const std::string& id) {
    for (size_t i = 0; i < leads.size(); ++i)
      ASSERT_TRUE(service.Record(leads[i], id + "-" + std::to_string(i)).ok());
  };
  record("before");
  const std::string topic = "finalmile.leads.activities.v1";
  const std::string good = service.RequestOf(leads[0], "x", "pricing").activity().SerializeAsString();
  const std::optional<std::string> none;
  const std::vector<events::kafka::ForeignRecord> records = {
      {topic, leads[0], none},
      {topic, leads[0], std::string()},
      {topic, none, good},
      {topic, none, none},
      {topic, std::string("\xFF\xFE\x80"), good},
      {topic, std::string("\0\0\0\0\0\0\0\x2A", 8), good},
      {topic, std::string(64 << 10, '\x80'), good},
      {topic, std::string(64 << 10, 'k'), good},
      {topic, std::string(2800, 'k'), good},
      {topic, std::string("\x1B[31m\n"), good, {{"ce_sequence", "1"}}},
      {topic, std::string("\xFF"), none, {{"ce_sequence", "1"}, {"ce_sequence", none}}},
      {topic, std::string(3000, '\xFF'), none, {{"ce_sequence", "9223372036854775807"}}},
      {topic, std::string(3000, '\xFF'), none, {{"ce_sequence", "2"}}},
      {topic, std::string("k"), none, {{"\xFF\x01", std::string("\0\xFF", 2)}, {"", none}}},
      {topic, std::string("k"), none, {{"ce_source", none}, {"traceparent", std::string(60 << 10, 'x')}}}};
  const events::kafka::Config config{
      .servers = (*kafka)->bootstrap(), .properties = {}, .max_message_bytes = 1 << 20};
  for (const events::kafka::ForeignRecord& foreign : records) {
    const absl::Status appended = events::kafka::AppendForeign(config, foreign, absl::Seconds(20));
    ASSERT_TRUE(appended.ok()) << appended;
  }
  record("after");
  const auto counts = service.Check(static_cast<int64_t>(records.size()));
  ASSERT_TRUE(counts.ok()) << counts.status();
  std::cout << "ledger: " << *counts << "\n";

  // The consumer goes on, and says that all is well but what is parked.
  const auto status = service.Status();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->services(0).error(), "");
  EXPECT_FALSE(status->services(0).consumers(0).has_held_duration());
  EXPECT_EQ(status->services(0).consumers(0).lags(0).records(), 0);
  EXPECT_EQ(status->services(0).parked_failed() + status->services(0).parked_waiting(),
            static_cast<int64_t>(records.size()));
  // Each is kept as it came, and can be given up.
  ASSERT_TRUE(storage::Read(service.database(), clock.Steady() + absl::Seconds(10),
                            [&](storage::Transaction& transaction) -> absl::StatusOr<int> {
                              ASSIGN_OR_RETURN(const auto parked,
                                               outbox::ListParked(transaction, {}, 100, nullptr));
                              std::multiset<std::string> kept;
                              std::multiset<std::string> sent;
                              for (const outbox::ParkedRecord& one : parked) kept.insert(one.record.key);
                              for (const auto& foreign : records) sent.insert(foreign.key.value_or(""));
                              EXPECT_EQ(kept, sent);
                              return 0;
                            })
                  .ok());
}

TEST_F(FaultRowsOnKafka, F33AnyRecordIsParkedAndTheOthersGoOnOverSqlite) {
  ExpectForeignRecordsParked("sqlite:" + folder_.path() + "/store.db", *clock_);
}

TEST_F(FaultRowsOnKafka, F33AnyRecordIsParkedAndTheOthersGoOnOverPostgres) {
  auto postgres = testing::SharedPostgres();
  FINALMILE_NEEDS_POSTGRES(postgres);
  const auto name = (*postgres)->CreateDatabase();
  ASSERT_TRUE(name.ok()) << name.status();
  ExpectForeignRecordsParked((*postgres)->url(*name), *clock_);
}

}  // namespace
}  // namespace finalmile::faults
