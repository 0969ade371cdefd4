// What event_log.h promises of appends, on both engines.

#include <gmock/gmock.h>

#include <map>
#include <thread>

#include "fmt/format.h"
#include "libs/events/event_log_contract.h"

namespace finalmile::events {
namespace {

using ::testing::HasSubstr;

TEST_P(EventLogContract, BytesSurvive) {
  const std::string topic = MakeTopic(3);
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  const Headers headers = {{"ce_id", all}, {"empty", ""}, {"ce_id", "again"}, {"traceparent", "00-ab"}};
  Append({{.topic = topic, .key = all, .value = all, .headers = headers},
          {.topic = topic, .key = "", .value = "", .headers = {}},
          {.topic = topic, .key = "", .value = "", .headers = {{"h", "v"}}}});
  const auto wake = clock_->NewWaitEvent();
  auto tail = log_->OpenTail({topic}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  EXPECT_FALSE((*tail)->caught_up());
  std::vector<Record> records = ReadTail(**tail, *wake, 3);
  ASSERT_EQ(records.size(), 3u);
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    return std::pair(a.key.size(), a.headers.size()) < std::pair(b.key.size(), b.headers.size());
  });
  EXPECT_EQ(records[0].key + records[0].value, "");
  EXPECT_TRUE(records[0].headers.empty());
  EXPECT_EQ(records[1].headers, (Headers{{"h", "v"}}));
  EXPECT_EQ(records[2].key, all);
  EXPECT_EQ(records[2].value, all);
  EXPECT_EQ(records[2].headers, headers);
}

TEST_P(EventLogContract, TheLargestMessageIsTakenAndOneByteMoreIsRefused) {
  const std::string topic = MakeTopic(1);
  const auto of_size = [&](int64_t bytes) {
    // 1 byte of key, 2 of header.
    return Message{.topic = topic,
                   .key = "k",
                   .value = std::string(static_cast<size_t>(bytes - 3), 'x'),
                   .headers = {{"h", "v"}}};
  };
  const int64_t limit = log_->max_message_bytes();
  Append({of_size(limit - 1), of_size(limit)});
  const absl::Status refused = log_->Append({of_size(10), of_size(limit + 1)}, Soon());
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("message 2 of 2"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr(topic));
  // Nothing of the refused call was sent.
  const auto wake = clock_->NewWaitEvent();
  auto tail = log_->OpenTail({topic}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  const std::vector<Record> records = ReadTail(**tail, *wake, 2);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(static_cast<int64_t>(records[1].value.size()), limit - 3);
}

TEST_P(EventLogContract, AHundredThreadsAppendWhileOneReads) {
  constexpr int kThreads = 100;
  constexpr int kEach = 20;
  const std::string topic = MakeTopic(6);
  const auto consumer_wake = clock_->NewWaitEvent();
  auto consumer = log_->Join(Unique("g"), {topic}, *consumer_wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  StartAll(**consumer, *consumer_wake, 0, Any);
  std::vector<absl::Status> failures(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach && failures[t].ok(); ++i) {
        failures[t] = log_->Append({Text(topic, fmt::format("k{}", t), std::to_string(i))}, Soon());
      }
    });
  }
  const std::vector<Record> consumed = Read(**consumer, *consumer_wake, kThreads * kEach);
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : failures) EXPECT_TRUE(status.ok()) << status;
  const auto wake = clock_->NewWaitEvent();
  auto tail = log_->OpenTail({topic}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  for (const std::vector<Record>& records : {consumed, ReadTail(**tail, *wake, kThreads * kEach)}) {
    std::map<std::string, int> next;
    for (const Record& record : records) EXPECT_EQ(std::stoi(record.value), next[record.key]++) << record.key;
    EXPECT_EQ(records.size(), static_cast<size_t>(kThreads * kEach));
    EXPECT_EQ(next.size(), static_cast<size_t>(kThreads));
  }
}

TEST_P(EventLogContract, OneCallMayHoldMoreThanABatch) {
  const std::string topic = MakeTopic(2);
  std::vector<Message> messages;
  for (int i = 0; i < 12'000; ++i) messages.push_back(Text(topic, "k", std::to_string(i)));
  Append(messages);
  const auto wake = clock_->NewWaitEvent();
  auto tail = log_->OpenTail({topic}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  const std::vector<Record> records = ReadTail(**tail, *wake, messages.size());
  ASSERT_EQ(records.size(), messages.size());
  for (size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i].value, messages[i].value);
}

TEST_P(EventLogContract, APastDeadlineIsToldAndNothingAppends) {
  const std::string topic = MakeTopic(1);
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(log_->Append({Text(topic, "k", "v")}, clock_->Steady() - absl::Seconds(1))));
  Append({Text(topic, "k", "w")});
  EXPECT_TRUE(log_->Append({}, Soon()).ok());
}

TEST_P(EventLogContract, OneThreadHasManyAppendsUnderWayInOrder) {
  const std::string topic = MakeTopic(3);
  const std::shared_ptr<WaitEvent> wake = clock_->NewWaitEvent();
  constexpr size_t kAppends = 200;
  std::vector<std::unique_ptr<Pending>> appends;
  for (size_t i = 0; i < kAppends; ++i) {
    auto append =
        log_->StartAppend({Text(topic, fmt::format("k{}", i % 5), std::to_string(i))}, Soon(), wake);
    ASSERT_TRUE(append.ok()) << append.status();
    appends.push_back(*std::move(append));
  }
  for (const auto& append : appends) EXPECT_EQ(Await(*append, *wake, Soon()), absl::OkStatus());
  // The outcome stays.
  EXPECT_EQ(appends.front()->Outcome(), absl::OkStatus());
  EXPECT_EQ(Await(**log_->StartAppend({}, Soon(), wake), *wake, Soon()), absl::OkStatus());

  auto tail = log_->OpenTail({topic}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  std::map<std::string, int> last;
  for (const Record& record : ReadTail(**tail, *wake, kAppends)) {
    const int value = std::stoi(record.value);
    if (const auto [it, first] = last.try_emplace(record.key, value); !first) {
      EXPECT_EQ(value, std::exchange(it->second, value) + 5);
    }
  }
  EXPECT_EQ(last.size(), 5u);
}

TEST_P(EventLogContract, AnAppendThatNobodyWaitsForIsStored) {
  const std::string topic = MakeTopic(1);
  {
    const std::shared_ptr<WaitEvent> gone = clock_->NewWaitEvent();
    ASSERT_TRUE(log_->StartAppend({Text(topic, "k", "a")}, Soon(), gone).ok());
  }
  Append({Text(topic, "k", "b")});
  const auto wake = clock_->NewWaitEvent();
  auto tail = log_->OpenTail({topic}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  EXPECT_EQ(Values(ReadTail(**tail, *wake, 2)), (std::vector<std::string>{"a", "b"}));
}

TEST_P(EventLogContract, StartAppendRefusesWhatAppendRefuses) {
  const std::string topic = MakeTopic(1);
  const std::shared_ptr<WaitEvent> wake = clock_->NewWaitEvent();
  const auto outcome = [&](const Message& message) {
    auto append = log_->StartAppend({message}, Soon(), wake);
    return append.ok() ? Await(**append, *wake, Soon()) : append.status();
  };
  const auto of_size = [&](int64_t bytes) {
    return Text(topic, "", std::string(static_cast<size_t>(bytes), 'x'));
  };
  const int64_t limit = log_->max_message_bytes();
  EXPECT_EQ(outcome(of_size(limit - 1)), absl::OkStatus());
  EXPECT_EQ(outcome(of_size(limit)), absl::OkStatus());
  EXPECT_TRUE(absl::IsInvalidArgument(outcome(of_size(limit + 1))));
  EXPECT_TRUE(absl::IsNotFound(outcome(Text(Unique("absent"), "k", "v"))));
}

TEST_P(EventLogContract, TryStartAppendAppendsOrSaysThatItWouldBlock) {
  const std::string topic = MakeTopic(1);
  const std::shared_ptr<WaitEvent> wake = clock_->NewWaitEvent();
  const auto start = [&](const Message& message) {
    auto append = log_->TryStartAppend({message}, wake);
    EXPECT_TRUE(append.ok()) << append.status();
    return *std::move(append);
  };
  EXPECT_EQ(start(Text(topic, "k", "a")), nullptr) << "nothing is known of the topic yet";
  Append({Text(topic, "k", "b")});
  const std::unique_ptr<Pending> append = start(Text(topic, "k", "c"));
  ASSERT_EQ(append != nullptr, log_->has_queue());
  if (append != nullptr) {
    EXPECT_EQ(Await(*append, *wake, Soon()), absl::OkStatus());
  }
  EXPECT_EQ(start(Text(Unique("absent"), "k", "v")), nullptr);
  if (log_->has_queue()) {
    const std::string large(static_cast<size_t>(log_->max_message_bytes()) + 1, 'x');
    EXPECT_TRUE(absl::IsInvalidArgument(log_->TryStartAppend({Text(topic, "", large)}, wake).status()));
  }
  Append({Text(topic, "k", "d")});
  auto tail = log_->OpenTail({topic}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  const std::vector<std::string> stored =
      log_->has_queue() ? std::vector<std::string>{"b", "c", "d"} : std::vector<std::string>{"b", "d"};
  EXPECT_EQ(Values(ReadTail(**tail, *wake, stored.size())), stored);
}

}  // namespace
}  // namespace finalmile::events
