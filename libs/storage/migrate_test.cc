#include "libs/storage/migrate.h"

#include <gtest/gtest.h>

#include <thread>

#include "libs/storage/contract_test_fixture.h"

namespace finalmile::storage {
namespace {

using absl::StatusCode;

constexpr Migration kFirst{1, "make n",
                           "CREATE TABLE n (id {identity}, data {bytes}); CREATE INDEX n_data ON n (data);"};
constexpr Migration kSecond{2, "fill n", "INSERT INTO n (data) VALUES (NULL); -- one row;\n"};
constexpr Migration kBroken{3, "break",
                            "INSERT INTO n (data) VALUES (NULL); INSERT INTO absent (id) VALUES (1)"};

class MigrateTest : public EngineTest {
 protected:
  absl::Status Apply(const std::vector<Migration>& migrations) {
    return Migrate(*database_, *clock_, "test", migrations);
  }
  absl::Status Check(const std::vector<Migration>& migrations) {
    return CheckSchema(*database_, *clock_, "test", migrations);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, MigrateTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres),
                         EngineName);

TEST_P(MigrateTest, AppliesEachStepOnce) {
  EXPECT_TRUE(Check({}).ok());
  EXPECT_EQ(Check({kFirst}).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(Apply({kFirst}).ok());
  EXPECT_TRUE(Check({kFirst}).ok());
  const absl::Status behind = Check({kFirst, kSecond});
  EXPECT_EQ(behind.code(), StatusCode::kUnavailable) << "waiting mends it";
  EXPECT_NE(behind.message().find("finalmile migrate"), absl::string_view::npos) << behind;
  EXPECT_TRUE(Apply({kFirst, kSecond}).ok());
  EXPECT_TRUE(Apply({kFirst, kSecond}).ok());
  EXPECT_EQ(Count("SELECT COUNT(*) FROM n"), 1);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM schema_migrations WHERE component = 'test'"), 2);
}

TEST_P(MigrateTest, RefusesANewerStoreAndAnEditedStep) {
  ASSERT_TRUE(Apply({kFirst, kSecond}).ok());
  EXPECT_EQ(Apply({kFirst}).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Check({kFirst}).code(), StatusCode::kFailedPrecondition);
  Migration edited = kFirst;
  edited.sql = "CREATE TABLE n (id {identity})";
  EXPECT_EQ(Apply({edited, kSecond}).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Check({edited, kSecond}).code(), StatusCode::kFailedPrecondition);
}

TEST_P(MigrateTest, AProgramWorksWithAStoreThatIsNewerByExpandStepsAlone) {
  constexpr Migration kExpand{2, "add a column", "ALTER TABLE n ADD COLUMN more BIGINT NOT NULL DEFAULT 0",
                              Change::kExpand};
  constexpr Migration kContract{3, "drop data", "DROP INDEX n_data", Change::kContract};
  constexpr Migration kLater{4, "add another", "ALTER TABLE n ADD COLUMN last BIGINT", Change::kExpand};
  ASSERT_EQ(Apply({kFirst, kExpand}), absl::OkStatus());
  // The release before: a replica that starts now, and its migration when the release is rolled back.
  EXPECT_EQ(Check({kFirst}), absl::OkStatus());
  EXPECT_EQ(Apply({kFirst}), absl::OkStatus());
  EXPECT_EQ(Count("SELECT COUNT(*) FROM schema_migrations WHERE component = 'test'"), 2);
  // And forward again.
  EXPECT_EQ(Apply({kFirst, kExpand}), absl::OkStatus());
  EXPECT_EQ(Check({kFirst, kExpand}), absl::OkStatus());

  ASSERT_EQ(Apply({kFirst, kExpand, kContract, kLater}), absl::OkStatus());
  for (const auto& older : {std::vector<Migration>{kFirst}, std::vector<Migration>{kFirst, kExpand}}) {
    for (const absl::Status& refused : {Check(older), Apply(older)}) {
      EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
      EXPECT_EQ(refused.message(),
                "the schema of test is at version 4, this program knows " + std::to_string(older.size()) +
                    ", and step 3 (drop data) is not one that older programs work with: run a newer program");
    }
  }
  EXPECT_EQ(Check({kFirst, kExpand, kContract}), absl::OkStatus()) << "the last step only expands";
}

TEST_P(MigrateTest, AnEditedStepIsFoundInANewerStoreToo) {
  constexpr Migration kExpand{2, "add a column", "ALTER TABLE n ADD COLUMN more BIGINT", Change::kExpand};
  ASSERT_EQ(Apply({kFirst, kExpand}), absl::OkStatus());
  Migration edited = kFirst;
  edited.sql = "CREATE TABLE n (id {identity})";
  EXPECT_EQ(Check({edited}).code(), StatusCode::kFailedPrecondition);
}

TEST_P(MigrateTest, AStoreOfAProgramThatDidNotMarkStepsIsTaken) {
  ASSERT_EQ(Apply({kFirst, kSecond}), absl::OkStatus());
  MustExecute("ALTER TABLE schema_migrations DROP COLUMN change");
  EXPECT_EQ(Check({kFirst, kSecond}), absl::OkStatus());
  EXPECT_EQ(Check({kFirst}).code(), StatusCode::kFailedPrecondition) << "nobody said that it expands";
  constexpr Migration kThird{3, "add a column", "ALTER TABLE n ADD COLUMN more BIGINT", Change::kExpand};
  EXPECT_EQ(Apply({kFirst, kSecond, kThird}), absl::OkStatus());
  EXPECT_EQ(Check({kFirst, kSecond}), absl::OkStatus());
}

TEST_P(MigrateTest, AStepThatIsMarkedWronglyIsTheProgramsFault) {
  for (const char* sql : {"DROP TABLE n", "ALTER TABLE n DROP COLUMN data", "ALTER TABLE n RENAME TO m",
                          "ALTER TABLE n ADD COLUMN more BIGINT NOT NULL",
                          "CREATE TABLE m (id BIGINT); alter table n rename column data TO d"}) {
    const Migration wrong{2, "wrong", sql, Change::kExpand};
    EXPECT_EQ(Apply({kFirst, wrong}).code(), StatusCode::kInternal) << sql;
    EXPECT_EQ(Check({kFirst, wrong}).code(), StatusCode::kInternal) << sql;
  }
}

TEST_P(MigrateTest, TheVersionsOfAllComponentsAreRead) {
  const auto versions = [&] {
    std::map<std::string, int64_t> found;
    EXPECT_EQ(database_->Transact({.deadline = In(absl::Seconds(10)), .read_only = true},
                                  [&](Transaction& transaction) -> absl::Status {
                                    ASSIGN_OR_RETURN(found, SchemaVersions(transaction));
                                    return absl::OkStatus();
                                  }),
              absl::OkStatus());
    return found;
  };
  EXPECT_TRUE(versions().empty());
  ASSERT_EQ(Apply({kFirst, kSecond}), absl::OkStatus());
  const Migration other{1, "other", "CREATE TABLE other (id BIGINT)"};
  ASSERT_EQ(Migrate(*database_, *clock_, "outbox", std::vector<Migration>{other}), absl::OkStatus());
  EXPECT_EQ(versions(), (std::map<std::string, int64_t>{{"outbox", 1}, {"test", 2}}));
}

TEST_P(MigrateTest, AStepThatFailsLeavesNothing) {
  const absl::Status status = Apply({kFirst, kSecond, kBroken});
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_NE(status.message().find("step 3"), absl::string_view::npos) << status;
  EXPECT_EQ(Count("SELECT COUNT(*) FROM n"), 1);
  EXPECT_TRUE(Check({kFirst, kSecond}).ok());
}

TEST_P(MigrateTest, WrongNumberingIsTheProgramsFault) {
  EXPECT_EQ(Apply({kSecond}).code(), StatusCode::kInternal);
  EXPECT_EQ(Check({kFirst, kFirst}).code(), StatusCode::kInternal);
}

TEST_P(MigrateTest, ComponentsDoNotMix) {
  ASSERT_TRUE(Apply({kFirst}).ok());
  const Migration other{1, "other", "CREATE TABLE other (id BIGINT)"};
  EXPECT_TRUE(Migrate(*database_, *clock_, "outbox", std::vector<Migration>{other}).ok());
  EXPECT_TRUE(Check({kFirst}).ok());
}

TEST_P(MigrateTest, SeveralAtOnceApplyEachStepOnce) {
  std::vector<std::thread> threads;
  std::vector<absl::Status> outcomes(4);
  for (absl::Status& outcome : outcomes) {
    threads.emplace_back([this, &outcome] { outcome = Apply({kFirst, kSecond}); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& outcome : outcomes) EXPECT_TRUE(outcome.ok()) << outcome;
  EXPECT_EQ(Count("SELECT COUNT(*) FROM n"), 1);
}

TEST_P(MigrateTest, AStoreBelongsToOneServiceAndItsLibraries) {
  constexpr std::string_view kLibraries[] = {"outbox"};
  const std::vector<Migration> none_yet = {{1, "make m", "CREATE TABLE m (id BIGINT)"}};
  const auto migrate = [&](std::string_view component, std::string_view service,
                           const std::vector<Migration>& migrations) {
    return Migrate(*database_, *clock_, component, migrations, {service, kLibraries});
  };
  EXPECT_EQ(migrate("outbox", "leads", {kFirst}), absl::OkStatus());
  EXPECT_EQ(migrate("outbox", "catalog", {kFirst}), absl::OkStatus()) << "nobody's yet";
  EXPECT_EQ(migrate("leads", "leads", none_yet), absl::OkStatus());
  for (const std::string_view component : {"outbox", "catalog"}) {
    for (const absl::Status& refused :
         {migrate(component, "catalog", {kFirst}),
          CheckSchema(*database_, *clock_, component, std::vector<Migration>{kFirst},
                      {"catalog", kLibraries})}) {
      EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
      EXPECT_EQ(refused.message(),
                "this store holds the tables of leads, so catalog cannot use it: each service has a store of "
                "its own; give catalog another database");
    }
  }
  EXPECT_EQ(Count("SELECT COUNT(*) FROM schema_migrations"), 2) << "nothing was changed";
  EXPECT_EQ(CheckSchema(*database_, *clock_, "leads", none_yet, {"leads", kLibraries}), absl::OkStatus());
}

}  // namespace
}  // namespace finalmile::storage
