#include "services/catalog/search/spelling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::catalog::search {
namespace {

using ::testing::ElementsAre;

TEST(Spelling, NearestThenMostFrequent) {
  Vocabulary words;
  words.Add("demo", 3);
  words.Add("memo", 9);
  words.Add("pricing", 4);
  words.Add("pricking", 50);
  words.Add("objections", 1);
  words.Add("q4", 7);
  words.Add("einwande", 2);
  EXPECT_EQ(words.Nearest("pricng"), "pricing");
  EXPECT_EQ(words.Nearest("xemo"), "");
  EXPECT_EQ(words.Nearest("mmeo"), "memo");
  EXPECT_EQ(words.Nearest("edmo"), "demo");
  EXPECT_EQ(words.Nearest("objektoins"), "objections");
  EXPECT_EQ(words.Nearest("dmo"), "");
  EXPECT_EQ(words.Nearest("2026"), "");
  EXPECT_EQ(words.Nearest("unrelated"), "");
  EXPECT_EQ(words.Nearest("einwaende"), "einwande");
}

TEST(Spelling, WordsComeAndGo) {
  Vocabulary words;
  words.Add("price", 2);
  words.Add("prices", 3);
  words.Add("pricing", 1);
  EXPECT_THAT(words.WithPrefix("pric", 2), ElementsAre("prices", "price"));
  EXPECT_TRUE(words.ContainsPrefix("pri"));
  EXPECT_FALSE(words.ContainsPrefix("prix"));
  words.Add("price", -2);
  EXPECT_FALSE(words.Contains("price"));
  words.Add("never", -1);
  EXPECT_FALSE(words.Contains("never"));
  EXPECT_EQ(words.size(), 2u);
}

}  // namespace
}  // namespace finalmile::catalog::search
