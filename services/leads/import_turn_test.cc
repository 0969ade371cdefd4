#include "services/leads/scoring/import_turn.h"

#include <gtest/gtest.h>

#include "libs/storage/database.h"

namespace finalmile::leads::scoring {
namespace {

class ImportTurnTest : public ::testing::Test {
 protected:
  std::shared_ptr<ImportTurn> NewTurn(std::shared_ptr<ImportTurn> before,
                                      std::vector<std::string> keys = {}) {
    return std::make_shared<ImportTurn>(
        *clock_, std::move(before), std::move(keys), [this] { ++let_in_; }, clock_->Steady());
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  int let_in_ = 0;
};

TEST_F(ImportTurnTest, TheFirstOneWaitsForNothing) {
  const auto first = NewTurn(nullptr, {"a"});
  EXPECT_FALSE(first->MayShareLeads());
  EXPECT_TRUE(first->MayWrite());
  EXPECT_TRUE(first->AwaitBefore().ok());
  EXPECT_TRUE(first->Begin().ok());
  EXPECT_TRUE(first->AwaitWrite().ok());
  EXPECT_EQ(let_in_, 0);
  first->HasLocked();
  EXPECT_EQ(let_in_, 1);
}

TEST_F(ImportTurnTest, AKeyInCommonMayBeALeadInCommon) {
  const auto first = NewTurn(nullptr, {"b", "d", "f"});
  EXPECT_FALSE(NewTurn(first, {})->MayShareLeads());
  EXPECT_FALSE(NewTurn(first, {"a", "c", "e", "g"})->MayShareLeads());
  EXPECT_TRUE(NewTurn(first, {"a", "b"})->MayShareLeads());
  EXPECT_TRUE(NewTurn(first, {"d"})->MayShareLeads());
  EXPECT_TRUE(NewTurn(first, {"f", "g"})->MayShareLeads());
}

TEST_F(ImportTurnTest, TheNextOneReadsAtOnceAndWritesWhenThatBeforeIsStored) {
  const auto first = NewTurn(nullptr);
  ASSERT_TRUE(first->Begin().ok());
  first->HasLocked();
  const auto second = NewTurn(first);
  EXPECT_TRUE(second->Begin().ok());
  EXPECT_FALSE(second->MayWrite());
  EXPECT_TRUE(absl::IsDeadlineExceeded(second->AwaitWrite()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(second->AwaitBefore()));
  first->End(true);
  EXPECT_TRUE(second->MayWrite());
  EXPECT_TRUE(second->AwaitWrite().ok());
  EXPECT_TRUE(second->AwaitBefore().ok());
}

// Its leads may be locked by the next one, which waits for it.
TEST_F(ImportTurnTest, OneThatBeginsAgainTurnsTheNextOneBack) {
  const auto first = NewTurn(nullptr);
  ASSERT_TRUE(first->Begin().ok());
  first->HasLocked();
  const auto second = NewTurn(first);
  ASSERT_TRUE(second->Begin().ok());
  ASSERT_TRUE(first->Begin().ok());
  EXPECT_TRUE(storage::IsConflict(second->AwaitWrite()));
  EXPECT_TRUE(storage::IsConflict(second->Begin()));
  first->HasLocked();
  EXPECT_TRUE(storage::IsConflict(second->Begin()));
  EXPECT_FALSE(second->MayWrite());
  first->End(true);
  EXPECT_TRUE(second->Begin().ok());
  EXPECT_TRUE(second->AwaitWrite().ok());
}

TEST_F(ImportTurnTest, BehindOneThatFailedNothingIsStored) {
  const auto first = NewTurn(nullptr);
  first->HasLocked();
  const auto second = NewTurn(first);
  first->End(false);
  EXPECT_FALSE(second->MayWrite());
  const absl::Status refused = second->AwaitWrite();
  EXPECT_TRUE(absl::IsAborted(refused)) << refused;
  EXPECT_FALSE(storage::IsConflict(refused));
  EXPECT_EQ(second->AwaitBefore(), refused);
  first->End(true);
  EXPECT_EQ(second->AwaitBefore(), refused) << "it has ended already";
}

}  // namespace
}  // namespace finalmile::leads::scoring
