#include "services/catalog/search/spelling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::catalog::search {
namespace {

using ::testing::ElementsAre;

TEST(Spelling, DistanceCountsEditsAndSwaps) {
  EXPECT_EQ(EditDistance(U"pricing", U"pricing", 2), 0u);
  EXPECT_EQ(EditDistance(U"pricng", U"pricing", 2), 1u);
  EXPECT_EQ(EditDistance(U"prciing", U"pricing", 2), 1u);
  EXPECT_EQ(EditDistance(U"ricing", U"pricing", 2), 1u);
  EXPECT_EQ(EditDistance(U"objectons", U"objections", 2), 1u);
  EXPECT_EQ(EditDistance(U"objektoins", U"objections", 2), 2u);
  EXPECT_EQ(EditDistance(U"abcdefgh", U"abXXXfgh", 2), 3u);
  EXPECT_EQ(EditDistance(U"", U"ab", 2), 2u);
  EXPECT_EQ(EditDistance(U"", U"abc", 2), 3u);
  EXPECT_EQ(EditDistance(U"ca", U"abc", 3), 3u);
}

TEST(Spelling, LongWordsMayHaveMoreWrong) {
  EXPECT_EQ(ForgivenEdits(3), 0u);
  EXPECT_EQ(ForgivenEdits(4), 1u);
  EXPECT_EQ(ForgivenEdits(7), 1u);
  EXPECT_EQ(ForgivenEdits(8), 2u);
}

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
  EXPECT_EQ(words.Nearest("xemo"), "memo");
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
