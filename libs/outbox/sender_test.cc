#include "libs/outbox/sender.h"

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "gmock/gmock.h"
#include "libs/outbox/leader.h"
#include "libs/outbox/relay.h"
#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

// A log with a queue, whose appends a test ends in their order. Thread-safe.
class QueueLog final : public testing::ForwardingEventLog {
 public:
  using ForwardingEventLog::ForwardingEventLog;

  bool full = false;
  // The answer to StartAppend and TryStartAppend.
  absl::Status refusal;
  int blocking = 0;

  bool has_queue() const override { return true; }
  absl::StatusOr<std::unique_ptr<Pending>> TryStartAppend(const std::vector<events::Message>& messages,
                                                          std::shared_ptr<Signal> signal) override {
    if (full) return nullptr;
    return Begin(messages, std::move(signal));
  }
  absl::StatusOr<std::unique_ptr<Pending>> StartAppend(const std::vector<events::Message>& messages,
                                                       absl::Duration,
                                                       std::shared_ptr<Signal> signal) override {
    ++blocking;
    return Begin(messages, std::move(signal));
  }

  // Keys and values of the appends under way: "k1 m1".
  std::vector<std::string> UnderWay() const {
    std::vector<std::string> under_way;
    std::lock_guard lock(mutex_);
    for (const Append& append : appends_) {
      std::string values;
      for (const events::Message& message : append.messages)
        values += (values.empty() ? "" : " ") + message.value;
      under_way.push_back(values);
    }
    return under_way;
  }
  // The first append under way ends; one that fails stores nothing. False: there is none.
  bool End(const absl::Status& status) {
    Append first;
    {
      std::lock_guard lock(mutex_);
      if (appends_.empty()) return false;
      first = std::move(appends_.front());
      appends_.pop_front();
    }
    if (status.ok()) {
      EXPECT_EQ(inner().Append(first.messages, absl::InfiniteDuration()), absl::OkStatus());
    }
    first.outcome->Set(status);
    first.signal->Set();
    return true;
  }

 private:
  class Ending {
   public:
    void Set(const absl::Status& status) {
      std::lock_guard lock(mutex_);
      status_ = status;
    }
    std::optional<absl::Status> Get() const {
      std::lock_guard lock(mutex_);
      return status_;
    }

   private:
    mutable std::mutex mutex_;
    std::optional<absl::Status> status_;
  };
  struct Append {
    std::vector<events::Message> messages;
    std::shared_ptr<Ending> outcome;
    std::shared_ptr<Signal> signal;
  };
  struct UnderWayAppend final : Pending {
    explicit UnderWayAppend(std::shared_ptr<Ending> outcome) : outcome(std::move(outcome)) {}
    std::optional<absl::Status> Outcome() override { return outcome->Get(); }
    absl::Status GiveUp() override { return absl::DeadlineExceededError("slow"); }
    const std::shared_ptr<Ending> outcome;
  };

  absl::StatusOr<std::unique_ptr<Pending>> Begin(const std::vector<events::Message>& messages,
                                                 std::shared_ptr<Signal> signal) {
    RETURN_IF_ERROR(refusal);
    std::lock_guard lock(mutex_);
    appends_.push_back({messages, std::make_shared<Ending>(), std::move(signal)});
    return std::make_unique<UnderWayAppend>(appends_.back().outcome);
  }

  mutable std::mutex mutex_;
  std::deque<Append> appends_;
};

class SenderTest : public OutboxTest {
 protected:
  SenderTest() : queue_(*log_) {
    sender_ = std::make_unique<Sender>("s", *database, queue_, clock, logger, nullptr);
    relay_ = std::make_unique<LeaderStep>(
        election_, *database, clock, logger,
        std::make_unique<Relay>(*log_, clock, Relay::Options{.patience = kRelayPatience}));
    election_.Run();
  }
  ~SenderTest() override {
    relay_.reset();
    sender_.reset();
  }

  void Emit(const std::string& key, std::vector<int64_t> seqs, bool commit = true) {
    const absl::Status done =
        database->Transact({.deadline = Soon()}, [&](storage::Transaction& transaction) {
          std::vector<OutgoingEvent> events;
          for (const int64_t seq : seqs) {
            events.push_back({.topic = "t",
                              .key = key,
                              .seq = seq,
                              .id = "id",
                              .source = "/s",
                              .type = "s.Done",
                              .time = absl::FromUnixSeconds(1),
                              .trace = {},
                              .value = key + std::to_string(seq)});
          }
          const absl::Status written = Write(transaction, events);
          return commit ? written : absl::CancelledError("changed its mind");
        });
    EXPECT_EQ(done.ok(), commit) << done;
  }
  Strings Topic() {
    const auto wake = clock.NewWaitEvent();
    const std::vector<events::Record> records =
        *(*log_->OpenTail({"t"}, events::TailFrom::kStart, Soon(), *wake))->Poll(100);
    Strings values;
    for (const events::Record& record : records) values.push_back(record.value);
    return values;
  }
  Strings Outbox() {
    Strings values;
    for (const storage::Row& row : Sql("SELECT value FROM outbox ORDER BY id")) values.push_back(row.Blob(0));
    return values;
  }
  // The relay looks, and sends what it has seen a look ago.
  void Look() {
    clock.Advance(kRelayPatience);
    Drive(*relay_);
  }

  QueueLog queue_;
  std::unique_ptr<Sender> sender_;
  Election election_{"s", *database, clock, logger};
  std::unique_ptr<LeaderStep> relay_;
};

TEST_F(SenderTest, SendsAfterTheCommitAndDeletesWithTheNextTransaction) {
  Emit("k", {1, 2});
  EXPECT_EQ(queue_.UnderWay(), Strings{"k1 k2"});
  queue_.End(absl::OkStatus());
  EXPECT_EQ(Topic(), (Strings{"k1", "k2"}));
  EXPECT_EQ(Outbox(), (Strings{"k1", "k2"}));
  Emit("m", {1});
  EXPECT_EQ(Outbox(), Strings{"m1"});
}

TEST_F(SenderTest, SendsNothingThatWasRolledBack) {
  Emit("k", {1}, false);
  EXPECT_EQ(queue_.UnderWay(), Strings{});
}

TEST_F(SenderTest, DeletesAMomentLaterWhenNoTransactionComes) {
  EXPECT_EQ(sender_->Run(), absl::InfiniteDuration());
  sender_->wake().Clear();
  Emit("k", {1});
  EXPECT_TRUE(sender_->wake().WaitUntil(absl::ZeroDuration()));
  EXPECT_EQ(sender_->Run(), clock.Steady() + absl::Milliseconds(200)) << "under way";
  queue_.End(absl::OkStatus());
  EXPECT_EQ(Outbox(), Strings{"k1"});
  EXPECT_EQ(sender_->Run(), absl::InfiniteDuration());
  EXPECT_EQ(Outbox(), Strings{});
}

TEST_F(SenderTest, ATransactionThatFailsDeletesNothing) {
  Emit("k", {1});
  queue_.End(absl::OkStatus());
  Emit("m", {1}, false);
  database->before = [](const auto&) { return absl::UnavailableError("away"); };
  EXPECT_EQ(sender_->Run(), clock.Steady() + absl::Milliseconds(200));
  EXPECT_EQ(Outbox(), Strings{"k1"});
  database->before = [](const auto&) { return absl::OkStatus(); };
  sender_->Run();
  EXPECT_EQ(Outbox(), Strings{});
}

TEST_F(SenderTest, ALaterEventOfAKeyWaitsForTheEarlierOne) {
  Emit("k", {1});
  Emit("k", {2});
  Emit("m", {1});
  EXPECT_EQ(queue_.UnderWay(), (Strings{"k1", "m1"}));
  queue_.End(absl::OkStatus());
  EXPECT_EQ(queue_.UnderWay(), (Strings{"m1", "k2"}));
}

TEST_F(SenderTest, WhatFailsIsSentByTheRelayAndWhatFollowsTooUntilThen) {
  Emit("k", {1});
  queue_.End(absl::UnavailableError("fatal"));
  Emit("k", {2});
  EXPECT_EQ(queue_.UnderWay(), Strings{});
  EXPECT_EQ(sender_->left(), 2);
  Look();
  EXPECT_EQ(Topic(), Strings{}) << "it sees the rows for the first time";
  Look();
  EXPECT_EQ(Topic(), (Strings{"k1", "k2"}));
  EXPECT_EQ(Outbox(), Strings{});
  Emit("k", {3});
  EXPECT_EQ(queue_.UnderWay(), Strings{"k3"});
}

TEST_F(SenderTest, AnAppendThatTakesTooLongIsLeftToTheRelay) {
  Emit("k", {1});
  Emit("k", {2});
  clock.Advance(absl::Seconds(2) - absl::Nanoseconds(1));
  sender_->Run();
  EXPECT_EQ(sender_->left(), 0);
  clock.Advance(absl::Nanoseconds(1));
  sender_->Run();
  EXPECT_EQ(sender_->left(), 2);
  queue_.End(absl::OkStatus());
  EXPECT_EQ(queue_.UnderWay(), Strings{}) << "its late success starts nothing";
  Look();
  Look();
  EXPECT_EQ(Topic(), (Strings{"k1", "k1", "k2"}));
}

TEST_F(SenderTest, AnAppendThatWouldBlockIsTheStepsOwn) {
  queue_.full = true;
  Emit("k", {1});
  EXPECT_EQ(queue_.UnderWay(), Strings{});
  EXPECT_TRUE(sender_->wake().WaitUntil(absl::ZeroDuration()));
  sender_->Run();
  EXPECT_EQ(queue_.UnderWay(), Strings{"k1"});
  EXPECT_EQ(queue_.blocking, 1);
}

TEST_F(SenderTest, BehindARefusalNothingWaitsForTheLog) {
  queue_.full = true;
  queue_.refusal = absl::UnavailableError("no broker");
  Emit("k", {1});
  Emit("m", {1});
  sender_->Run();
  EXPECT_EQ(queue_.blocking, 1);
  EXPECT_EQ(sender_->left(), 2);
}

TEST_F(SenderTest, TheRowsOfAnotherProcessAreNotOvertaken) {
  // A program without a sender, as an older version is.
  ASSERT_EQ(store_->Transact(
                {.deadline = Soon()},
                [&](storage::Transaction& transaction) {
                  return transaction
                      .Execute("INSERT INTO outbox (topic, key, value, headers) VALUES ('t', 'k', $1, $2)",
                               {storage::Bytes{"k1"}, storage::Bytes{}})
                      .status();
                }),
            absl::OkStatus());
  Emit("k", {2});
  EXPECT_EQ(queue_.UnderWay(), Strings{});
  Look();
  Look();
  EXPECT_EQ(Topic(), (Strings{"k1", "k2"}));
}

TEST_F(SenderTest, ManyThreadsCommitWhileAppendsEndWellAndBadly) {
  constexpr int kThreads = 4, kEvents = 40;
  std::atomic<int> busy = kThreads;
  std::mutex seqs_mutex;
  std::map<std::string, int64_t> seqs;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEvents; ++i) {
        const std::string key = "k" + std::to_string((thread + i) % 3);
        // As the lock of the aggregate: the next event of a key is written after the commit of the one
        // before.
        std::lock_guard lock(seqs_mutex);
        Emit(key, {++seqs[key]});
      }
      --busy;
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; busy > 0 || !queue_.UnderWay().empty(); ++i) {
      if (!queue_.End(i % 7 == 6 ? absl::UnavailableError("lost") : absl::OkStatus()))
        std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 3; ++i) {
    sender_->Run();
    Look();
  }
  EXPECT_EQ(Outbox(), Strings{});
  std::map<std::string, int64_t> last;
  const auto wake = clock.NewWaitEvent();
  const std::vector<events::Record> records =
      *(*log_->OpenTail({"t"}, events::TailFrom::kStart, Soon(), *wake))->Poll(1'000);
  for (const events::Record& record : records) {
    EXPECT_LE(*SeqOf(record), last[record.key] + 1) << record.key;
    last[record.key] = std::max(last[record.key], *SeqOf(record));
  }
  EXPECT_EQ(last, seqs);
}

TEST_F(SenderTest, ItsEndLeavesWhatIsUnderWay) {
  Emit("k", {1});
  relay_.reset();
  sender_.reset();
  queue_.End(absl::OkStatus());
  Emit("k", {2});
  EXPECT_EQ(Outbox(), (Strings{"k1", "k2"})) << "for the relay";
}

}  // namespace
}  // namespace finalmile::outbox
