#include "libs/storage/value.h"

#include <gtest/gtest.h>

namespace finalmile::storage {
namespace {

TEST(Row, ReadsWhatTheEnginesRepresentDifferently) {
  const Row row({int64_t{1}, 2.5, true, std::string("x"), Bytes{"y"}, std::monostate()});
  EXPECT_EQ(row.Int(0), 1);
  EXPECT_EQ(row.Real(0), 1.0);
  EXPECT_TRUE(row.Bool(0));
  EXPECT_EQ(row.Real(1), 2.5);
  EXPECT_TRUE(row.Bool(2));
  EXPECT_EQ(row.Text(3), "x");
  EXPECT_EQ(row.Blob(4), "y");
  EXPECT_TRUE(row.Null(5));
  EXPECT_EQ(row.OptionalInt(5), std::nullopt);
  EXPECT_EQ(row.OptionalInt(0), 1);
}

TEST(RowDeathTest, NamesTheColumnThatIsReadAsAnotherType) {
  const Row row({std::monostate(), int64_t{2}, std::string("x")});
  EXPECT_DEATH(row.Int(0), "column 0 is read as an integer but holds NULL");
  EXPECT_DEATH(row.Bool(1), "column 1 is read as a boolean but holds an integer");
  EXPECT_DEATH(row.Blob(2), "column 2 is read as bytes but holds text");
}

}  // namespace
}  // namespace finalmile::storage
