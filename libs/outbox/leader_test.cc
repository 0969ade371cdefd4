#include "libs/outbox/leader.h"

#include "libs/outbox/ledger.h"
#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

class CountingTask final : public LeaderTask {
 public:
  CountingTask(Clock& clock, int& runs, absl::Status& fault) : clock_(clock), runs_(runs), fault_(fault) {}
  std::string_view name() const override { return "task"; }
  std::string_view channel() const override { return "task_channel"; }
  absl::StatusOr<absl::Duration> Run(storage::Leadership&) override {
    ++runs_;
    if (!fault_.ok()) return fault_;
    return clock_.Steady() + absl::Minutes(10);
  }

 private:
  Clock& clock_;
  int& runs_;
  absl::Status& fault_;
};

class LeaderTest : public OutboxTest {
 protected:
  struct Process {
    Process(storage::Database& database, Clock& clock, Log& log, absl::Status& fault)
        : election("s", database, clock, log),
          task(election, database, clock, log, std::make_unique<CountingTask>(clock, runs, fault)) {}

    // As the runtime does, where something woke the task.
    bool Woken() {
      const bool woken = task.wake().WaitUntil(absl::ZeroDuration());
      task.wake().Clear();
      return woken;
    }

    int runs = 0;
    Election election;
    LeaderStep task;
  };

  std::unique_ptr<Process> NewProcess() {
    return std::make_unique<Process>(*database, clock, logger, fault_);
  }

  absl::Status fault_;
  std::unique_ptr<Process> first_ = NewProcess();
  std::unique_ptr<Process> second_ = NewProcess();
};

TEST_F(LeaderTest, OneLeadsAndTheNextTakesOver) {
  EXPECT_EQ(first_->election.name(), "s.election");
  EXPECT_EQ(first_->task.name(), "s.task");
  first_->election.Run();
  second_->election.Run();
  EXPECT_TRUE(first_->task.is_leader());
  EXPECT_FALSE(second_->task.is_leader());
  EXPECT_TRUE(first_->Woken()) << "it leads now";
  EXPECT_FALSE(second_->Woken());
  EXPECT_EQ(second_->task.Run(), absl::InfiniteDuration());
  EXPECT_EQ(second_->runs, 0);
  first_.reset();
  clock.Advance(absl::Seconds(1));
  second_->election.Run();
  EXPECT_TRUE(second_->Woken());
  second_->task.Run();
  EXPECT_EQ(second_->runs, 1);
}

TEST_F(LeaderTest, AFollowerAsksAgainAfterASecondWhateverIsCommitted) {
  first_->election.Run();
  EXPECT_EQ(second_->election.Run(), clock.Steady() + absl::Seconds(1));
  ASSERT_TRUE(
      store_
          ->Transact({.deadline = Soon()},
                     [](storage::Transaction& transaction) { return transaction.Notify("task_channel"); })
          .ok());
  EXPECT_FALSE(second_->election.wake().WaitUntil(absl::ZeroDuration()));
}

TEST_F(LeaderTest, TheElectionBeatsAndTheTaskRunsWhenItAskedTo) {
  EXPECT_EQ(first_->election.Run(), clock.Steady() + absl::Seconds(1));
  EXPECT_EQ(first_->task.Run(), clock.Steady() + absl::Minutes(10));
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(first_->election.Run(), clock.Steady() + absl::Seconds(1));
  EXPECT_EQ(first_->runs, 1);
}

TEST_F(LeaderTest, ATaskThatFailsKeepsTheLockAndIsTriedAgain) {
  first_->election.Run();
  fault_ = absl::InternalError("a bug");
  absl::Duration pause = absl::ZeroDuration();
  for (int i = 0; i < 8; ++i) {
    const absl::Duration next = first_->task.Run();
    EXPECT_GE(next - clock.Steady(), pause);
    EXPECT_LE(next - clock.Steady(), absl::Seconds(4));
    pause = next - clock.Steady();
    EXPECT_TRUE(first_->election.wake().WaitUntil(absl::ZeroDuration())) << "the session is looked at";
    first_->election.wake().Clear();
    first_->election.Run();
    clock.Advance(pause);
  }
  EXPECT_TRUE(first_->task.is_leader());
  EXPECT_EQ(first_->runs, 8);
  second_->election.Run();
  EXPECT_FALSE(second_->task.is_leader());
}

TEST_F(LeaderTest, ALostLockMakesAFollower) {
  first_->election.Run();
  database->expel = true;
  clock.Advance(absl::Seconds(1));
  first_->election.Run();
  EXPECT_FALSE(first_->task.is_leader());
  first_->task.Run();
  EXPECT_EQ(first_->runs, 0);
  database->expel = false;
  second_->election.Run();
  EXPECT_TRUE(second_->task.is_leader());
  first_->election.Run();
  EXPECT_FALSE(first_->task.is_leader());
}

TEST_F(LeaderTest, AStoreThatIsAwayIsAskedAgainWithinASecond) {
  database->away = true;
  for (int i = 0; i < 8; ++i) {
    const absl::Duration next = first_->election.Run();
    EXPECT_GT(next, clock.Steady());
    EXPECT_LE(next, clock.Steady() + absl::Seconds(1));
    clock.Advance(next - clock.Steady());
  }
  database->away = false;
  first_->election.Run();
  EXPECT_TRUE(first_->task.is_leader());
}

class LedgerTest : public OutboxTest {
 protected:
  // The reply of the request: the saved one, else `reply`, which is saved.
  absl::StatusOr<std::string> Serve(const Request& request, const std::string& reply) {
    std::string answer;
    RETURN_IF_ERROR(
        store_->Transact({.deadline = Soon()}, [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(const auto saved, Claim(transaction, request, clock.Now()));
          answer = saved ? saved->reply.value_or("aged out") : reply;
          return saved ? absl::OkStatus() : Save(transaction, request, reply, clock.Now());
        }));
    return answer;
  }

  Request request_{"ann", "id", Fingerprint("Do", "body")};
};

TEST_F(LedgerTest, ARepeatIsAnsweredWithTheSavedReply) {
  EXPECT_EQ(*Serve(request_, "one"), "one");
  EXPECT_EQ(*Serve(request_, "two"), "one");
  Request others = request_;
  others.caller = "bob";
  EXPECT_EQ(*Serve(others, "three"), "three") << "another caller's id is another id";
}

TEST_F(LedgerTest, AChangedBodyIsRefused) {
  ASSERT_TRUE(Serve(request_, "one").ok());
  Request changed = request_;
  changed.fingerprint = Fingerprint("Do", "body2");
  EXPECT_TRUE(absl::IsInvalidArgument(Serve(changed, "two").status()));
  EXPECT_EQ(*Serve(request_, "two"), "one");
  EXPECT_NE(Fingerprint("Do", "body"), Fingerprint("Dob", "ody"));
  EXPECT_EQ(Fingerprint("Do", "body").size(), 32u);
}

TEST_F(LedgerTest, AnIdIsFreeAgainAfterItsLifetimeAndNotBefore) {
  ASSERT_TRUE(Serve(request_, "one").ok());
  clock.Advance(kRequestLifetime - absl::Microseconds(1));
  EXPECT_EQ(*Serve(request_, "two"), "one");
  clock.Advance(absl::Microseconds(1));
  EXPECT_EQ(*Serve(request_, "two"), "two");
}

TEST_F(LedgerTest, ALargeReplyIsKeptForAnHourAndItsIdForTheWholeLifetime) {
  for (const int64_t more : {-1, 0, 1}) {
    request_.request_id = std::to_string(more);
    const std::string reply(static_cast<size_t>(kLargeReply + more), 'r');
    ASSERT_TRUE(Serve(request_, reply).ok());
    EXPECT_EQ(*Serve(request_, "two"), reply) << more;
  }
  Election election("s", *database, clock, logger);
  LeaderStep sweeper(election, *database, clock, logger, std::make_unique<LedgerSweeper>(clock));
  election.Run();
  clock.Advance(kLargeReplyLifetime - absl::Microseconds(1));
  sweeper.Run();
  EXPECT_EQ(Serve(request_, "two")->size(), kLargeReply + 1);
  clock.Advance(absl::Microseconds(1));
  sweeper.Run();
  EXPECT_EQ(*Serve(request_, "two"), "aged out");
  request_.request_id = "0";
  EXPECT_EQ(Serve(request_, "two")->size(), kLargeReply);
  request_.request_id = "1";
  clock.Advance(kRequestLifetime - kLargeReplyLifetime);
  EXPECT_EQ(*Serve(request_, "three"), "three") << "the id is free again";
  EXPECT_EQ(*Serve(request_, "four"), "three");
}

TEST_F(LedgerTest, TheSweeperDeletesWhatHasExpired) {
  ASSERT_TRUE(Serve(request_, "one").ok());
  clock.Advance(absl::Hours(1));
  Request later = request_;
  later.request_id = "later";
  ASSERT_TRUE(Serve(later, "two").ok());
  Election election("s", *database, clock, logger);
  LeaderStep sweeper(election, *database, clock, logger, std::make_unique<LedgerSweeper>(clock));
  election.Run();
  clock.Advance(kRequestLifetime - absl::Hours(1) - absl::Microseconds(1));
  sweeper.Run();
  EXPECT_EQ(Sql("SELECT COUNT(*) FROM requests")[0].Int(0), 2);
  clock.Advance(absl::Microseconds(1));
  sweeper.Run();
  const auto left = Sql("SELECT request_id FROM requests");
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].Text(0), "later");
}

TEST_F(LedgerTest, TheSweeperWorksInChunks) {
  Sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001) INSERT INTO requests "
      "(caller, "
      "request_id, fingerprint, reply, expire_time) SELECT 'ann', i, x'', x'', 0 FROM n");
  Election election("s", *database, clock, logger);
  LeaderStep sweeper(election, *database, clock, logger, std::make_unique<LedgerSweeper>(clock));
  election.Run();
  EXPECT_EQ(sweeper.Run(), absl::ZeroDuration());
  // The first chunk is an eighth of 1,000 rows.
  EXPECT_EQ(Sql("SELECT COUNT(*) FROM requests")[0].Int(0), 1001 - 125);
  int chunks = 1;
  while (sweeper.Run() == absl::ZeroDuration()) ++chunks;
  EXPECT_GT(chunks, 1);
  EXPECT_EQ(Sql("SELECT COUNT(*) FROM requests")[0].Int(0), 0);
}

}  // namespace
}  // namespace finalmile::outbox
