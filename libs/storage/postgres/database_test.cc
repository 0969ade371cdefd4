// What PostgreSQL alone can show: lost sessions, conflicts, interleavings under READ COMMITTED.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libs/base/status.h"
#include "libs/storage/contract_test_fixture.h"
#include "libs/storage/postgres/answer_cutter.h"
#include "libs/testing/scripted_session.h"

namespace finalmile::storage {
namespace {

using absl::StatusCode;
using finalmile::testing::ScriptedSession;

class PostgresTest : public StoreTest {
 protected:
  void SetUp() override {
    Prepare(Engine::kPostgres);
    if (database_ == nullptr) return;
    MustExecute("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT NOT NULL)");
    MustExecute("INSERT INTO t (id, v) VALUES (1, 0), (2, 0)");
  }

  // Ends every session of this store that `which` selects, but not the one that asks.
  void Terminate(const std::string& which) {
    auto other = storage::Open(server_->url(database_name_), *clock_, {.application = "terminator"});
    ASSERT_TRUE(other.ok());
    const absl::Status status = (*other)->Transact(Options(), [&](Transaction& transaction) {
      return transaction
          .Execute(
              "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = "
              "current_database() AND "
              "pid <> pg_backend_pid() AND " +
              which)
          .status();
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  int64_t V(int64_t id) { return Count("SELECT v FROM t WHERE id = $1", {id}); }
};

absl::Status Increment(Transaction& transaction, int64_t id) {
  return transaction.Execute("UPDATE t SET v = v + 1 WHERE id = $1", {id}).status();
}

TEST_F(PostgresTest, ADeadlockIsRunAgainUntilBothSucceed) {
  std::atomic<int> runs{0};
  const auto first_locked = clock_->NewWaitEvent();
  const auto second_locked = clock_->NewWaitEvent();
  const auto cross = [&](int64_t mine, WaitEvent& locked, WaitEvent& other_locked, int64_t other) {
    return Transact([&, mine, other](Transaction& transaction) -> absl::Status {
      ++runs;
      RETURN_IF_ERROR(Increment(transaction, mine));
      locked.Set();
      other_locked.WaitUntil(In(absl::Seconds(5)));
      return Increment(transaction, other);
    });
  };
  absl::Status second;
  std::thread thread([&] { second = cross(2, *second_locked, *first_locked, 1); });
  const absl::Status first = cross(1, *first_locked, *second_locked, 2);
  thread.join();
  EXPECT_TRUE(first.ok()) << first;
  EXPECT_TRUE(second.ok()) << second;
  EXPECT_GE(runs, 3);
  EXPECT_EQ(V(1), 2);
  EXPECT_EQ(V(2), 2);
}

TEST_F(PostgresTest, ReadCommittedReadsTheRowAgainAfterWaitingForIt) {
  ScriptedSession a(*database_, *clock_), b(*database_, *clock_);
  ASSERT_TRUE(a.Execute("UPDATE t SET v = v + 1 WHERE id = 1").ok());
  EXPECT_EQ(b.Execute("SELECT v FROM t WHERE id = 1")->rows[0].Int(0), 0);
  ASSERT_TRUE(b.StartBlocked("UPDATE t SET v = v + 10 WHERE id = 1 RETURNING v").ok());
  ASSERT_TRUE(a.Commit().ok());
  auto updated = b.Await();
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->rows[0].Int(0), 11);
  EXPECT_TRUE(b.Commit().ok());
  EXPECT_EQ(V(1), 11);
}

TEST_F(PostgresTest, OfTwoThatInsertTheSameRowTheSecondWaitsAndSeesIt) {
  ScriptedSession a(*database_, *clock_), b(*database_, *clock_);
  const char* insert = "INSERT INTO t (id, v) VALUES (3, 0) ON CONFLICT DO NOTHING";
  EXPECT_EQ(a.Execute(insert)->affected, 1);
  ASSERT_TRUE(b.StartBlocked(insert).ok());
  ASSERT_TRUE(a.Commit().ok());
  EXPECT_EQ(b.Await()->affected, 0);
  EXPECT_EQ(b.Execute("SELECT v FROM t WHERE id = 3 FOR UPDATE")->rows.size(), 1u);
  EXPECT_TRUE(b.Commit().ok());
}

TEST_F(PostgresTest, TheFenceOfTheSecondFindsNothingToUpdate) {
  ScriptedSession a(*database_, *clock_), b(*database_, *clock_);
  const char* fence = "UPDATE t SET v = 5 WHERE id = 1 AND v = 0";
  EXPECT_EQ(a.Execute(fence)->affected, 1);
  ASSERT_TRUE(b.StartBlocked(fence).ok());
  ASSERT_TRUE(a.Commit().ok());
  EXPECT_EQ(b.Await()->affected, 0);
  EXPECT_EQ(b.Rollback().code(), StatusCode::kCancelled);
}

TEST_F(PostgresTest, SkipLockedPassesWhatAnotherHolds) {
  ScriptedSession a(*database_, *clock_);
  ASSERT_TRUE(a.Execute("SELECT id FROM t WHERE id = 1 {for_update}").ok());
  auto rest = Execute("SELECT id FROM t ORDER BY id {skip_locked}");
  ASSERT_TRUE(rest.ok());
  ASSERT_EQ(rest->rows.size(), 1u);
  EXPECT_EQ(rest->rows[0].Int(0), 2);
}

TEST_F(PostgresTest, NotificationsReachOtherProcessesAndALostListenerLooksAgain) {
  auto other = Open();
  Step* listener = other->steps()[0];
  EXPECT_EQ(listener->Run(), absl::InfiniteDuration()) << "nobody subscribes";
  const auto event = clock_->NewWaitEvent();
  auto subscription = other->Subscribe("outbox", *event);
  EXPECT_TRUE(listener->wake().WaitUntil(clock_->Steady()));
  listener->Run();
  EXPECT_TRUE(event->WaitUntil(clock_->Steady())) << "set when the listener has connected";
  const auto set_by_run = [&] {
    const absl::Duration give_up = In(absl::Seconds(5));
    while (!event->WaitUntil(clock_->Steady()) && clock_->Steady() < give_up) {
      listener->wake().Clear();
      const absl::Duration next = listener->Run();
      if (next > clock_->Steady()) listener->wake().WaitUntil(next);
    }
    return event->WaitUntil(clock_->Steady());
  };
  event->Clear();
  ASSERT_TRUE(Transact([](Transaction& transaction) { return transaction.Notify("outbox"); }).ok());
  EXPECT_TRUE(set_by_run());
  event->Clear();
  Terminate("query LIKE 'LISTEN%'");
  EXPECT_TRUE(set_by_run()) << "set once the listener is back";
  event->Clear();
  ASSERT_TRUE(Transact([](Transaction& transaction) { return transaction.Notify("outbox"); }).ok());
  EXPECT_TRUE(set_by_run());
}

TEST_F(PostgresTest, TheProcessItselfIsToldAtItsCommitAndOnce) {
  const auto event = clock_->NewWaitEvent();
  auto subscription = database_->Subscribe("outbox", *event);
  Step* listener = database_->steps()[0];
  listener->Run();
  event->Clear();
  ASSERT_TRUE(Transact([](Transaction& transaction) -> absl::Status {
                RETURN_IF_ERROR(Increment(transaction, 1));
                return transaction.Notify("outbox");
              }).ok());
  EXPECT_TRUE(event->WaitUntil(clock_->Steady()));
  event->Clear();
  // What the server says of it arrives, and is known to be our own.
  for (int i = 0; i < 3; ++i) {
    listener->wake().Clear();
    listener->Run();
  }
  EXPECT_FALSE(event->WaitUntil(clock_->Steady()));
}

TEST_F(PostgresTest, AWaitingListenerIsWoken) {
  const auto event = clock_->NewWaitEvent();
  auto subscription = database_->Subscribe("outbox", *event);
  Step* listener = database_->steps()[0];
  listener->wake().Clear();
  listener->Run();
  listener->wake().Set();
  const absl::Duration start = clock_->Steady();
  EXPECT_EQ(listener->Run(), absl::ZeroDuration());
  EXPECT_LT(clock_->Steady() - start, absl::Milliseconds(90));
}

TEST_F(PostgresTest, ALeaderWhoseSessionIsEndedLearnsItAndAnotherLeads) {
  auto leader = database_->Elect("relay", In(absl::Seconds(5)));
  ASSERT_TRUE(leader.ok());
  Terminate("pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')");
  int runs = 0;
  EXPECT_EQ((*leader)
                ->Transact(Options(),
                           [&](Transaction& transaction) {
                             ++runs;
                             return Increment(transaction, 1);
                           })
                .code(),
            StatusCode::kUnavailable);
  EXPECT_EQ((*leader)->Heartbeat(In(absl::Seconds(1))).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(database_->Elect("relay", In(absl::Seconds(5))).ok());
  EXPECT_EQ(V(1), 0);
}

TEST_F(PostgresTest, ALeaderCutOffWithinItsTransactionCommitsNothing) {
  auto leader = database_->Elect("relay", In(absl::Seconds(5)));
  ASSERT_TRUE(leader.ok());
  int runs = 0;
  EXPECT_EQ((*leader)
                ->Transact(Options(),
                           [&](Transaction& transaction) -> absl::Status {
                             ++runs;
                             RETURN_IF_ERROR(Increment(transaction, 1));
                             Terminate("pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')");
                             return absl::OkStatus();
                           })
                .code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(V(1), 0);
}

TEST_F(PostgresTest, ALeaderThatStaysSilentForThreeHeartbeatsLosesTheLock) {
  // Long enough that a busy machine does not miss three of them.
  auto quick = Open({.heartbeat_interval = absl::Milliseconds(400)});
  auto leader = quick->Elect("relay", In(absl::Seconds(5)));
  ASSERT_TRUE(leader.ok());
  const auto never = clock_->NewWaitEvent();
  for (int i = 0; i < 4; ++i) {
    never->WaitUntil(In((*leader)->heartbeat_interval()));
    ASSERT_TRUE((*leader)->Heartbeat(In(absl::Seconds(1))).ok()) << "beat " << i;
  }
  EXPECT_EQ(database_->Elect("relay", In(absl::Seconds(5))).status().code(), StatusCode::kFailedPrecondition);
  const absl::Duration silent_since = clock_->Steady();
  absl::Status taken;
  do taken = database_->Elect("relay", In(absl::Seconds(5))).status();
  while (absl::IsFailedPrecondition(taken) && clock_->Steady() < silent_since + absl::Seconds(5));
  EXPECT_TRUE(taken.ok()) << taken;
  EXPECT_GE(clock_->Steady() - silent_since, absl::Milliseconds(1000));
  EXPECT_EQ((*leader)->Heartbeat(In(absl::Seconds(1))).code(), StatusCode::kUnavailable);
}

TEST_F(PostgresTest, ADeadIdleConnectionFailsNobodysCall) {
  for (int i = 0; i < 5; ++i) {
    Terminate("TRUE");
    EXPECT_TRUE(Transact([](Transaction& transaction) { return Increment(transaction, 1); }).ok());
  }
  EXPECT_EQ(V(1), 5);
}

TEST_F(PostgresTest, ASessionLostBeforeCommitIsTriedOnceMore) {
  int runs = 0;
  EXPECT_TRUE(Transact([&](Transaction& transaction) -> absl::Status {
                RETURN_IF_ERROR(Increment(transaction, 1));
                if (++runs == 1) Terminate("state = 'idle in transaction'");
                return Increment(transaction, 2);
              }).ok());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(V(1), 1);
  EXPECT_EQ(V(2), 1);
}

class CommitTest : public PostgresTest {
 protected:
  // From now on the first COMMIT that touches row 2 ends its own session before it takes effect.
  void BreakOneCommit() {
    MustExecute("CREATE SEQUENCE commits");
    MustExecute(
        "CREATE FUNCTION break_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('commits') = 1 "
        "THEN "
        "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END IF; RETURN NULL; END $$");
    MustExecute(
        "CREATE CONSTRAINT TRIGGER break_once AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        "WHEN (NEW.id = 2) EXECUTE FUNCTION break_once()");
  }

  absl::Status IncrementSecond(bool repeatable) {
    runs_ = 0;
    TransactOptions options = Options();
    options.repeatable = repeatable;
    return database_->Transact(options, [&](Transaction& transaction) {
      ++runs_;
      return Increment(transaction, 2);
    });
  }

  int runs_ = 0;
};

TEST_F(CommitTest, ASessionLostDuringCommitIsUnknown) {
  BreakOneCommit();
  EXPECT_EQ(IncrementSecond(false).code(), StatusCode::kUnknown);
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(V(2), 0);
  EXPECT_TRUE(IncrementSecond(false).ok());
}

TEST_F(CommitTest, ARepeatableTransactionIsRunAgain) {
  BreakOneCommit();
  EXPECT_TRUE(IncrementSecond(true).ok());
  EXPECT_EQ(runs_, 2);
  EXPECT_EQ(V(2), 1);
}

TEST_F(CommitTest, AnAnswerLostAfterCommitIsUnknownOrOneEffect) {
  AnswerCutter cutter(server_->port());
  auto through = storage::Open(
      "postgresql://postgres@127.0.0.1:" + std::to_string(cutter.port()) + "/" + database_name_, *clock_, {});
  ASSERT_TRUE(through.ok());
  MustExecute("CREATE TABLE requests (id TEXT PRIMARY KEY)");
  for (const bool repeatable : {false, true}) {
    int runs = 0;
    const std::string request = repeatable ? "repeatable" : "once";
    TransactOptions options = Options();
    options.repeatable = repeatable;
    const absl::Status status = (*through)->Transact(options, [&](Transaction& transaction) -> absl::Status {
      ASSIGN_OR_RETURN(
          const Result fresh,
          transaction.Execute("INSERT INTO requests (id) VALUES ($1) ON CONFLICT DO NOTHING", {request}));
      if (fresh.affected == 1) RETURN_IF_ERROR(Increment(transaction, 1));
      if (++runs == 1) cutter.CutNextAnswer();
      return absl::OkStatus();
    });
    EXPECT_EQ(status.code(), repeatable ? StatusCode::kOk : StatusCode::kUnknown) << status;
    EXPECT_EQ(runs, repeatable ? 2 : 1);
  }
  EXPECT_EQ(V(1), 2) << "each took effect once";
}

TEST_F(PostgresTest, ACallThatGaveUpHoldsItsLocksNoLongerThanASecondOrSo) {
  EXPECT_EQ(database_
                ->Transact(Options(absl::Milliseconds(100)),
                           [](Transaction& transaction) -> absl::Status {
                             RETURN_IF_ERROR(Increment(transaction, 1));
                             return transaction.Execute("SELECT pg_sleep(30)").status();
                           })
                .code(),
            StatusCode::kDeadlineExceeded);
  const absl::Status next = database_->Transact(
      Options(absl::Seconds(3)), [](Transaction& transaction) { return Increment(transaction, 1); });
  EXPECT_TRUE(next.ok()) << next;
  EXPECT_EQ(V(1), 1);
}

TEST_F(PostgresTest, AMigrationUnderAPreparedStatementIsAConflict) {
  const auto read = [this] { return Execute("SELECT * FROM t WHERE id = 1"); };
  ASSERT_EQ(read()->rows[0].values().size(), 2u);
  auto other = Open();
  ASSERT_TRUE(other
                  ->Transact(Options(),
                             [](Transaction& transaction) {
                               return transaction.Execute("ALTER TABLE t ADD COLUMN w TEXT").status();
                             })
                  .ok());
  auto again = read();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->rows[0].values().size(), 3u);
}

TEST_F(PostgresTest, TextThatIsNotUtf8AndTypesThatNoValueHoldsAreRefused) {
  EXPECT_EQ(Execute("SELECT $1", {std::string("\xFF\xFE")}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Execute("SELECT CURRENT_TIMESTAMP").status().code(), StatusCode::kInternal);
  EXPECT_TRUE(Execute("SELECT CAST(CURRENT_TIMESTAMP AS TEXT)").ok());
  EXPECT_EQ(V(1), 0);
}

TEST_F(PostgresTest, ADeferredConstraintFailsTheCommitOnly) {
  MustExecute("CREATE TABLE c (t BIGINT REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)");
  EXPECT_EQ(Execute("INSERT INTO c (t) VALUES (99)").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM c"), 0);
}

TEST_F(PostgresTest, AServerThatIsAwayIsUnavailableAtOnce) {
  auto away = storage::Open("postgresql://postgres@127.0.0.1:1/x", *clock_, {});
  ASSERT_TRUE(away.ok());
  for (int i = 0; i < 3; ++i) {
    const absl::Duration start = clock_->Steady();
    const absl::Status status = (*away)->Transact(Options(), [](Transaction&) { return absl::OkStatus(); });
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_NE(status.message().find("127.0.0.1"), absl::string_view::npos) << status;
    EXPECT_LT(clock_->Steady() - start, absl::Seconds(1));
  }
}

}  // namespace
}  // namespace finalmile::storage
