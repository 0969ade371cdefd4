#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/database.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::storage {

// An empty store of one engine, for one test.
class StoreTest : public ::testing::Test {
 protected:
  void Prepare(Engine engine) {
    engine_ = engine;
    if (engine == Engine::kSqlite) {
      folder_ = std::make_unique<finalmile::testing::TemporaryFolder>();
      url_ = "sqlite:" + folder_->path() + "/store.db";
    } else {
      auto server = finalmile::testing::SharedPostgres();
      FINALMILE_NEEDS_POSTGRES(server);
      server_ = *server;
      auto name = server_->CreateDatabase();
      ASSERT_TRUE(name.ok()) << name.status();
      database_name_ = *name;
      url_ = server_->url(*name);
    }
    database_ = Open();
  }

  void TearDown() override {
    database_.reset();
    folder_.reset();
  }

  std::unique_ptr<Database> Open(OpenOptions options = {}) {
    auto database = storage::Open(url_, *clock_, options);
    EXPECT_TRUE(database.ok()) << database.status();
    return database.ok() ? *std::move(database) : nullptr;
  }

  absl::Duration In(absl::Duration span) const { return clock_->Steady() + span; }

  TransactOptions Options(absl::Duration limit = absl::Seconds(10)) const { return {.deadline = In(limit)}; }

  absl::Status Transact(const TransactionFunction& function) {
    return database_->Transact(Options(), function);
  }

  // One statement in a transaction of its own.
  absl::StatusOr<Result> Execute(std::string_view sql, std::vector<Value> params = {}) {
    Result result;
    absl::Status status = Transact([&](Transaction& transaction) -> absl::Status {
      ASSIGN_OR_RETURN(result, transaction.Execute(sql, params));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return result;
  }

  absl::StatusOr<Result> ExecuteMany(std::string_view sql, const std::vector<Row>& rows) {
    Result result;
    absl::Status status = Transact([&](Transaction& transaction) -> absl::Status {
      ASSIGN_OR_RETURN(result, transaction.ExecuteMany(sql, rows));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return result;
  }

  void MustExecute(std::string_view sql, std::vector<Value> params = {}) {
    auto result = Execute(sql, std::move(params));
    ASSERT_TRUE(result.ok()) << result.status();
  }

  int64_t Count(std::string_view sql, std::vector<Value> params = {}) {
    auto result = Execute(sql, std::move(params));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->rows[0].Int(0) : -1;
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  Engine engine_ = Engine::kSqlite;
  std::unique_ptr<finalmile::testing::TemporaryFolder> folder_;
  std::string url_;
  std::string database_name_;
  finalmile::testing::PostgresServer* server_ = nullptr;
  std::unique_ptr<Database> database_;
};

// A test to be run on each engine.
class EngineTest : public StoreTest, public ::testing::WithParamInterface<Engine> {
 protected:
  void SetUp() override { Prepare(GetParam()); }

  void MakeItems() {
    MustExecute(
        "CREATE TABLE items (id BIGINT PRIMARY KEY, name TEXT UNIQUE, amount DOUBLE PRECISION, done BOOLEAN, "
        "data {bytes}, "
        "CHECK (amount >= -1e308))");
  }
};

inline std::string EngineName(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::kSqlite ? "Sqlite" : "Postgres";
}

}  // namespace finalmile::storage
