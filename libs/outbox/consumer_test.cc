#include <algorithm>

#include "libs/outbox/consumer_fixture.h"

namespace finalmile::outbox {
namespace {

TEST_F(ConsumerTest, AppliesInOrderAndDropsDuplicates) {
  Append(a_, 1, "a1");
  Append(a_, 2, "a2");
  Append(a_, 1, "a1 again");
  Append(a_, 3, "a3");
  Append(a_, 2, "a2 again");
  Drive(*consumer_);
  EXPECT_EQ(Applied(), (Strings{"a1", "a2", "a3"}));
  EXPECT_EQ(consumer_->stats().records, 3);
  EXPECT_EQ(consumer_->stats().duplicates, 2);
  Append(a_, 3, "a3 again");
  Append(a_, 4, "a4");
  Drive(*consumer_);
  EXPECT_EQ(Applied(), (Strings{"a1", "a2", "a3", "a4"}));
  EXPECT_TRUE(Parked().empty());
}

TEST_F(ConsumerTest, TellsTheLogOnceASecondHowFarItIs) {
  std::vector<int64_t> told;
  events->on_report = [&](const std::vector<events::PartitionOffset>& offsets) {
    for (const events::PartitionOffset& offset : offsets) told.push_back(offset.offset);
  };
  for (int i = 0; i < 3; ++i) {
    Append(a_, 0, "x");
    Drive(*consumer_);
  }
  EXPECT_EQ(told, (std::vector<int64_t>{1}));
  clock.Advance(absl::Seconds(1));
  Drive(*consumer_);
  EXPECT_EQ(told, (std::vector<int64_t>{1, 3})) << "although nothing more has come";
  clock.Advance(absl::Seconds(1));
  Drive(*consumer_);
  EXPECT_EQ(told.size(), 2u);
}

TEST_F(ConsumerTest, GoesOnWhereTheStoreSaysAfterARestart) {
  Append(a_, 0, "first");
  Drive(*consumer_);
  consumer_.reset();
  const auto next = NewConsumer();
  Append(a_, 0, "second");
  Drive(*next);
  EXPECT_EQ(Applied(), (Strings{"first", "second"}));
}

TEST_F(ConsumerTest, ARecordAfterAHoleWaitsUntilTheHoleIsFilled) {
  Append(a_, 1, "a1");
  Append(a_, 3, "a3");
  Append(a_, 4, "a4");
  Append(b_, 1, "b1");
  Drive(*consumer_);
  EXPECT_EQ(Applied(a_), (Strings{"a1"}));
  EXPECT_EQ(Applied(b_), (Strings{"b1"}));
  EXPECT_EQ(Parked(), (Strings{"waiting:a3", "waiting:a4"}));
  Append(a_, 2, "a2");
  Drive(*consumer_);
  EXPECT_EQ(Applied(a_), (Strings{"a1", "a2", "a3", "a4"}));
  EXPECT_TRUE(Parked().empty());
}

TEST_F(ConsumerTest, APoisonRecordIsParkedAloneWithThoseOfItsKeyBehindIt) {
  const std::string other = KeyIn(0, "other");
  handler.faults["a1"] = RecordFault("bad bytes");
  Append(other, 1, "o1");
  Append(a_, 1, "a1");
  Append(a_, 2, "a2");
  Append(other, 2, "o2");
  Append(b_, 1, "b1");
  Drive(*consumer_);
  EXPECT_EQ(Applied(other), (Strings{"o1", "o2"}));
  EXPECT_EQ(Applied(b_), (Strings{"b1"}));
  EXPECT_EQ(Parked(), (Strings{"failed:a1", "waiting:a2"}));
  EXPECT_EQ(Sql("SELECT reason FROM parked WHERE state = 'failed'")[0].Text(0), "bad bytes");

  // Later ones queue behind them.
  Append(a_, 3, "a3");
  Drive(*consumer_);
  EXPECT_TRUE(Applied(a_).empty());
  const int64_t offset = OffsetOf("a1");
  EXPECT_TRUE(absl::IsFailedPrecondition(consumer_->Retry("t", 0, offset, Soon())));
  EXPECT_EQ(Parked(), (Strings{"failed:a1", "waiting:a2", "waiting:a3"}));

  handler.faults.clear();
  EXPECT_TRUE(consumer_->Retry("t", 0, offset, Soon()).ok());
  EXPECT_EQ(Applied(a_), (Strings{"a1", "a2", "a3"}));
  EXPECT_TRUE(Parked().empty());
  EXPECT_TRUE(absl::IsNotFound(consumer_->Retry("t", 0, offset, Soon())));
}

TEST_F(ConsumerTest, ARetryThatFailsIsCountedWithItsReason) {
  handler.faults["a1"] = RecordFault("bad bytes");
  handler.set_aside = {"b1"};
  Append(a_, 1, "a1");
  Append(a_, 2, "a2");
  Append(b_, 1, "b1");
  Drive(*consumer_);
  const auto tries = [&](const std::string& value) {
    return Sql("SELECT tries FROM parked WHERE value = CAST('" + value + "' AS BLOB)")[0].Int(0);
  };
  EXPECT_EQ(tries("a1"), 1);
  const int64_t offset = OffsetOf("a1");
  for (const std::string reason : {"other bytes", "no such thing"}) {
    handler.faults["a1"] = RecordFault(reason);
    const int64_t before = tries("a1");
    EXPECT_EQ(consumer_->Retry("t", 0, offset, Soon()), absl::FailedPreconditionError(reason));
    EXPECT_EQ(tries("a1"), before + 1);
    EXPECT_EQ(
        Sql("SELECT reason FROM parked WHERE state = 'failed' AND topic = 't' AND partition = 0")[0].Text(0),
        reason);
  }
  // A fault of the store's is no try, and is not taken for an answer about the record.
  for (const absl::Status& fault :
       {absl::NotFoundError("no such row"), absl::FailedPreconditionError("a constraint"),
        absl::DataLossError("a damaged page")}) {
    handler.faults["a1"] = fault;
    const absl::Status failed = consumer_->Retry("t", 0, offset, Soon());
    EXPECT_FALSE(absl::IsNotFound(failed) || absl::IsFailedPrecondition(failed) || failed.ok()) << failed;
    EXPECT_EQ(tries("a1"), 3);
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(consumer_->Retry("t", 1, OffsetOf("b1"), Soon())));
  EXPECT_EQ(tries("b1"), 2) << "set aside by the handler";
  EXPECT_TRUE(absl::IsFailedPrecondition(consumer_->Retry("t", 0, OffsetOf("a2"), Soon())));
  EXPECT_EQ(tries("a2"), 1) << "it was not its turn";
  // Neither the store's own trouble nor a record that is not there is a try.
  database->away = true;
  EXPECT_TRUE(absl::IsUnavailable(consumer_->Retry("t", 0, offset, Soon())));
  database->away = false;
  EXPECT_EQ(tries("a1"), 3);
  EXPECT_TRUE(absl::IsNotFound(consumer_->Retry("t", 0, 99, Soon())));
}

TEST_F(ConsumerTest, ASkippedRecordLetsThoseBehindItGo) {
  handler.faults["a1"] = RecordFault("no such thing");
  for (int seq = 1; seq <= 3; ++seq) Append(a_, seq, "a" + std::to_string(seq));
  Drive(*consumer_);
  EXPECT_TRUE(absl::IsNotFound(consumer_->Skip("t", 0, 99, Soon())));
  ASSERT_TRUE(consumer_->Skip("t", 0, OffsetOf("a1"), Soon()).ok());
  EXPECT_EQ(Applied(), (Strings{"a2", "a3"}));
  EXPECT_TRUE(Parked().empty());
  Append(a_, 1, "a1 again");
  Drive(*consumer_);
  EXPECT_EQ(Applied(), (Strings{"a2", "a3"})) << "given up is seen";
}

TEST_F(ConsumerTest, OfSeveralPoisonRecordsOfAKeyTheLaterOnesWait) {
  handler.set_aside = {"a1", "a2"};
  for (int seq = 1; seq <= 3; ++seq) Append(a_, seq, "a" + std::to_string(seq));
  Drive(*consumer_);
  EXPECT_EQ(Parked(), (Strings{"failed:a1", "waiting:a2", "waiting:a3"}));
  EXPECT_TRUE(absl::IsFailedPrecondition(consumer_->Skip("t", 0, OffsetOf("a2"), Soon())))
      << "a1 would be lost with it";
  ASSERT_TRUE(consumer_->Skip("t", 0, OffsetOf("a1"), Soon()).ok());
  EXPECT_EQ(Parked(), (Strings{"failed:a2", "waiting:a3"}));
  handler.set_aside.clear();
  ASSERT_TRUE(consumer_->Retry("t", 0, OffsetOf("a2"), Soon()).ok());
  EXPECT_EQ(Applied(a_), (Strings{"a2", "a3"}));
}

TEST_F(ConsumerTest, AHandlerCanSetARecordAsideAndGoOn) {
  handler.set_aside = {"a2", "outside 1"};
  for (int seq = 1; seq <= 3; ++seq) Append(a_, seq, "a" + std::to_string(seq));
  Append(b_, 0, "outside 1");
  Append(b_, 0, "outside 2");
  Drive(*consumer_);
  EXPECT_EQ(Applied(a_), (Strings{"a1"}));
  EXPECT_EQ(Applied(b_), (Strings{"outside 2"})) << "records without seq do not wait for each other";
  EXPECT_EQ(Parked(), (Strings{"failed:a2", "waiting:a3", "failed:outside 1"}));
  EXPECT_TRUE(absl::IsFailedPrecondition(consumer_->Retry("t", 0, OffsetOf("a2"), Soon())));
  EXPECT_TRUE(absl::IsFailedPrecondition(consumer_->Retry("t", 1, OffsetOf("outside 1"), Soon())));
  handler.set_aside.clear();
  EXPECT_TRUE(consumer_->Retry("t", 0, OffsetOf("a2"), Soon()).ok());
  EXPECT_TRUE(consumer_->Retry("t", 1, OffsetOf("outside 1"), Soon()).ok());
  EXPECT_EQ(Applied(a_), (Strings{"a1", "a2", "a3"}));
  EXPECT_EQ(Applied(b_), (Strings{"outside 2", "outside 1"}));
}

TEST_F(ConsumerTest, ARecordWhoseSequenceIsNoNumberIsParked) {
  for (const char* sequence : {"0", "-1", "1x", "", "4611686018427387905"}) {
    ASSERT_TRUE(log_->Append({{"t", a_, "bad", {{"ce_sequence", sequence}}}}, Soon()).ok());
  }
  Append(a_, 1, "a1");
  Drive(*consumer_);
  EXPECT_EQ(Applied(), (Strings{"a1"}));
  EXPECT_EQ(Parked(), (Strings(5, "failed:bad")));
}

TEST_F(ConsumerTest, EveryAssignmentRaisesTheEpoch) {
  Drive(*consumer_);
  const auto epoch = [&] { return Sql("SELECT epoch FROM consumer_offsets WHERE partition = 0")[0].Int(0); };
  const int64_t before = epoch();
  const auto other = NewConsumer();
  Drive(*other);
  Drive(*consumer_);
  EXPECT_EQ(epoch(), before + 1);
}

TEST_F(ConsumerTest, OffsetsThatTheLogLeftOutAreAskedForOnce) {
  for (int i = 0; i < 5; ++i) Append(a_, 0, "a" + std::to_string(i));
  bool left_out = false;
  events->on_poll = [&](events::Polled& polled) {
    if (left_out || polled.records.size() < 3) return;
    left_out = true;
    polled.records.erase(polled.records.begin() + 1);
  };
  Drive(*consumer_);
  EXPECT_TRUE(left_out);
  EXPECT_EQ(Applied(), (Strings{"a0", "a1", "a2", "a3", "a4"}));
  EXPECT_EQ(consumer_->stats().skipped_offsets, 0);
}

TEST_F(ConsumerTest, AHoleThatStaysIsCountedAndPassed) {
  for (int i = 0; i < 5; ++i) {
    Append(a_, 0, "a" + std::to_string(i));
    Append(b_, 0, "b" + std::to_string(i));
  }
  // As a transactional producer's markers would, in both partitions.
  events->on_poll = [&](events::Polled& polled) {
    std::erase_if(polled.records,
                  [](const events::Record& record) { return record.offset == 1 || record.offset == 2; });
  };
  Drive(*consumer_);
  EXPECT_EQ(Applied(a_), (Strings{"a0", "a3", "a4"}));
  EXPECT_EQ(Applied(b_), (Strings{"b0", "b3", "b4"}));
  EXPECT_EQ(consumer_->stats().skipped_offsets, 4);
}

}  // namespace
}  // namespace finalmile::outbox
