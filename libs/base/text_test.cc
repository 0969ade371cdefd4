#include "libs/base/text.h"

#include <gtest/gtest.h>

namespace finalmile {
namespace {

TEST(Text, TrimsAsciiWhiteSpaceOnly) {
  EXPECT_EQ(Trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_EQ(Trim("\u00a0a"), "\u00a0a");
}

TEST(Text, CaseIsAscii) {
  EXPECT_EQ(Lower("ÄB Z"), "Äb z");
  EXPECT_TRUE(EqualsIgnoringCase("Retail", "rETAIL"));
  EXPECT_FALSE(EqualsIgnoringCase("Ä", "ä"));
  EXPECT_FALSE(EqualsIgnoringCase("a", "ab"));
}

TEST(Text, CharactersAreCodePoints) { EXPECT_EQ(Characters("a价é"), 3u); }

TEST(Text, NamesAndTokens) {
  EXPECT_TRUE(IsName("a1_", 3, "_"));
  EXPECT_FALSE(IsName("a1_x", 3, "_"));
  EXPECT_FALSE(IsName("1a", 3, "_"));
  EXPECT_FALSE(IsName("", 3, "_"));
  EXPECT_TRUE(IsToken("1a-", 3, "-"));
  EXPECT_FALSE(IsToken("1A", 3, "-"));
  EXPECT_FALSE(IsToken("", 3, "-"));
}

// Stored in keys: these values never change.
TEST(Text, HashIsTheSameEverywhere) {
  EXPECT_EQ(StableHash(""), StableHash("", 0));
  EXPECT_NE(StableHash("a"), StableHash("a", 1));
  EXPECT_NE(StableHash("a"), StableHash("b"));
}

}  // namespace
}  // namespace finalmile
