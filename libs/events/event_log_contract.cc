#include "libs/events/event_log_contract.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "fmt/format.h"

namespace finalmile::events {
namespace {

using ::testing::HasSubstr;

}  // namespace

void EventLogContract::SetUp() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  const absl::StatusOr<std::string> url = GetParam().url(info->name());
  if (!url.ok()) {
    if (GetParam().required) FAIL() << url.status();
    GTEST_SKIP() << "SKIPPED without " << GetParam().name << ": " << url.status();
  }
  url_ = *url;
  Open();
}

void EventLogContract::Open() {
  log_.reset();
  absl::StatusOr<std::unique_ptr<EventLog>> log = events::Open(url_, *clock_);
  ASSERT_TRUE(log.ok()) << log.status();
  log_ = std::move(*log);
}

std::string EventLogContract::Unique(std::string_view what) const {
  std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::replace(name.begin(), name.end(), '/', '.');
  return fmt::format("{}.{}.{}", name, what, getpid());
}

std::string EventLogContract::MakeTopic(int32_t partitions, std::string_view what) {
  std::string topic = Unique(what);
  const absl::Status made = log_->ApplyTopics({{.name = topic, .partitions = partitions}}, Soon());
  EXPECT_TRUE(made.ok()) << made;
  return topic;
}

void EventLogContract::Append(const std::vector<Message>& messages) {
  const absl::Status status = log_->Append(messages, Soon());
  ASSERT_TRUE(status.ok()) << status;
}

void EventLogContract::PollUntil(Consumer& consumer, WaitEvent& wake,
                                 const std::function<bool(Polled&)>& done) {
  const absl::Duration deadline = Soon();
  while (true) {
    wake.Clear();
    absl::StatusOr<Polled> polled = consumer.Poll(1'000);
    ASSERT_TRUE(polled.ok() || absl::IsUnavailable(polled.status())) << polled.status();
    if (polled.ok() && done(*polled)) return;
    ASSERT_TRUE(wake.WaitUntil(deadline)) << "nothing came";
  }
}

std::vector<Partition> EventLogContract::StartAll(
    Consumer& consumer, WaitEvent& wake, int64_t offset,
    const std::function<bool(const std::vector<Partition>&)>& wanted) {
  std::vector<Partition> owned;
  PollUntil(consumer, wake, [&](Polled& polled) {
    EXPECT_TRUE(polled.records.empty()) << "a record came before Start";
    if (polled.assigned) owned = polled.partitions;
    return polled.assigned && wanted(owned);
  });
  std::vector<PartitionOffset> places;
  for (const Partition& partition : owned) places.push_back({partition, offset});
  const absl::Status started = consumer.Start(places);
  EXPECT_TRUE(started.ok()) << started;
  return owned;
}

std::vector<Record> EventLogContract::Read(Consumer& consumer, WaitEvent& wake, size_t count) {
  std::vector<Record> records;
  PollUntil(consumer, wake, [&](Polled& polled) {
    EXPECT_TRUE(polled.truncated.empty()) << "a partition stands still";
    for (Record& record : polled.records) records.push_back(std::move(record));
    return records.size() >= count;
  });
  return records;
}

std::vector<Record> EventLogContract::ReadTail(Tail& tail, WaitEvent& wake, size_t count) {
  std::vector<Record> records;
  const absl::Duration deadline = Soon();
  while (true) {
    wake.Clear();
    absl::StatusOr<std::vector<Record>> polled = tail.Poll(1'000);
    EXPECT_TRUE(polled.ok()) << polled.status();
    if (polled.ok()) records.insert(records.end(), polled->begin(), polled->end());
    if (records.size() >= count && tail.caught_up()) return records;
    if (!wake.WaitUntil(deadline)) {
      ADD_FAILURE() << "the tail returned " << records.size() << " of " << count << " records";
      return records;
    }
  }
}

TEST_P(EventLogContract, OrderPerKeyAndPlacementAsJava) {
  const std::string topic = MakeTopic(5);
  std::vector<Message> messages;
  for (int i = 0; i < 300; ++i)
    messages.push_back(Text(topic, fmt::format("key{}", i % 7), std::to_string(i)));
  const absl::Time before = clock_->Now();
  Append(messages);

  const auto wake = clock_->NewWaitEvent();
  auto consumer = log_->Join(Unique("g"), {topic}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  EXPECT_EQ(StartAll(**consumer, *wake, 0, Any).size(), 5u);
  const std::vector<Record> records = Read(**consumer, *wake, 300);
  ASSERT_EQ(records.size(), 300u);
  std::map<std::string, int> last;
  std::map<int32_t, int64_t> next;
  for (const Record& record : records) {
    EXPECT_EQ(record.topic, topic);
    EXPECT_EQ(record.partition, PartitionOf(record.key, 5));
    EXPECT_EQ(record.offset, next[record.partition]++);
    EXPECT_LT(absl::AbsDuration(record.time - before), absl::Minutes(1));
    const int value = std::stoi(record.value);
    if (const auto [it, first] = last.try_emplace(record.key, value); !first) {
      EXPECT_EQ(value, std::exchange(it->second, value) + 7);
    }
  }
}

TEST_P(EventLogContract, StartReadsFromTheGivenOffset) {
  const std::string topic = MakeTopic(1);
  for (const char* value : {"a", "b", "c"}) Append({Text(topic, "k", value)});
  const auto wake = clock_->NewWaitEvent();
  auto consumer = log_->Join(Unique("g"), {topic}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  StartAll(**consumer, *wake, 1, Any);
  EXPECT_EQ(Values(Read(**consumer, *wake, 2)), (std::vector<std::string>{"b", "c"}));
  Append({Text(topic, "k", "d")});
  EXPECT_EQ(Values(Read(**consumer, *wake, 1)), (std::vector<std::string>{"d"}));
  // A second Start of one partition goes back.
  ASSERT_TRUE((*consumer)->Start({{{topic, 0}, 2}}).ok());
  EXPECT_EQ(Values(Read(**consumer, *wake, 2)), (std::vector<std::string>{"c", "d"}));
  (*consumer)->Report({{{topic, 0}, 4}});
}

TEST_P(EventLogContract, StartOfOnePartitionLeavesTheOthersInPlace) {
  const std::string topic = MakeTopic(2);
  std::string keys[2];
  for (int i = 0; keys[0].empty() || keys[1].empty(); ++i)
    keys[PartitionOf(std::to_string(i), 2)] = std::to_string(i);
  Append({Text(topic, keys[0], "a0"), Text(topic, keys[1], "b0")});
  const auto wake = clock_->NewWaitEvent();
  auto consumer = log_->Join(Unique("g"), {topic}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  StartAll(**consumer, *wake, 0, Any);
  Read(**consumer, *wake, 2);
  ASSERT_TRUE((*consumer)->Start({{{topic, 0}, 0}}).ok());
  Append({Text(topic, keys[0], "a1"), Text(topic, keys[1], "b1")});
  const std::vector<Record> records = Read(**consumer, *wake, 3);
  EXPECT_THAT(Values(records), ::testing::UnorderedElementsAre("a0", "a1", "b1"));
}

TEST_P(EventLogContract, AnOffsetOutsideTheLogIsReportedAndWaitsForStart) {
  const std::string topic = MakeTopic(1);
  Append({Text(topic, "k", "a"), Text(topic, "k", "b")});
  const auto wake = clock_->NewWaitEvent();
  auto consumer = log_->Join(Unique("g"), {topic}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  // The end itself is inside; one beyond is not.
  StartAll(**consumer, *wake, 3, Any);
  std::vector<PartitionOffset> truncated;
  PollUntil(**consumer, *wake, [&](Polled& polled) {
    EXPECT_TRUE(polled.records.empty());
    truncated = polled.truncated;
    return !truncated.empty();
  });
  ASSERT_EQ(truncated.size(), 1u);
  EXPECT_EQ(truncated[0].partition, (Partition{topic, 0}));
  EXPECT_EQ(truncated[0].offset, 0);
  ASSERT_TRUE((*consumer)->Start({{{topic, 0}, 2}}).ok());
  Append({Text(topic, "k", "c")});
  EXPECT_EQ(Values(Read(**consumer, *wake, 1)), (std::vector<std::string>{"c"}));
}

TEST_P(EventLogContract, ANegativeOffsetIsRefused) {
  const std::string topic = MakeTopic(1);
  const auto wake = clock_->NewWaitEvent();
  auto consumer = log_->Join(Unique("g"), {topic}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  EXPECT_TRUE(absl::IsInvalidArgument((*consumer)->Start({{{topic, 0}, -1}})));
}

TEST_P(EventLogContract, TwoMembersShareAndTheRestTakesOver) {
  const std::string topic = MakeTopic(4);
  const std::string group = Unique("g");
  // One event for both, since both must poll for the group to settle.
  const auto wake = clock_->NewWaitEvent();
  auto first = log_->Join(group, {topic}, *wake);
  ASSERT_TRUE(first.ok()) << first.status();
  StartAll(**first, *wake, 0, [](const auto& partitions) { return partitions.size() == 4; });

  auto second = log_->Join(group, {topic}, *wake);
  ASSERT_TRUE(second.ok()) << second.status();
  std::vector<Partition> ours, theirs;
  const absl::Duration deadline = Soon();
  while (true) {
    wake->Clear();
    for (auto [member, owned] : {std::pair(first->get(), &ours), std::pair(second->get(), &theirs)}) {
      absl::StatusOr<Polled> polled = member->Poll(100);
      ASSERT_TRUE(polled.ok()) << polled.status();
      if (polled->assigned) *owned = polled->partitions;
    }
    if (ours.size() == 2 && theirs.size() == 2) break;
    ASSERT_TRUE(wake->WaitUntil(deadline)) << ours.size() << " and " << theirs.size();
  }
  std::set<Partition> both(ours.begin(), ours.end());
  both.insert(theirs.begin(), theirs.end());
  EXPECT_EQ(both.size(), 4u);

  std::vector<PartitionOffset> starts;
  for (const Partition& partition : ours) starts.push_back({partition, 0});
  ASSERT_TRUE((*first)->Start(starts).ok());
  for (int i = 0; i < 40; ++i) Append({Text(topic, std::to_string(i), "v")});
  const auto mine = [&](int i) {
    return std::count(ours.begin(), ours.end(), Partition{topic, PartitionOf(std::to_string(i), 4)}) > 0;
  };
  size_t expected = 0;
  for (int i = 0; i < 40; ++i) expected += mine(i) ? 1 : 0;
  EXPECT_EQ(Read(**first, *wake, expected).size(), expected);

  second->reset();
  StartAll(**first, *wake, 0, [](const auto& partitions) { return partitions.size() == 4; });
  EXPECT_EQ(Read(**first, *wake, 40).size(), 40u);
}

TEST_P(EventLogContract, RejoinGivesANewAssignment) {
  const std::string topic = MakeTopic(2);
  Append({Text(topic, "k", "a")});
  const auto wake = clock_->NewWaitEvent();
  auto consumer = log_->Join(Unique("g"), {topic}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  StartAll(**consumer, *wake, 0, Any);
  Read(**consumer, *wake, 1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE((*consumer)->Rejoin().ok());
    EXPECT_EQ(StartAll(**consumer, *wake, 0, Any).size(), 2u);
    EXPECT_EQ(Values(Read(**consumer, *wake, 1)), (std::vector<std::string>{"a"}));
  }
}

TEST_P(EventLogContract, AnUnknownTopicIsNamed) {
  const std::string topic = MakeTopic(1);
  const std::string absent = Unique("absent");
  const auto wake = clock_->NewWaitEvent();
  const absl::Status status = log_->Append({Text(topic, "k", "v"), Text(absent, "k", "v")}, Soon());
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(absent));
  EXPECT_TRUE(absl::IsNotFound(log_->EndOffsets({topic, absent}, Soon()).status()));
  const auto tail = log_->OpenTail({topic, absent}, TailFrom::kStart, Soon(), *wake);
  EXPECT_TRUE(absl::IsNotFound(tail.status())) << tail.status();

  // A member reads the topics that exist, and is told of the other.
  Append({Text(topic, "k", "v")});
  auto consumer = log_->Join(Unique("g"), {topic, absent}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  bool told = false;
  std::vector<Record> records;
  const absl::Duration deadline = Soon();
  while (!told || records.empty()) {
    wake->Clear();
    const absl::StatusOr<Polled> polled = (*consumer)->Poll(10);
    if (polled.ok()) {
      records.insert(records.end(), polled->records.begin(), polled->records.end());
      for (const Partition& partition : polled->partitions)
        ASSERT_TRUE((*consumer)->Start({{partition, 0}}).ok());
    } else {
      EXPECT_TRUE(absl::IsNotFound(polled.status())) << polled.status();
      EXPECT_THAT(std::string(polled.status().message()), HasSubstr(absent));
      told = true;
    }
    if (told && !records.empty()) break;
    ASSERT_TRUE(wake->WaitUntil(deadline)) << told << records.size();
  }
  EXPECT_EQ(records[0].value, "v");
}

TEST_P(EventLogContract, TopicsAreMadeOnceWithAFixedCount) {
  const std::string kept = Unique("kept");
  const std::string aged = Unique("aged");
  const std::vector<TopicSpec> specs = {{.name = kept, .partitions = 3},
                                        {.name = aged, .partitions = 12, .retention = absl::Hours(24 * 30)}};
  ASSERT_TRUE(log_->ApplyTopics(specs, Soon()).ok());
  EXPECT_TRUE(log_->ApplyTopics(specs, Soon()).ok());
  const absl::Status other =
      log_->ApplyTopics({{.name = kept, .partitions = 4}, {.name = Unique("new"), .partitions = 1}}, Soon());
  EXPECT_TRUE(absl::IsFailedPrecondition(other)) << other;
  EXPECT_THAT(std::string(other.message()), HasSubstr(kept));
  EXPECT_TRUE(absl::IsInvalidArgument(log_->ApplyTopics({{.name = "a/b", .partitions = 1}}, Soon())));
  EXPECT_TRUE(
      absl::IsInvalidArgument(log_->ApplyTopics({{.name = Unique("zero"), .partitions = 0}}, Soon())));

  const auto listed = log_->ListTopics(Soon());
  ASSERT_TRUE(listed.ok()) << listed.status();
  std::map<std::string, TopicSpec> by_name;
  for (const TopicSpec& spec : *listed) by_name[spec.name] = spec;
  EXPECT_FALSE(by_name.contains(Unique("new")));
  EXPECT_EQ(by_name.at(kept).partitions, 3);
  EXPECT_EQ(by_name.at(kept).retention, absl::InfiniteDuration());
  EXPECT_EQ(by_name.at(aged).partitions, 12);
  EXPECT_EQ(by_name.at(aged).retention, absl::Hours(24 * 30));
}

TEST_P(EventLogContract, ATailFromTheEndSeesOnlyWhatComesAfter) {
  const std::string topic = MakeTopic(4);
  Append({Text(topic, "k", "old"), Text(topic, "l", "old")});
  const auto wake = clock_->NewWaitEvent();
  auto tail = log_->OpenTail({topic}, TailFrom::kEnd, Soon(), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  EXPECT_TRUE((*tail)->caught_up());
  Append({Text(topic, "k", "new")});
  EXPECT_EQ(Values(ReadTail(**tail, *wake, 1)), (std::vector<std::string>{"new"}));

  const std::string empty = MakeTopic(2, "empty");
  auto nothing = log_->OpenTail({empty}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_TRUE((*nothing)->caught_up());
}

TEST_P(EventLogContract, EndOffsetsAreThoseOfTheNextRecords) {
  const std::string topic = MakeTopic(3);
  const std::string other = MakeTopic(1, "other");
  // By partition, in the order asked for.
  const auto ends = [&] {
    std::vector<int64_t> ends;
    const auto offsets = log_->EndOffsets({topic, other}, Soon());
    EXPECT_TRUE(offsets.ok()) << offsets.status();
    if (!offsets.ok()) return ends;
    for (size_t i = 0; i < offsets->size(); ++i) {
      const Partition expected = i < 3 ? Partition{topic, static_cast<int32_t>(i)} : Partition{other, 0};
      EXPECT_EQ((*offsets)[i].partition, expected);
      ends.push_back((*offsets)[i].offset);
    }
    return ends;
  };
  EXPECT_EQ(ends(), (std::vector<int64_t>{0, 0, 0, 0}));
  std::vector<int64_t> expected(4, 0);
  for (int i = 0; i < 20; ++i) {
    Append({Text(topic, std::to_string(i), "v"), Text(other, "k", "v")});
    ++expected[static_cast<size_t>(PartitionOf(std::to_string(i), 3))];
    ++expected[3];
    ASSERT_EQ(ends(), expected);
  }
  EXPECT_EQ(log_->EndOffsets({}, Soon())->size(), 0u);
  const auto starts = log_->StartOffsets({topic, other}, Soon());
  ASSERT_TRUE(starts.ok()) << starts.status();
  ASSERT_EQ(starts->size(), 4u);
  for (const PartitionOffset& start : *starts) EXPECT_EQ(start.offset, 0);
  EXPECT_TRUE(absl::IsNotFound(log_->StartOffsets({"absent"}, Soon()).status()));
}

TEST_P(EventLogContract, WithoutTimeTheLogIsNotAsked) {
  const std::string topic = MakeTopic(1);
  const auto wake = clock_->NewWaitEvent();
  const absl::Duration past = clock_->Steady() - absl::Seconds(1);
  EXPECT_TRUE(absl::IsUnavailable(log_->OpenTail({topic}, TailFrom::kStart, past, *wake).status()));
  EXPECT_TRUE(absl::IsUnavailable(log_->EndOffsets({topic}, past).status()));
}

TEST_P(EventLogContract, ReopenedItHoldsWhatItHeld) {
  const std::string topic = MakeTopic(2);
  Append({Text(topic, "k", "a")});
  Open();
  Append({Text(topic, "k", "b")});
  const auto wake = clock_->NewWaitEvent();
  auto consumer = log_->Join(Unique("g"), {topic}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  StartAll(**consumer, *wake, 0, Any);
  const std::vector<Record> records = Read(**consumer, *wake, 2);
  EXPECT_EQ(Values(records), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(records[1].offset, 1);
}

}  // namespace finalmile::events
