// What database.h promises of transactions and notifications, on both engines.

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "libs/base/status.h"
#include "libs/storage/contract_test_fixture.h"
#include "libs/storage/transact.h"

namespace finalmile::storage {
namespace {

using absl::StatusCode;

class TransactionTest : public EngineTest {
 protected:
  // Overwrites pages of a table behind the engine's back.
  void Damage(const std::string& table) {
    database_.reset();
    std::string file = folder_ == nullptr ? "" : folder_->path() + "/store.db";
    if (server_ != nullptr) {
      database_ = Open();
      const auto path = Execute("SELECT pg_relation_filepath(CAST($1 AS TEXT))", {table});
      ASSERT_TRUE(path.ok()) << path.status();
      file = server_->data_folder() + "/" + path->rows[0].Text(0);
      database_.reset();
      ASSERT_TRUE(server_->Stop().ok());
    }
    {
      std::fstream pages(file, std::ios::in | std::ios::out | std::ios::binary);
      ASSERT_TRUE(pages) << file;
      pages.seekp(8192);
      pages << std::string(40'960, '\x5a');
    }
    if (server_ != nullptr) {
      ASSERT_TRUE(server_->Resume().ok());
    }
    database_ = Open();
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, TransactionTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres),
                         EngineName);

TEST_P(TransactionTest, RollsBackAndReturnsTheFunctionsStatus) {
  MakeItems();
  const absl::Status status = Transact([](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Execute("INSERT INTO items (id) VALUES (1)").status());
    return absl::AbortedError("etag");
  });
  // The function's own ABORTED is no conflict of the store: it ran once.
  EXPECT_EQ(status, absl::AbortedError("etag"));
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 0);
}

TEST_P(TransactionTest, AFailedStatementPreventsTheCommit) {
  MakeItems();
  const absl::Status status = Transact([](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Execute("INSERT INTO items (id) VALUES (1)").status());
    EXPECT_FALSE(transaction.Execute("INSERT INTO items (id) VALUES (1)").ok());
    EXPECT_EQ(transaction.Execute("SELECT 1").status().code(), StatusCode::kAlreadyExists);
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 0);
}

TEST_P(TransactionTest, AConflictAfterAFailedStatementIsRunAgain) {
  MakeItems();
  MustExecute("INSERT INTO items (id, name) VALUES (1, 'taken')");
  int runs = 0;
  EXPECT_EQ(Transact([&](Transaction& transaction) -> absl::Status {
              const std::string name = ++runs == 1 ? "taken" : "free";
              RETURN_IF_ERROR(transaction.Execute("INSERT INTO items (id) VALUES (2)").status());
              const absl::Status named =
                  transaction.Execute("UPDATE items SET name = $1 WHERE id = 2", {name}).status();
              return absl::IsAlreadyExists(named) ? Conflict("the name was taken meanwhile") : named;
            }),
            absl::OkStatus());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items WHERE name = 'free'"), 1) << "the second run began afresh";
}

TEST_P(TransactionTest, AConflictForEverEndsAtTheDeadline) {
  int runs = 0;
  const absl::Status status =
      database_->Transact(Options(absl::Milliseconds(100)), [&](Transaction& transaction) {
        ++runs;
        EXPECT_FALSE(transaction.Execute("SELECT nothing").ok());
        return Conflict("somebody came between");
      });
  EXPECT_GT(runs, 1);
  EXPECT_FALSE(status.ok());
}

TEST_P(TransactionTest, ADamagedStoreIsDataLossAndNotRunAgain) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY, name TEXT)");
  MustExecute(
      "WITH RECURSIVE r (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM r WHERE i < 2000) "
      "INSERT INTO n (id, name) SELECT i, 'a name that takes some room' FROM r");
  Damage("n");
  int runs = 0;
  EXPECT_EQ(Transact([&](Transaction& transaction) -> absl::Status {
              ++runs;
              return transaction.Execute("SELECT id, name FROM n").status();
            }).code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(runs, 1);
}

TEST_P(TransactionTest, AValueIsThatOfTheRunThatWasCommitted) {
  int runs = 0;
  const absl::StatusOr<std::vector<int64_t>> read =
      storage::Transact(*database_, Options(), [&](Transaction&) -> absl::StatusOr<std::vector<int64_t>> {
        if (++runs == 1) return Conflict("somebody came between");
        return std::vector<int64_t>{runs};
      });
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, std::vector<int64_t>{2});
  EXPECT_EQ(storage::Read(*database_, In(absl::Seconds(10)),
                          [&](Transaction& transaction) -> absl::StatusOr<int64_t> {
                            return transaction.Execute("CREATE TABLE m (id BIGINT)").status();
                          })
                .status()
                .code(),
            StatusCode::kInternal)
      << "a read does not write";
}

TEST_P(TransactionTest, AnEmptyTransactionIsFine) {
  EXPECT_TRUE(Transact([](Transaction&) { return absl::OkStatus(); }).ok());
  EXPECT_EQ(Transact([](Transaction&) { return absl::NotFoundError("x"); }), absl::NotFoundError("x"));
}

TEST_P(TransactionTest, NoCallOutlivesItsDeadline) {
  MakeItems();
  EXPECT_EQ(database_->Transact({.deadline = clock_->Steady()}, [](Transaction&) { return absl::OkStatus(); })
                .code(),
            StatusCode::kDeadlineExceeded);
  const absl::Duration start = clock_->Steady();
  const absl::Status slow =
      database_->Transact(Options(absl::Milliseconds(100)), [](Transaction& transaction) {
        return transaction
            .Execute(
                "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < "
                "1000000000) "
                "SELECT COUNT(*) FROM n")
            .status();
      });
  EXPECT_EQ(slow.code(), StatusCode::kDeadlineExceeded) << slow;
  EXPECT_LT(clock_->Steady() - start, absl::Seconds(2));
  MustExecute("INSERT INTO items (id) VALUES (1)");
}

TEST_P(TransactionTest, ATransactionPastItsDeadlineIsNotCommitted) {
  MakeItems();
  const auto never = clock_->NewWaitEvent();
  const absl::Duration deadline = In(absl::Milliseconds(50));
  EXPECT_EQ(
      database_
          ->Transact({.deadline = deadline},
                     [&](Transaction& transaction) -> absl::Status {
                       RETURN_IF_ERROR(transaction.Execute("INSERT INTO items (id) VALUES (1)").status());
                       never->WaitUntil(deadline);
                       return absl::OkStatus();
                     })
          .code(),
      StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 0);
}

TEST_P(TransactionTest, WritersOfOneRowTakeTurnsAndLoseNothing) {
  MustExecute("CREATE TABLE counter (id BIGINT PRIMARY KEY, value BIGINT NOT NULL)");
  MustExecute("INSERT INTO counter (id, value) VALUES (1, 0)");
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        const absl::Status status = Transact([](Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(Result row,
                           transaction.Execute("SELECT value FROM counter WHERE id = 1 {for_update}"));
          return transaction.Execute("UPDATE counter SET value = $1 WHERE id = 1", {row.rows[0].Int(0) + 1})
              .status();
        });
        if (!status.ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(Count("SELECT value FROM counter"), 200);
}

TEST_P(TransactionTest, AReadOnlyTransactionSeesOneSnapshotBesideAWriter) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY)");
  const absl::Status status = database_->Transact(
      {.deadline = In(absl::Seconds(10)), .read_only = true}, [&](Transaction& reader) -> absl::Status {
        ASSIGN_OR_RETURN(Result before, reader.Execute("SELECT COUNT(*) FROM n"));
        EXPECT_EQ(before.rows[0].Int(0), 0);
        MustExecute("INSERT INTO n (id) VALUES (1)");
        ASSIGN_OR_RETURN(Result after, reader.Execute("SELECT COUNT(*) FROM n"));
        EXPECT_EQ(after.rows[0].Int(0), 0);
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Count("SELECT COUNT(*) FROM n"), 1);
}

TEST_P(TransactionTest, AReadOnlyTransactionCannotWrite) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY)");
  const TransactOptions options{.deadline = In(absl::Seconds(10)), .read_only = true};
  EXPECT_EQ(database_
                ->Transact(options,
                           [](Transaction& reader) {
                             return reader.Execute("INSERT INTO n (id) VALUES (1)").status();
                           })
                .code(),
            StatusCode::kInternal);
  // The connection is fit for use again.
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(database_
                    ->Transact(options,
                               [](Transaction& reader) { return reader.Execute("SELECT 1 FROM n").status(); })
                    .ok());
  }
}

TEST_P(TransactionTest, CallersBeyondTheConnectionsWaitUntilTheirDeadline) {
  database_.reset();
  database_ = Open({.connections = 1});
  const TransactOptions options{.deadline = In(absl::Seconds(10)), .read_only = true};
  absl::Status inner;
  EXPECT_TRUE(database_
                  ->Transact(options,
                             [&](Transaction&) {
                               inner = database_->Transact(
                                   {.deadline = In(absl::Milliseconds(20)), .read_only = true},
                                   [](Transaction&) { return absl::OkStatus(); });
                               return absl::OkStatus();
                             })
                  .ok());
  EXPECT_EQ(inner.code(), StatusCode::kDeadlineExceeded);
}

// Runs the steps of a database as the runtime would.
class Steps {
 public:
  Steps(Database& database, Clock& clock) {
    for (Step* step : database.steps()) {
      steps_.push_back(step);
      threads_.emplace_back([this, step, &clock] {
        while (!stop_) {
          step->wake().Clear();
          const absl::Duration next = step->Run();
          if (!stop_ && next > clock.Steady()) step->wake().WaitUntil(next);
        }
      });
    }
  }
  ~Steps() {
    stop_ = true;
    for (Step* step : steps_) step->wake().Set();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<Step*> steps_;
  std::vector<std::thread> threads_;
};

TEST_P(TransactionTest, NotifiesAfterTheCommitAndOnlyThen) {
  const auto event = clock_->NewWaitEvent();
  const auto other = clock_->NewWaitEvent();
  Steps steps(*database_, *clock_);
  auto subscription = database_->Subscribe("outbox", *event);
  auto other_subscription = database_->Subscribe("other", *other);
  // The first connection of the listener sets every event.
  if (GetParam() == Engine::kPostgres) {
    ASSERT_TRUE(event->WaitUntil(In(absl::Seconds(5))));
    ASSERT_TRUE(other->WaitUntil(In(absl::Seconds(5))));
  }
  event->Clear();
  other->Clear();
  EXPECT_FALSE(Transact([](Transaction& transaction) -> absl::Status {
                 RETURN_IF_ERROR(transaction.Notify("outbox"));
                 return absl::CancelledError("no");
               }).ok());
  EXPECT_FALSE(event->WaitUntil(In(absl::Milliseconds(50))));
  EXPECT_TRUE(Transact([&](Transaction& transaction) -> absl::Status {
                RETURN_IF_ERROR(transaction.Notify("outbox"));
                RETURN_IF_ERROR(transaction.Notify("outbox"));
                EXPECT_FALSE(event->WaitUntil(clock_->Steady()));
                return absl::OkStatus();
              }).ok());
  EXPECT_TRUE(event->WaitUntil(In(absl::Seconds(5))));
  EXPECT_FALSE(other->WaitUntil(clock_->Steady()));
  subscription.reset();
  event->Clear();
  EXPECT_TRUE(Transact([](Transaction& transaction) { return transaction.Notify("outbox"); }).ok());
  EXPECT_FALSE(event->WaitUntil(In(absl::Milliseconds(50))));
}

TEST_P(TransactionTest, WhatComesAfterTheCommitSeesItAndItsDeferredAnswers) {
  MakeItems();
  std::vector<std::string> done;
  int runs = 0;
  ASSERT_EQ(Transact([&](Transaction& transaction) -> absl::Status {
              const std::string run = std::to_string(++runs);
              ASSIGN_OR_RETURN(const Deferred added,
                               transaction.Defer("INSERT INTO items (id) VALUES (1) RETURNING id"));
              transaction.AfterCommit([&, run, added] {
                EXPECT_EQ(added->rows[0].Int(0), 1);
                done.push_back("first of run " + run);
              });
              transaction.AfterCommit([&] { done.emplace_back("second"); });
              return runs == 1 ? Conflict("meanwhile") : absl::OkStatus();
            }),
            absl::OkStatus());
  EXPECT_EQ(done, (std::vector<std::string>{"first of run 2", "second"})) << "once, in their order";
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 1);
}

TEST_P(TransactionTest, NothingComesAfterWhatDidNotCommit) {
  MakeItems();
  bool called = false;
  const auto kept = std::make_shared<int>();
  EXPECT_FALSE(Transact([&](Transaction& transaction) -> absl::Status {
                 transaction.AfterCommit([&called, kept] { called = true; });
                 return absl::CancelledError("changed its mind");
               }).ok());
  EXPECT_FALSE(Transact([&](Transaction& transaction) -> absl::Status {
                 transaction.AfterCommit([&called, kept] { called = true; });
                 return transaction.Defer("INSERT INTO absent (id) VALUES (1)").status();
               }).ok());
  EXPECT_FALSE(called);
  EXPECT_EQ(kept.use_count(), 1) << "it is destroyed";
}

TEST_P(TransactionTest, EveryTransactionShowsTheCompanion) {
  Companion beside;
  const auto expect = [](const Companion* companion) {
    return [companion](Transaction& transaction) {
      EXPECT_EQ(transaction.companion(), companion);
      return absl::OkStatus();
    };
  };
  EXPECT_EQ(Transact(expect(nullptr)), absl::OkStatus());
  database_->SetCompanion(&beside);
  EXPECT_EQ(Transact(expect(&beside)), absl::OkStatus());
  const auto leader = database_->Elect("relay", In(absl::Seconds(5)));
  ASSERT_TRUE(leader.ok()) << leader.status();
  EXPECT_EQ((*leader)->Transact(Options(), expect(&beside)), absl::OkStatus());
}

TEST_P(TransactionTest, AChannelIsAnIdentifier) {
  EXPECT_EQ(Transact([](Transaction& transaction) { return transaction.Notify("Out box"); }).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Transact([](Transaction& transaction) { return transaction.Notify(""); }).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Transact([](Transaction& transaction) { return transaction.Notify(std::string(64, 'a')); }).code(),
      StatusCode::kInvalidArgument);
  EXPECT_TRUE(
      Transact([](Transaction& transaction) { return transaction.Notify(std::string(63, 'a')); }).ok());
}

TEST_P(TransactionTest, KeepsWhatWasCommittedWhenOpenedAgain) {
  MakeItems();
  MustExecute("INSERT INTO items (id) VALUES (1)");
  database_.reset();
  database_ = Open();
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 1);
  EXPECT_TRUE(database_->Advertise("127.0.0.1:7000").ok());
}

TEST(Open, RefusesAnUnknownScheme) {
  const auto clock = NewSystemClock();
  for (const char* url : {"", "mysql://x", "postgresql:x", "/tmp/file.db"}) {
    EXPECT_EQ(Open(url, *clock, {}).status().code(), StatusCode::kInvalidArgument) << url;
  }
  EXPECT_EQ(Open("sqlite::memory:", *clock, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Open("sqlite:", *clock, {}).status().code(), StatusCode::kInvalidArgument);
  const absl::Status without = Open("postgresql:///x?passfile=/absent", *clock, {}).status();
  EXPECT_EQ(without.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(without.message().find("/absent"), absl::string_view::npos) << without;
  EXPECT_EQ(Open("postgresql:///x?passfile=/proc/self/status", *clock, {}).status().code(),
            StatusCode::kFailedPrecondition)
      << "others may read it";
  EXPECT_EQ(Open("postgresql:///x?passw%6Frd=y", *clock, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Open("postgresql:///x?nonsense=1", *clock, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Open("sqlite:/nowhere/at/all.db", *clock, {}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace finalmile::storage
