// Records that wait, with any key.
#include "libs/outbox/consumer_fixture.h"
#include "libs/outbox/keys.h"

namespace finalmile::outbox {
namespace {

// Keys as any producer may make them: every long of Java's holds U+0000.
class ConsumerKeyTest : public ConsumerTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(ConsumerKeyTest, AnyKeyIsAppliedParkedRetriedAndSkipped) {
  const std::string& key = GetParam();
  Append(key, 1, "1");
  Append(key, 2, "2");
  Append(key, 4, "4");
  Append(key, 0, "outside");
  handler.set_aside = {"2", "outside"};
  Drive(*consumer_);
  EXPECT_EQ(Applied(), Strings{"1"});
  EXPECT_EQ(Parked(), (Strings{"failed:2", "waiting:4", "failed:outside"}));
  ASSERT_TRUE(store_
                  ->Transact({.deadline = Soon()},
                             [&](storage::Transaction& transaction) -> absl::Status {
                               ASSIGN_OR_RETURN(const auto parked,
                                                ListParked(transaction, {.key = key}, 10, nullptr));
                               EXPECT_EQ(parked.size(), 3u);
                               for (const ParkedRecord& one : parked) EXPECT_EQ(one.record.key, key);
                               return absl::OkStatus();
                             })
                  .ok());
  const int32_t partition = events::PartitionOf(key, 2);
  ASSERT_TRUE(consumer_->Skip("t", partition, OffsetOf("outside"), Soon()).ok());
  handler.set_aside.clear();
  ASSERT_TRUE(consumer_->Retry("t", partition, OffsetOf("2"), Soon()).ok());
  Append(key, 3, "3");
  Append(key, 2, "2 again");
  Drive(*consumer_);
  EXPECT_EQ(Applied(), (Strings{"1", "2", "3", "4"}));
  EXPECT_TRUE(Parked().empty());
}

INSTANTIATE_TEST_SUITE_P(Keys, ConsumerKeyTest,
                         ::testing::Values(std::string("k"), std::string("\0\0\0\0\0\0\0\x2A", 8),
                                           std::string("\xFF\xFE"), std::string(kLongestPlainKey - 1, 'x'),
                                           std::string(kLongestPlainKey, 'x'),
                                           std::string(kLongestPlainKey + 1, 'x'), std::string(65536, '\x80'),
                                           std::string("sha256:"), std::string("é")));

TEST_F(ConsumerTest, ManyThatWaitAreAppliedInBoundedTransactions) {
  constexpr int kMany = 3 * Sequencer::kMostDrained + 7;
  AppendRun(a_, 2, kMany);
  Drive(*consumer_);
  EXPECT_EQ(Parked().size(), static_cast<size_t>(kMany - 1));
  handler.largest = 0;
  Append(a_, 1, "1");
  Drive(*consumer_);
  EXPECT_TRUE(Parked().empty());
  EXPECT_LE(handler.largest, static_cast<size_t>(Sequencer::kMostDrained + 1));
  Strings expected;
  for (int seq = 1; seq <= kMany; ++seq) expected.push_back(std::to_string(seq));
  EXPECT_EQ(Applied(), expected);
}

TEST_F(ConsumerTest, WhatIsReadyWhenAProcessEndsIsAppliedByTheNext) {
  constexpr int kMany = 2 * Sequencer::kMostDrained;
  AppendRun(a_, 2, kMany);
  Drive(*consumer_);
  Append(a_, 1, "1");
  // One batch, and no further.
  while (Applied().empty()) consumer_->Run();
  EXPECT_FALSE(Parked().empty());
  consumer_ = NewConsumer();
  Drive(*consumer_);
  EXPECT_TRUE(Parked().empty());
  EXPECT_EQ(Applied().size(), static_cast<size_t>(kMany));
}

// A retry, or a batch, whose commit took effect while its answer was lost leaves a record ready of which no
// process knows.
TEST_F(ConsumerTest, WhatIsReadyUnknownToAnyProcessIsAppliedAtTheNextLook) {
  AppendRun(a_, 2, 3);
  Drive(*consumer_);
  EXPECT_EQ(Parked(), (Strings{"waiting:2", "waiting:3"}));
  Sql("UPDATE consumer_seqs SET seq = 1");
  Sql("UPDATE parked SET state = 'ready' WHERE seq = 2");
  clock.Advance(absl::Seconds(5));
  Drive(*consumer_);
  EXPECT_TRUE(Parked().empty());
  EXPECT_EQ(Applied(), (Strings{"2", "3"}));
}

// A batch behind a failed record must not grow dearer with what waits there.
TEST_F(ConsumerTest, BehindAFailedRecordOnlyPositionsAreRead) {
  handler.set_aside = {"1"};
  AppendRun(a_, 1, 2000);
  Drive(*consumer_);
  EXPECT_EQ(Parked().size(), 2000u);
  ASSERT_TRUE(store_
                  ->Transact({.deadline = Soon()},
                             [&](storage::Transaction& transaction) -> absl::Status {
                               ASSIGN_OR_RETURN(auto heads, ParkedUpTo(transaction, "c", {{{"t", a_}, 100}}));
                               const std::vector<ParkedHead>& of_key = heads[{"t", a_}];
                               EXPECT_EQ(of_key.size(), 100u);
                               for (size_t i = 0; i < of_key.size(); ++i)
                                 EXPECT_EQ(of_key[i].seq, static_cast<int64_t>(i) + 1) << "in order of seq";
                               return absl::OkStatus();
                             })
                  .ok());
  Append(a_, 2001, "2001");
  Drive(*consumer_);
  EXPECT_EQ(Parked().size(), 2001u);
  handler.set_aside.clear();
  ASSERT_TRUE(consumer_->Skip("t", 0, OffsetOf("1"), Soon()).ok());
  Drive(*consumer_);
  EXPECT_EQ(Applied().size(), 2000u);
}

// Its fault is its own, not that of the record whose turn let it go.
TEST_F(ConsumerTest, AFaultOfARecordThatWaitedIsItsOwn) {
  handler.faults["3"] = RecordFault("bad bytes");
  for (int seq = 2; seq <= 5; ++seq) Append(a_, seq, std::to_string(seq));
  Drive(*consumer_);
  Append(a_, 1, "1");
  Drive(*consumer_);
  EXPECT_EQ(Applied(), (Strings{"1", "2"}));
  EXPECT_EQ(Parked(), (Strings{"failed:3", "waiting:4", "waiting:5"}));
}

TEST_F(ConsumerTest, AnyHeaderAndAMissingValueAreKept) {
  const events::Headers odd = {{"", ""},
                               {"\xFF", std::string("\0\xFF", 2)},
                               {"ce_type", std::string(60000, 'x')},
                               {"ce_type", "again"}};
  handler.set_aside = {""};
  ASSERT_TRUE(log_->Append({{"t", a_, "", odd}}, Soon()).ok());
  Drive(*consumer_);
  EXPECT_EQ(Parked(), Strings{"failed:"});
  ASSERT_TRUE(store_
                  ->Transact({.deadline = Soon()},
                             [&](storage::Transaction& transaction) -> absl::Status {
                               ASSIGN_OR_RETURN(const ParkedRecord parked,
                                                GetParked(transaction, "c", "t", 0, 0));
                               EXPECT_EQ(parked.record.headers, odd);
                               return absl::OkStatus();
                             })
                  .ok());
}

TEST_F(ConsumerTest, AReasonIsOnePrintableLine) {
  handler.faults["a1"] = RecordFault(std::string("line\nwith \xFF and \0", 17));
  Append(a_, 0, "a1");
  Drive(*consumer_);
  EXPECT_EQ(Sql("SELECT reason FROM parked")[0].Text(0), "line\\x0Awith \\xFF and \\x00");
}

}  // namespace
}  // namespace finalmile::outbox
