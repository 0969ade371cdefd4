#include "libs/outbox/lag.h"

#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

class LagTest : public OutboxTest {
 protected:
  // "consumer:topic:records"
  Strings Lags(const std::vector<const ConsumerGroup*>& consumers) {
    Strings texts;
    const auto lags = ReadLags(*database, *events, consumers, Soon());
    EXPECT_TRUE(lags.ok()) << lags.status();
    if (!lags.ok()) return texts;
    for (const Lag& lag : *lags)
      texts.push_back(lag.consumer + ":" + lag.topic + ":" + std::to_string(lag.records));
    return texts;
  }
  ConsumerGroup NewGroup(const std::string& name, const std::vector<std::string>& topics) {
    return ConsumerGroup({.name = name, .topics = topics}, 1, *database, *events, clock, logger, handler);
  }
};

TEST_F(LagTest, IsWhatIsBehindTheOffsetsOfTheStore) {
  ASSERT_TRUE(log_->ApplyTopics({{.name = "u", .partitions = 1}}, Soon()).ok());
  const ConsumerGroup first = NewGroup("c", {"t"});
  const ConsumerGroup second = NewGroup("d", {"u", "t"});
  EXPECT_EQ(Lags({}), Strings{});
  EXPECT_EQ(Lags({&first, &second}), (Strings{"c:t:0", "d:u:0", "d:t:0"}));
  for (int i = 0; i < 3; ++i) Append(KeyIn(0), 0, "x");
  Append(KeyIn(1), 0, "y");
  EXPECT_EQ(Lags({&first, &second}), (Strings{"c:t:4", "d:u:0", "d:t:4"})) << "nobody has begun";
  Drive(*first.members().front());
  EXPECT_EQ(Lags({&first, &second}), (Strings{"c:t:0", "d:u:0", "d:t:4"}));
  Append(KeyIn(1), 0, "z");
  EXPECT_EQ(Lags({&first}), Strings{"c:t:1"});
  handler.set_aside = {"z"};
  Drive(*first.members().front());
  EXPECT_EQ(Lags({&first}), Strings{"c:t:0"}) << "what is parked is consumed";
  Sql("UPDATE consumer_offsets SET next_offset = 100 WHERE partition = 0");
  EXPECT_EQ(Lags({&first}), Strings{"c:t:0"}) << "a log that lost its end";
}

TEST_F(LagTest, StoreAndLogHaveToAnswer) {
  const ConsumerGroup consumer = NewGroup("c", {"t"});
  database->away = true;
  EXPECT_TRUE(absl::IsUnavailable(ReadLags(*database, *events, {&consumer}, Soon()).status()));
  database->away = false;
  const ConsumerGroup stray = NewGroup("d", {"absent"});
  EXPECT_TRUE(absl::IsNotFound(ReadLags(*database, *events, {&stray}, Soon()).status()));
}

}  // namespace
}  // namespace finalmile::outbox
