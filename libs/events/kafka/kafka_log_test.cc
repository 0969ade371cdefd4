#include "libs/events/kafka/kafka_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "fmt/format.h"
#include "libs/events/event_log_contract.h"
#include "libs/events/kafka/appender.h"
#include "libs/events/library_log.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/logs.h"

namespace finalmile::events {
namespace {

using ::testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(Kafka, EventLogContract,
                         ::testing::Values(ContractEngine{
                             .name = "kafka",
                             .url = [](std::string_view) -> absl::StatusOr<std::string> {
                               const auto broker = testing::SharedKafka();
                               if (!broker.ok()) return broker.status();
                               return (*broker)->url();
                             },
                             .required = testing::KafkaRequired()}),
                         [](const auto& info) { return info.param.name; });

class KafkaLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto broker = testing::SharedKafka();
    FINALMILE_NEEDS_KAFKA(broker);
    broker_ = *broker;
    auto log = Open(broker_->url(), *clock_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = std::move(*log);
    topic_ = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const absl::Status made = log_->ApplyTopics({{.name = topic_, .partitions = 3}}, In(30));
    ASSERT_TRUE(made.ok()) << made;
  }
  absl::Duration In(double seconds) const { return clock_->Steady() + absl::Seconds(seconds); }
  Message Text(std::string key, std::string value) const {
    return {.topic = topic_, .key = std::move(key), .value = std::move(value), .headers = {}};
  }
  // Every record of the topic so far.
  std::vector<Record> ReadAll() {
    const auto wake = clock_->NewWaitEvent();
    auto tail = log_->OpenTail({topic_}, TailFrom::kStart, In(30), *wake);
    EXPECT_TRUE(tail.ok()) << tail.status();
    std::vector<Record> all;
    const absl::Duration deadline = In(30);
    while (tail.ok()) {
      wake->Clear();
      auto records = (*tail)->Poll(1'000);
      if (records.ok()) all.insert(all.end(), records->begin(), records->end());
      if ((*tail)->caught_up()) break;
      if (!wake->WaitUntil(deadline)) {
        ADD_FAILURE() << "the tail does not end";
        break;
      }
    }
    return all;
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  testing::KafkaBroker* broker_ = nullptr;
  std::unique_ptr<EventLog> log_;
  std::string topic_;
};

TEST_F(KafkaLogTest, ABrokerKilledInMidStreamLosesAndRepeatsNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 400;
  std::atomic<int> acknowledged = 0;
  const auto half = clock_->NewWaitEvent();
  std::vector<absl::Status> failures(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach && failures[t].ok(); ++i) {
        failures[t] = log_->Append({Text(std::to_string(t), std::to_string(i))}, In(60));
        if (++acknowledged == kThreads * kEach / 2) half->Set();
      }
    });
  }
  EXPECT_TRUE(half->WaitUntil(In(60)));
  const absl::Status killed = broker_->Kill();
  const absl::Status resumed = broker_->Resume();
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(killed.ok()) << killed;
  ASSERT_TRUE(resumed.ok()) << resumed;
  for (const absl::Status& status : failures) ASSERT_TRUE(status.ok()) << status;
  std::map<std::string, int> next;
  for (const Record& record : ReadAll()) EXPECT_EQ(std::stoi(record.value), next[record.key]++) << record.key;
  for (int t = 0; t < kThreads; ++t) EXPECT_EQ(next[std::to_string(t)], kEach);
}

TEST_F(KafkaLogTest, AConsumerOutlivesABrokersDeath) {
  const auto wake = clock_->NewWaitEvent();
  ASSERT_TRUE(log_->Append({Text("k", "before")}, In(30)).ok());
  auto consumer = log_->Join(topic_ + ".g", {topic_}, *wake);
  ASSERT_TRUE(consumer.ok());
  std::vector<std::string> values;
  bool unavailable = false;
  std::map<Partition, int64_t> next;
  const auto poll_until = [&](auto done) {
    const absl::Duration deadline = In(60);
    while (true) {
      wake->Clear();
      auto polled = (*consumer)->Poll(100);
      unavailable |= absl::IsUnavailable(polled.status());
      if (polled.ok()) {
        std::vector<PartitionOffset> starts;
        for (const Partition& partition : polled->partitions) starts.push_back({partition, next[partition]});
        ASSERT_TRUE((*consumer)->Start(starts).ok());
        for (const Record& record : polled->records) {
          values.push_back(record.value);
          next[{record.topic, record.partition}] = record.offset + 1;
        }
      }
      if (done()) return;
      ASSERT_TRUE(wake->WaitUntil(deadline)) << values.size();
    }
  };
  poll_until([&] { return values.size() == 1; });
  ASSERT_TRUE(broker_->Kill().ok());
  poll_until([&] { return unavailable; });
  ASSERT_TRUE(broker_->Resume().ok());
  ASSERT_TRUE(log_->Append({Text("k", "after")}, In(60)).ok());
  poll_until([&] { return values.size() == 2; });
  EXPECT_EQ(values, (std::vector<std::string>{"before", "after"}));
}

TEST_F(KafkaLogTest, AFrozenBrokerIsLeftAtTheDeadlineAndNothingGathers) {
  ASSERT_TRUE(log_->Append({Text("k", "before")}, In(30)).ok());
  ASSERT_TRUE(broker_->Freeze().ok());
  for (int i = 0; i < 3; ++i) {
    const absl::Duration deadline = In(0.5);
    const absl::Status status = log_->Append({Text("k", "lost")}, deadline);
    // The producer is replaced once it is known to be stuck; a new one has to find the topic first.
    EXPECT_TRUE(absl::IsDeadlineExceeded(status) || absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(broker_->bootstrap()));
    EXPECT_LT(clock_->Steady() - deadline, absl::Seconds(2));
  }
  const auto wake = clock_->NewWaitEvent();
  EXPECT_TRUE(absl::IsUnavailable(log_->OpenTail({topic_}, TailFrom::kEnd, In(0.5), *wake).status()));
  EXPECT_TRUE(absl::IsUnavailable(log_->EndOffsets({topic_}, In(0.5)).status()));
  ASSERT_TRUE(broker_->Thaw().ok());
  const auto ends = log_->EndOffsets({topic_}, In(30));
  EXPECT_TRUE(ends.ok()) << ends.status();
  ASSERT_TRUE(log_->Append({Text("k", "after")}, In(30)).ok());
  std::map<std::string, int> count;
  for (const Record& record : ReadAll()) ++count[record.value];
  EXPECT_EQ(count["before"], 1);
  EXPECT_EQ(count["after"], 1);
  // Each call at most once.
  EXPECT_LE(count["lost"], 3);
}

TEST_F(KafkaLogTest, AFrozenBrokerHoldsNoThreadAndLosesNothing) {
  ASSERT_TRUE(log_->Append({Text("k", "0")}, In(30)).ok());
  ASSERT_TRUE(broker_->Freeze().ok());
  const std::shared_ptr<WaitEvent> wake = clock_->NewWaitEvent();
  std::vector<std::unique_ptr<Pending>> appends;
  const absl::Duration start = clock_->Steady();
  for (int i = 1; i <= 1000; ++i) {
    auto append = log_->StartAppend({Text("k", std::to_string(i))}, In(60), wake);
    ASSERT_TRUE(append.ok()) << append.status();
    appends.push_back(*std::move(append));
  }
  // A thousand appends wait, and their caller does not.
  EXPECT_LT(clock_->Steady() - start, absl::Seconds(5));
  EXPECT_EQ(appends.back()->Outcome(), std::nullopt);
  ASSERT_TRUE(broker_->Thaw().ok());
  for (const auto& append : appends) EXPECT_EQ(Await(*append, *wake, In(60)), absl::OkStatus());
  int next = 0;
  for (const Record& record : ReadAll()) EXPECT_EQ(std::stoi(record.value), next++);
  EXPECT_EQ(next, 1001);
}

TEST_F(KafkaLogTest, AMemberThatDoesNotPollIsPutOutAndComesBack) {
  // The shortest that the broker allows.
  auto log = Open(broker_->url() + "?session.timeout.ms=6000&max.poll.interval.ms=6000", *clock_);
  ASSERT_TRUE(log.ok()) << log.status();
  const auto wake = clock_->NewWaitEvent();
  auto consumer = (*log)->Join(topic_ + ".g", {topic_}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  // Every change of ownership up to the next one that is not empty.
  const auto changes = [&] {
    std::vector<size_t> owned;
    const absl::Duration deadline = In(30);
    while (owned.empty() || owned.back() == 0) {
      wake->Clear();
      const auto polled = (*consumer)->Poll(100);
      EXPECT_TRUE(polled.ok()) << polled.status();
      if (polled.ok() && polled->assigned) owned.push_back(polled->partitions.size());
      if (!owned.empty() && owned.back() > 0) break;
      if (!wake->WaitUntil(deadline)) break;
    }
    return owned;
  };
  EXPECT_EQ(changes(), (std::vector<size_t>{3}));
  // What was queued is served, then nobody polls until the consumer itself has something to say.
  wake->Clear();
  ASSERT_TRUE((*consumer)->Poll(100).ok());
  wake->Clear();
  const absl::Duration start = clock_->Steady();
  ASSERT_TRUE(wake->WaitUntil(In(30)));
  EXPECT_GT(clock_->Steady() - start, absl::Seconds(5));
  EXPECT_EQ(changes(), (std::vector<size_t>{0, 3}));
}

TEST_F(KafkaLogTest, AFatalProducerErrorIsMended) {
  const kafka::Config config{
      .servers = broker_->bootstrap(), .properties = {}, .max_message_bytes = 1'000'000};
  kafka::KafkaAppender appender(config, *clock_);
  EXPECT_TRUE(absl::IsFailedPrecondition(appender.InjectFatalError("nothing yet")));
  ASSERT_TRUE(appender.Append({Text("k", "a")}, In(30)).ok());
  ASSERT_TRUE(appender.InjectFatalError("injected").ok());
  // The producer may be found broken by a call, or before it; the next one in any case has a new one.
  const absl::Status first = appender.Append({Text("k", "b")}, In(30));
  EXPECT_TRUE(first.ok() || absl::IsUnavailable(first)) << first;
  if (!first.ok()) {
    ASSERT_TRUE(appender.Append({Text("k", "b")}, In(30)).ok());
  }
  EXPECT_EQ(appender.generation(), 2);
  std::vector<std::string> values;
  for (const Record& record : ReadAll()) values.push_back(record.value);
  EXPECT_EQ(values, (std::vector<std::string>{"a", "b"}));
}

TEST_F(KafkaLogTest, AFullQueueHoldsCallersBackUntilThereIsRoom) {
  auto log = Open(broker_->url() + "?queue.buffering.max.messages=50", *clock_);
  ASSERT_TRUE(log.ok()) << log.status();
  std::vector<std::thread> threads;
  std::vector<absl::Status> statuses(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<Message> messages;
      for (int i = 0; i < 1'000; ++i) messages.push_back(Text(std::to_string(t), std::to_string(i)));
      statuses[t] = (*log)->Append(messages, In(30));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : statuses) EXPECT_TRUE(status.ok()) << status;
  std::map<std::string, int> next;
  for (const Record& record : ReadAll()) EXPECT_EQ(std::stoi(record.value), next[record.key]++);
  EXPECT_EQ(next.size(), 4u);
}

TEST(KafkaAbsentTest, EveryCallNamesTheAddressAtItsDeadline) {
  const auto clock = NewSystemClock();
  // Port 1 of the loopback address: nothing listens there.
  auto log = Open("kafka://127.0.0.1:1", *clock);
  ASSERT_TRUE(log.ok()) << log.status();
  const auto expect = [&](const absl::Status& status, absl::StatusCode code) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1:1"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("refused"));
  };
  const absl::Duration start = clock->Steady();
  const auto in = [&] { return clock->Steady() + absl::Milliseconds(500); };
  finalmile::testing::CapturingLog lines;
  const LibraryLog library_log(lines);
  expect((*log)->Append({{.topic = "t", .key = "k", .value = "v", .headers = {}}}, in()),
         absl::StatusCode::kUnavailable);
  EXPECT_GE(lines.Count(Severity::kWarning, "librdkafka writes"), 1);
  EXPECT_GE(lines.Count(Severity::kWarning, "Connection refused"), 1) << "librdkafka's own words";
  expect((*log)->ApplyTopics({{.name = "t"}}, in()), absl::StatusCode::kDeadlineExceeded);
  expect((*log)->ListTopics(in()).status(), absl::StatusCode::kUnavailable);
  expect((*log)->EndOffsets({"t"}, in()).status(), absl::StatusCode::kUnavailable);
  const auto wake = clock->NewWaitEvent();
  expect((*log)->OpenTail({"t"}, TailFrom::kStart, in(), *wake).status(), absl::StatusCode::kUnavailable);
  EXPECT_LT(clock->Steady() - start, absl::Seconds(10));

  auto consumer = (*log)->Join("g", {"t"}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  absl::Status status = absl::OkStatus();
  while (status.ok()) {
    ASSERT_TRUE(wake->WaitUntil(clock->Steady() + absl::Seconds(10)));
    wake->Clear();
    status = (*consumer)->Poll(1).status();
  }
  expect(status, absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace finalmile::events
