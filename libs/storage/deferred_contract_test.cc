// What database.h promises of deferred statements and of commits that need not be durable, on both engines.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libs/base/status.h"
#include "libs/storage/contract_test_fixture.h"

namespace finalmile::storage {
namespace {

using absl::StatusCode;

class DeferredTest : public EngineTest {};

INSTANTIATE_TEST_SUITE_P(Engines, DeferredTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres),
                         EngineName);

TEST_P(DeferredTest, DeferredStatementsRunInOrderAndAnswerWhenSettled) {
  MakeItems();
  const absl::Status status = Transact([](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Deferred inserted,
                     transaction.DeferMany("INSERT INTO items (id, name) SELECT r.id, r.name FROM "
                                           "{rows: id BIGINT, name TEXT} AS r RETURNING name",
                                           {Row({int64_t{1}, std::string("a")})}));
    ASSIGN_OR_RETURN(const Deferred updated,
                     transaction.Defer("UPDATE items SET name = $1 WHERE id = 1", {std::string("b")}));
    ASSIGN_OR_RETURN(const Deferred none,
                     transaction.DeferMany("SELECT r.id FROM {rows: id BIGINT} AS r", {}));
    ASSIGN_OR_RETURN(const Deferred read, transaction.Defer("SELECT name FROM items"));
    RETURN_IF_ERROR(transaction.Settle());
    EXPECT_EQ(inserted->rows[0].Text(0), "a");
    EXPECT_EQ(updated->affected, 1);
    EXPECT_TRUE(none->rows.empty());
    EXPECT_EQ((*read).rows[0].Text(0), "b");
    RETURN_IF_ERROR(transaction.Defer("INSERT INTO items (id) VALUES (2)").status());
    ASSIGN_OR_RETURN(const Result count, transaction.Execute("SELECT COUNT(*) FROM items"));
    EXPECT_EQ(count.rows[0].Int(0), 2);
    return transaction.Defer("INSERT INTO items (id) VALUES (3)").status();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 3);
}

TEST_P(DeferredTest, ADeferredErrorComesOutAtTheLatestAtTheCommit) {
  MakeItems();
  MustExecute("INSERT INTO items (id) VALUES (1)");
  const char* twice = "INSERT INTO items (id) VALUES (1)";
  // The function looks at nothing, and more is deferred after what fails.
  EXPECT_EQ(Transact([&](Transaction& transaction) -> absl::Status {
              transaction.Defer("INSERT INTO items (id) VALUES (2)").IgnoreError();
              transaction.Defer(twice).IgnoreError();
              transaction.Defer("INSERT INTO items (id) VALUES (3)").IgnoreError();
              transaction.Notify("outbox").IgnoreError();
              return absl::OkStatus();
            }).code(),
            StatusCode::kAlreadyExists);
  // The next statement that is awaited tells, and so do those after it.
  EXPECT_EQ(Transact([&](Transaction& transaction) -> absl::Status {
              transaction.Defer(twice).IgnoreError();
              EXPECT_EQ(transaction.Execute("SELECT 1").status().code(), StatusCode::kAlreadyExists);
              EXPECT_EQ(transaction.Defer("SELECT 1").status().code(), StatusCode::kAlreadyExists);
              return absl::OkStatus();
            }).code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(database_
                ->Transact({.deadline = In(absl::Seconds(10)), .read_only = true},
                           [&](Transaction& reader) {
                             reader.Defer("INSERT INTO items (id) VALUES (4)").IgnoreError();
                             return absl::OkStatus();
                           })
                .code(),
            StatusCode::kInternal);
  EXPECT_EQ(Transact([&](Transaction& transaction) -> absl::Status {
              transaction
                  .DeferMany("INSERT INTO items (id) SELECT r.id FROM {rows: id BIGINT} AS r",
                             {Row({std::string("no number")})})
                  .IgnoreError();
              return absl::OkStatus();
            }).code(),
            StatusCode::kInvalidArgument);
  // The function's own error stands, and the connection is fit for use again.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Transact([&](Transaction& transaction) -> absl::Status {
                transaction.Defer("INSERT INTO items (id) VALUES (5)").IgnoreError();
                transaction.Defer(twice).IgnoreError();
                return absl::NotFoundError("x");
              }).code(),
              StatusCode::kNotFound);
    EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 1);
  }
}

TEST_P(DeferredTest, AConflictOfADeferredStatementRunsTheFunctionAgain) {
  MakeItems();
  MustExecute("INSERT INTO items (id, amount) VALUES (1, 0), (2, 0)");
  // Each locks its own row, then wants the other's: on PostgreSQL one of them is chosen to give way.
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const absl::Status status = Transact([&](Transaction& transaction) -> absl::Status {
          const char* add = "UPDATE items SET amount = amount + 1 WHERE id = $1";
          RETURN_IF_ERROR(transaction.Execute(add, {int64_t{1 + t}}).status());
          return transaction.Defer(add, {int64_t{2 - t}}).status();
        });
        if (!status.ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(Count("SELECT CAST(SUM(amount) AS BIGINT) FROM items"), 40);
}

TEST_P(DeferredTest, ManyMegabytesMayBeDeferred) {
  MustExecute("CREATE TABLE blobs (id BIGINT PRIMARY KEY, data {bytes} NOT NULL)");
  const Bytes data{std::string(1 << 20, 'x')};
  EXPECT_TRUE(
      Transact([&](Transaction& transaction) -> absl::Status {
        for (int64_t id = 0; id < 12; ++id) {
          RETURN_IF_ERROR(
              transaction.Defer("INSERT INTO blobs VALUES ($1, $2) RETURNING data", {id, data}).status());
        }
        return absl::OkStatus();
      }).ok());
  EXPECT_EQ(Count("SELECT COUNT(*) FROM blobs"), 12);
}

TEST_P(DeferredTest, ATransactionThatIsNotDurableIsCommitted) {
  MakeItems();
  EXPECT_TRUE(database_
                  ->Transact({.deadline = In(absl::Seconds(10)), .durable = false},
                             [](Transaction& transaction) {
                               return transaction.Execute("INSERT INTO items (id) VALUES (1)").status();
                             })
                  .ok());
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 1);
}

}  // namespace
}  // namespace finalmile::storage
