#include <gtest/gtest.h>

#include <iostream>

#include "libs/events/kafka/appender.h"
#include "libs/testing/forwarding_event_log.h"
#include "libs/testing/kafka_broker.h"
#include "tests/faults/folder.h"
#include "tests/faults/service.h"

// Row F6 of the fault table: the leads service on a real Kafka.
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
  TemporaryFolder folder_;
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
    // Relay and RecordActivity share the producer: either may meet the error, in any call.
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

}  // namespace
}  // namespace finalmile::faults
