// What holds a consumer, and what does not.
#include <algorithm>

#include "libs/outbox/consumer_fixture.h"

namespace finalmile::outbox {
namespace {

// Whatever code it has: a damaged store, a constraint and a schema that has drifted answer with the codes
// that a handler may use for a record.
TEST_F(ConsumerTest, NoCodeOfAnErrorParksARecord) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kDataLoss, absl::StatusCode::kFailedPrecondition, absl::StatusCode::kInternal,
        absl::StatusCode::kInvalidArgument, absl::StatusCode::kOutOfRange, absl::StatusCode::kNotFound,
        absl::StatusCode::kAlreadyExists, absl::StatusCode::kUnknown, absl::StatusCode::kCancelled,
        absl::StatusCode::kAborted, absl::StatusCode::kResourceExhausted}) {
    const std::string value = "v" + std::to_string(static_cast<int>(code));
    handler.faults[value] = absl::Status(code, "a fault of the store");
    Append(a_, 0, value);
    Append(a_, 0, value + " next");
    for (int i = 0; i < 20; ++i) {
      Drive(*consumer_);
      clock.Advance(absl::Seconds(6));
    }
    EXPECT_TRUE(Parked().empty()) << code;
    EXPECT_GE(consumer_->stats().held, absl::Seconds(110)) << "over the partitions that were given back";
    EXPECT_NE(consumer_->stats().held_reason.find("a fault of the store"), std::string::npos);
    handler.faults.clear();
    Drive(*consumer_);
    EXPECT_EQ(Applied().back(), value + " next");
    EXPECT_EQ(consumer_->stats().held, absl::ZeroDuration());
    EXPECT_EQ(consumer_->stats().held_reason, "");
  }
  EXPECT_EQ(consumer_->stats().parked, 0);
}

TEST_F(ConsumerTest, WhatAHandlerThrowsHoldsTheBatchAndIsNotQuoted) {
  handler.throws = "a1";
  Append(a_, 1, "a1");
  Drive(*consumer_);
  EXPECT_TRUE(Parked().empty());
  EXPECT_NE(consumer_->stats().held_reason.find("the handler threw"), std::string::npos);
  EXPECT_EQ(consumer_->stats().held_reason.find("jane@example.org"), std::string::npos);
  handler.throws.clear();
  clock.Advance(absl::Seconds(6));
  Drive(*consumer_);
  EXPECT_EQ(Applied(), (Strings{"a1"}));
}

TEST_F(ConsumerTest, AValueThatNoStoreCanHoldParksItsRecordAlone) {
  Append(a_, 0, "a1");
  Append(a_, 0, std::string("a\0b", 3));
  Append(a_, 0, "\xFF\xFE");
  Append(a_, 0, "a4");
  Drive(*consumer_);
  EXPECT_EQ(Applied(), (Strings{"a1", "a4"}));
  EXPECT_EQ(Parked().size(), 2u);
}

TEST_F(ConsumerTest, AStoreThatIsAtFaultAtATakeOverIsShown) {
  database->away = true;
  Drive(*consumer_);
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(consumer_->stats().held, absl::Seconds(3));
  EXPECT_NE(consumer_->stats().held_reason.find("away"), std::string::npos);
  database->away = false;
  clock.Advance(absl::Seconds(6));
  Drive(*consumer_);
  EXPECT_EQ(consumer_->stats().held, absl::ZeroDuration());
}

// The sum of what a batch is held and of its last transaction.
TEST_F(ConsumerTest, TheLogIsAskedBeforeItsPatienceEnds) {
  absl::Duration asked = clock.Steady();
  absl::Duration longest = absl::ZeroDuration();
  events->on_poll = [&](events::Polled&) {
    longest = std::max(longest, clock.Steady() - asked);
    asked = clock.Steady();
  };
  // A store that takes all the time that it is given.
  database->before = [&](const storage::TransactOptions& options) {
    EXPECT_LE(options.deadline, asked + kLongestHold);
    if (options.read_only) return absl::OkStatus();
    clock.Advance(options.deadline - clock.Steady());
    return absl::DeadlineExceededError("slow");
  };
  Append(a_, 1, "a1");
  for (int i = 0; i < 60; ++i) {
    Drive(*consumer_);
    clock.Advance(absl::Seconds(5));
    if (i == 5) {
      // From here on the takeover works and the batches do not.
      database->before = [&](const storage::TransactOptions& options) {
        EXPECT_LE(options.deadline, asked + kLongestHold);
        if (options.read_only || handler.calls == 0) return absl::OkStatus();
        clock.Advance(options.deadline - clock.Steady());
        return absl::DeadlineExceededError("slow");
      };
      handler.faults["a1"] = absl::UnavailableError("slow");
    }
  }
  EXPECT_GT(handler.calls, 0);
  EXPECT_LT(longest, events::kPollPatience);
  EXPECT_TRUE(Parked().empty());
}

TEST_F(ConsumerTest, ABatchThatRunsRecordByRecordForLongIsReadAgain) {
  handler.faults["a30"] = RecordFault("bad bytes");
  for (int i = 1; i <= 40; ++i) Append(a_, i, "a" + std::to_string(i));
  absl::Duration asked = clock.Steady();
  events->on_poll = [&](events::Polled&) {
    EXPECT_LT(clock.Steady() - asked, events::kPollPatience);
    asked = clock.Steady();
  };
  database->before = [&](const storage::TransactOptions& options) {
    if (!options.read_only) clock.Advance(absl::Seconds(2));
    return absl::OkStatus();
  };
  Drive(*consumer_);
  EXPECT_EQ(Applied().size(), 29u);
  EXPECT_EQ(Parked().size(), 11u);
  EXPECT_GE(logger.Count(Severity::kInfo, "gives its partitions back"), 1);
}

TEST_F(ConsumerTest, ABatchIsHeldWhileTheStoreIsAtFault) {
  handler.faults["a1"] = absl::UnavailableError("the store is away");
  Append(a_, 1, "a1");
  Append(b_, 1, "b1");
  Drive(*consumer_);
  // Beyond the time after which the partitions are given back and read again.
  for (int i = 0; i < 30; ++i) {
    clock.Advance(absl::Seconds(6));
    Drive(*consumer_);
  }
  EXPECT_TRUE(Applied().empty());
  EXPECT_TRUE(Parked().empty());
  EXPECT_GE(logger.Count(Severity::kInfo, "gives its partitions back"), 2);
  handler.faults.clear();
  clock.Advance(absl::Seconds(6));
  Drive(*consumer_);
  EXPECT_EQ(Applied(a_), (Strings{"a1"}));
  EXPECT_EQ(Applied(b_), (Strings{"b1"}));
}

TEST_F(ConsumerTest, AStoreThatCannotBeReachedIsAskedAgainLater) {
  Append(a_, 1, "a1");
  database->away = true;
  Drive(*consumer_);
  clock.Advance(absl::Seconds(6));
  database->away = false;
  consumer_->wake().Clear();
  EXPECT_EQ(consumer_->Run(), absl::ZeroDuration()) << "takes its partitions over";
  database->away = true;
  consumer_->wake().Clear();
  EXPECT_GT(consumer_->Run(), clock.Steady()) << "holds its batch";
  EXPECT_TRUE(absl::IsUnavailable(consumer_->Retry("t", 0, 0, Soon())));
  database->away = false;
  clock.Advance(absl::Seconds(6));
  Drive(*consumer_);
  EXPECT_EQ(Applied(), (Strings{"a1"}));
}

TEST_F(ConsumerTest, AMemberThatLostItsPartitionsCannotCommit) {
  handler.faults["a1"] = absl::UnavailableError("slow");
  Append(a_, 1, "a1");
  Append(b_, 1, "b1");
  Drive(*consumer_);
  // Another member takes one partition over while the first holds a batch of both.
  handler.faults.clear();
  const auto other = NewConsumer();
  Drive(*other);
  EXPECT_EQ(Applied(), (Strings{"b1"}));
  clock.Advance(absl::Seconds(6));
  for (int i = 0; i < 3; ++i) {
    Drive(*consumer_);
    Drive(*other);
  }
  EXPECT_EQ(consumer_->stats().fenced, 1);
  EXPECT_EQ(Applied(a_), (Strings{"a1"}));
  EXPECT_EQ(Applied(b_), (Strings{"b1"}));
  EXPECT_EQ(consumer_->stats().duplicates + other->stats().duplicates, 0)
      << "the fence caught it, not the seq";
}

TEST_F(ConsumerTest, APartitionWhoseNextRecordIsGoneRaisesAnAlarmUntilItsPlaceIsMoved) {
  Append(a_, 0, "a0");
  Drive(*consumer_);
  Sql("UPDATE consumer_offsets SET next_offset = 9 WHERE partition = 0");
  consumer_.reset();
  const auto next = NewConsumer();
  Drive(*next);
  EXPECT_EQ(next->stats().truncated, 1);
  EXPECT_EQ(logger.Count(Severity::kError, "stands still"), 1);
  Append(b_, 0, "b0");
  Append(a_, 0, "a1");
  Drive(*next);
  EXPECT_EQ(Applied(b_), (Strings{"b0"})) << "the other partitions go on";

  // Moved by somebody else: the member hears of it by the epoch, without a restart.
  Sql("UPDATE consumer_offsets SET next_offset = 1, epoch = epoch + 1 WHERE partition = 0");
  clock.Advance(absl::Seconds(6));
  Drive(*next);
  EXPECT_EQ(next->stats().truncated, 0);
  EXPECT_EQ(Applied(a_), (Strings{"a0", "a1"}));
}

}  // namespace
}  // namespace finalmile::outbox
