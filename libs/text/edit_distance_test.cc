#include "libs/text/edit_distance.h"

#include <gtest/gtest.h>

namespace finalmile::text {
namespace {

TEST(EditDistance, DistanceCountsEditsAndSwaps) {
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

TEST(EditDistance, LongWordsMayHaveMoreWrong) {
  EXPECT_EQ(ForgivenEdits(3), 0u);
  EXPECT_EQ(ForgivenEdits(4), 1u);
  EXPECT_EQ(ForgivenEdits(7), 1u);
  EXPECT_EQ(ForgivenEdits(8), 2u);
}

}  // namespace
}  // namespace finalmile::text
