// The order of what one producer appends, under errors that a real broker gives too rarely for a test. The
// cluster is librdkafka's mock, which answers a produce request as the test says.

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "fmt/format.h"
#include "libs/events/kafka/kafka_log.h"

namespace finalmile::events {
namespace {

constexpr int16_t kProduceRequest = 0;

class KafkaOrderTest : public ::testing::Test {
 protected:
  KafkaOrderTest() {
    char error[512];
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof(error));
    cluster_ = rd_kafka_mock_cluster_new(handle_, 1);
    rd_kafka_mock_topic_create(cluster_, "orders", 1, 1);
    // Each message is a request of its own.
    auto log = OpenKafka(
        fmt::format("kafka://{}?batch.num.messages=1", rd_kafka_mock_cluster_bootstraps(cluster_)), *clock_);
    EXPECT_TRUE(log.ok()) << log.status();
    if (log.ok()) log_ = *std::move(log);
  }
  ~KafkaOrderTest() override {
    log_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }
  absl::Duration In(double seconds) const { return clock_->Steady() + absl::Seconds(seconds); }
  static Message Text(std::string value) {
    return {.topic = "orders", .key = "k", .value = std::move(value), .headers = {}};
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::unique_ptr<EventLog> log_;
};

// A broker that has just been made the leader of a partition may refuse the first request and take the second
// one. It knows nothing of the producer yet, so it takes any first sequence number
// (org.apache.kafka.storage.internals.log.ProducerAppendInfo, checkSequence).
TEST_F(KafkaOrderTest, AMessageThatIsRefusedOnceStaysBeforeThoseBehindIt) {
  constexpr int kRefusalMillis = 300;
  ASSERT_EQ(rd_kafka_mock_broker_push_request_error_rtts(
                cluster_, 1, kProduceRequest, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, kRefusalMillis),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  const std::shared_ptr<WaitEvent> wake = clock_->NewWaitEvent();
  std::vector<std::unique_ptr<Pending>> appends;
  for (int i = 0; i < 20; ++i) {
    auto append = log_->StartAppend({Text(std::to_string(i))}, In(30), wake);
    ASSERT_TRUE(append.ok()) << append.status();
    appends.push_back(*std::move(append));
  }
  for (const auto& append : appends) ASSERT_EQ(Await(*append, *wake, In(30)), absl::OkStatus());

  const auto tail = log_->OpenTail({"orders"}, TailFrom::kStart, In(30), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  std::vector<std::string> values;
  while (values.size() < appends.size()) {
    wake->Clear();
    const auto records = (*tail)->Poll(100);
    ASSERT_TRUE(records.ok()) << records.status();
    for (const Record& record : *records) values.push_back(record.value);
    if (values.size() < appends.size()) {
      ASSERT_TRUE(wake->WaitUntil(In(30))) << values.size();
    }
  }
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], std::to_string(i));
}

}  // namespace
}  // namespace finalmile::events
