#include "libs/outbox/leader.h"

#include "libs/outbox/ledger.h"
#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

class CountingTask final : public LeaderTask {
 public:
  CountingTask(Clock& clock, int& runs, absl::Status& fault) : clock_(clock), runs_(runs), fault_(fault) {}
  std::string_view name() const override { return "task"; }
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
  std::unique_ptr<LeaderStep> NewStep(int& runs) {
    return std::make_unique<LeaderStep>("s", *database, clock, logger,
                                        std::make_unique<CountingTask>(clock, runs, fault_));
  }

  absl::Status fault_;
  int first_runs_ = 0;
  int second_runs_ = 0;
  std::unique_ptr<LeaderStep> first_ = NewStep(first_runs_);
  std::unique_ptr<LeaderStep> second_ = NewStep(second_runs_);
};

TEST_F(LeaderTest, OneLeadsAndTheNextTakesOver) {
  EXPECT_EQ(first_->name(), "s.task");
  first_->Run();
  second_->Run();
  EXPECT_TRUE(first_->leads());
  EXPECT_FALSE(second_->leads());
  EXPECT_EQ(second_runs_, 0);
  first_.reset();
  clock.Advance(absl::Seconds(1));
  second_->Run();
  EXPECT_TRUE(second_->leads());
  EXPECT_EQ(second_runs_, 1);
}

TEST_F(LeaderTest, AFollowerAsksAgainWithinASecond) {
  first_->Run();
  const absl::Duration next = second_->Run();
  EXPECT_GT(next, clock.Steady());
  EXPECT_LE(next, clock.Steady() + absl::Seconds(1));
}

TEST_F(LeaderTest, ALeaderComesBackForItsHeartbeat) {
  const absl::Duration next = first_->Run();
  EXPECT_GT(next, clock.Steady());
  EXPECT_LE(next, clock.Steady() + absl::Seconds(1)) << "although the task asked for ten minutes";
}

TEST_F(LeaderTest, AWakeBeforeTheHeartbeatRunsTheTaskAlone) {
  const absl::Duration beat = first_->Run();
  database->expel = true;
  clock.Advance(beat - clock.Steady() - absl::Microseconds(1));
  EXPECT_EQ(first_->Run(), beat);
  EXPECT_EQ(first_runs_, 2);
  EXPECT_TRUE(first_->leads()) << "nothing was asked of the store";
  clock.Advance(absl::Microseconds(1));
  first_->Run();
  EXPECT_FALSE(first_->leads());
}

TEST_F(LeaderTest, ATaskThatFailsKeepsTheLockAndIsTriedAgain) {
  fault_ = absl::InternalError("a bug");
  absl::Duration pause = absl::ZeroDuration();
  for (int i = 0; i < 8; ++i) {
    const absl::Duration next = first_->Run();
    EXPECT_GE(next - clock.Steady(), pause);
    EXPECT_LE(next - clock.Steady(), absl::Seconds(1)) << "the heartbeat goes on";
    pause = next - clock.Steady();
    clock.Advance(pause);
  }
  EXPECT_TRUE(first_->leads());
  EXPECT_EQ(first_runs_, 8);
  second_->Run();
  EXPECT_FALSE(second_->leads());
}

TEST_F(LeaderTest, ALostLockMakesAFollower) {
  first_->Run();
  database->expel = true;
  clock.Advance(absl::Seconds(1));
  first_->Run();
  EXPECT_FALSE(first_->leads());
  database->expel = false;
  second_->Run();
  EXPECT_TRUE(second_->leads());
  first_->Run();
  EXPECT_FALSE(first_->leads());
}

class LedgerTest : public OutboxTest {
 protected:
  // The reply of the request: the saved one, else `reply`, which is saved.
  absl::StatusOr<std::string> Serve(const Request& request, const std::string& reply) {
    std::string answer;
    RETURN_IF_ERROR(
        store_->Transact({.deadline = Soon()}, [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(const auto saved, Claim(transaction, request, clock.Now()));
          answer = saved.value_or(reply);
          return saved ? absl::OkStatus() : Save(transaction, request, reply);
        }));
    return answer;
  }

  const Request request_{"ann", "id", Fingerprint("Do", "body")};
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

TEST_F(LedgerTest, TheSweeperDeletesWhatHasExpired) {
  ASSERT_TRUE(Serve(request_, "one").ok());
  clock.Advance(absl::Hours(1));
  Request later = request_;
  later.request_id = "later";
  ASSERT_TRUE(Serve(later, "two").ok());
  LeaderStep sweeper("s", *database, clock, logger, std::make_unique<LedgerSweeper>(clock));
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
  LeaderStep sweeper("s", *database, clock, logger, std::make_unique<LedgerSweeper>(clock));
  EXPECT_EQ(sweeper.Run(), absl::ZeroDuration());
  EXPECT_EQ(Sql("SELECT COUNT(*) FROM requests")[0].Int(0), 1);
  EXPECT_GT(sweeper.Run(), clock.Steady());
  EXPECT_EQ(Sql("SELECT COUNT(*) FROM requests")[0].Int(0), 0);
}

}  // namespace
}  // namespace finalmile::outbox
