// Which statements keep their plans.

#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/storage/contract_test_fixture.h"

namespace finalmile::storage {
namespace {

class PostgresPlansTest : public StoreTest {
 protected:
  void SetUp() override {
    Prepare(Engine::kPostgres);
    if (database_ == nullptr) return;
    MustExecute("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT NOT NULL)");
  }
};

TEST_F(PostgresPlansTest, TheyAreKeptForFewRowsAndWhereTheTransactionSaysSo) {
  const auto mode = [&](int64_t rows, bool keep_plans) {
    std::string mode;
    const TransactOptions options{.deadline = In(absl::Seconds(5)), .keep_plans = keep_plans};
    const absl::Status status = database_->Transact(options, [&](Transaction& transaction) -> absl::Status {
      std::vector<Row> ids;
      for (int64_t id = 1; id <= rows; ++id) ids.emplace_back(std::vector<Value>{id});
      RETURN_IF_ERROR(
          transaction.DeferMany("SELECT t.v FROM {rows: id BIGINT} AS r JOIN t ON t.id = r.id", ids)
              .status());
      ASSIGN_OR_RETURN(const Result result, transaction.Execute("SELECT current_setting('plan_cache_mode')"));
      mode = result.rows.front().Text(0);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return mode;
  };
  EXPECT_EQ(mode(0, true), "force_generic_plan");
  EXPECT_EQ(mode(0, false), "auto") << "the setting ends with its transaction";
  EXPECT_EQ(mode(19, false), "force_generic_plan");
  EXPECT_EQ(mode(20, false), "auto");
  EXPECT_EQ(mode(21, false), "auto");
  EXPECT_EQ(mode(1000, true), "force_generic_plan");
}

}  // namespace
}  // namespace finalmile::storage
