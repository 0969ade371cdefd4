// What database.h promises of leadership, on both engines.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libs/base/status.h"
#include "libs/storage/contract_test_fixture.h"

namespace finalmile::storage {
namespace {

using absl::StatusCode;

class LeadershipTest : public EngineTest {};

INSTANTIATE_TEST_SUITE_P(Engines, LeadershipTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres),
                         EngineName);

TEST_P(LeadershipTest, OneSessionLeads) {
  auto leader = database_->Elect("relay", In(absl::Seconds(5)));
  ASSERT_TRUE(leader.ok()) << leader.status();
  EXPECT_EQ(database_->Elect("relay", In(absl::Seconds(5))).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(database_->Elect("trainer", In(absl::Seconds(5))).ok());
  EXPECT_EQ((*leader)->heartbeat_interval(), absl::Seconds(1));
  EXPECT_TRUE((*leader)->Heartbeat(In(absl::Seconds(5))).ok());
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY)");
  int runs = 0;
  EXPECT_TRUE((*leader)
                  ->Transact(Options(),
                             [&](Transaction& transaction) {
                               ++runs;
                               return transaction.Execute("INSERT INTO n (id) VALUES (1)").status();
                             })
                  .ok());
  EXPECT_EQ(runs, 1);
  EXPECT_EQ((*leader)->Transact(Options(), [](Transaction&) { return absl::NotFoundError("x"); }),
            absl::NotFoundError("x"));
  EXPECT_EQ(Count("SELECT COUNT(*) FROM n"), 1);
  leader->reset();
  // The server lets go of the lock when it notices the closed session.
  absl::Status again;
  const absl::Duration give_up = In(absl::Seconds(5));
  do again = database_->Elect("relay", In(absl::Seconds(5))).status();
  while (!again.ok() && clock_->Steady() < give_up);
  EXPECT_TRUE(again.ok()) << again;
}

TEST_P(LeadershipTest, TheTransactionsOfALeaderTakeTurns) {
  MustExecute("CREATE TABLE counter (value BIGINT NOT NULL)");
  MustExecute("INSERT INTO counter (value) VALUES (0)");
  auto leader = database_->Elect("s", In(absl::Seconds(5)));
  ASSERT_TRUE(leader.ok()) << leader.status();
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        const absl::Status status =
            (*leader)->Transact(Options(), [](Transaction& transaction) -> absl::Status {
              ASSIGN_OR_RETURN(Result row, transaction.Execute("SELECT value FROM counter"));
              return transaction.Execute("UPDATE counter SET value = $1", {row.rows[0].Int(0) + 1}).status();
            });
        if (!status.ok() || !(*leader)->Heartbeat(In(absl::Seconds(5))).ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(Count("SELECT value FROM counter"), 100) << "no two ran beside each other";
}

TEST_P(LeadershipTest, ALeadersTransactionEndsWithTheHeartbeatIntervalAndWaitsForNoBeat) {
  database_.reset();
  database_ = Open({.heartbeat_interval = absl::Milliseconds(200)});
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY)");
  auto leader = database_->Elect("s", In(absl::Seconds(5)));
  ASSERT_TRUE(leader.ok()) << leader.status();
  const auto never = clock_->NewWaitEvent();
  const absl::Status late = (*leader)->Transact(Options(), [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Execute("INSERT INTO n (id) VALUES (1)").status());
    const absl::Duration before = clock_->Steady();
    EXPECT_TRUE((*leader)->Heartbeat(In(absl::Seconds(5))).ok()) << "a transaction is a beat";
    EXPECT_LT(clock_->Steady() - before, absl::Seconds(1));
    never->WaitUntil(In(absl::Milliseconds(250)));
    return absl::OkStatus();
  });
  EXPECT_EQ(late.code(), StatusCode::kDeadlineExceeded) << late;
  EXPECT_EQ(Count("SELECT COUNT(*) FROM n"), 0);
  EXPECT_TRUE((*leader)->Heartbeat(In(absl::Seconds(5))).ok()) << "that cost the leader nothing";
}

// An embedded store has one process.
class PostgresLeadershipTest : public StoreTest {
 protected:
  void SetUp() override { Prepare(Engine::kPostgres); }
};

TEST_F(PostgresLeadershipTest, AFollowerAsksOnOneSession) {
  auto leader = database_->Elect("s", In(absl::Seconds(5)));
  ASSERT_TRUE(leader.ok()) << leader.status();
  auto follower = Open();
  const auto sessions = [&] {
    return Count(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%' AND pid <> "
        "pg_backend_pid() AND datname = current_database()");
  };
  const auto session = [&] {
    return Execute(
               "SELECT CAST(pid AS BIGINT) FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%' "
               "AND pid <> pg_backend_pid() AND datname = current_database() ORDER BY backend_start DESC")
        ->rows[0]
        .Int(0);
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(follower->Elect("s", In(absl::Seconds(5))).status()));
  const int64_t first = session();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(absl::IsFailedPrecondition(follower->Elect("s", In(absl::Seconds(5))).status()));
  }
  EXPECT_EQ(sessions(), 2);
  EXPECT_EQ(session(), first);
  ASSERT_TRUE(Execute("SELECT pg_terminate_backend(CAST($1 AS INTEGER))", {first}).ok());
  absl::Status tried;
  const absl::Duration give_up = In(absl::Seconds(5));
  do tried = follower->Elect("s", In(absl::Seconds(5))).status();
  while (absl::IsUnavailable(tried) && clock_->Steady() < give_up);
  EXPECT_TRUE(absl::IsFailedPrecondition(tried)) << "a lost session is replaced: " << tried;
  leader->reset();
  absl::StatusOr<std::unique_ptr<Leadership>> next;
  do next = follower->Elect("s", In(absl::Seconds(5)));
  while (!next.ok() && clock_->Steady() < give_up);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_TRUE((*next)->Heartbeat(In(absl::Seconds(5))).ok());
}

}  // namespace
}  // namespace finalmile::storage
