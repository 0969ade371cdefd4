#include "libs/text/normal.h"

#include <gtest/gtest.h>

namespace finalmile::text {
namespace {

TEST(Normal, TrimsWhiteSpaceOfAnyScriptAndInvisibleCharacters) {
  for (const std::string_view around :
       {" ", "\t\r\n", "\u00A0", "\u2003", "\u3000", "\u200B", "\u2060", "\uFEFF", "\u00AD"}) {
    const std::string text = std::string(around) + "a b" + std::string(around);
    EXPECT_EQ(TrimSpace(text), "a b") << text;
    EXPECT_EQ(TrimSpace(around), "") << around;
  }
  EXPECT_EQ(TrimSpace("\xFF x \xFF"), "\xFF x \xFF");
  EXPECT_EQ(TrimSpace(""), "");
}

TEST(Normal, TidyKeepsWhatScriptsNeed) {
  EXPECT_EQ(Tidy("\u00A0Rosa \u2003 Luz\n\uFEFF"), "Rosa Luz");
  EXPECT_EQ(Tidy("Jose\u0301"), "Jos\u00E9");
  EXPECT_EQ(Tidy("ａ"), "ａ");
  EXPECT_EQ(Tidy("zero\u200Bwidth, soft\u00ADhyphen"), "zerowidth, softhyphen");
  // The non-joiner of Persian, the joiner of emoji.
  EXPECT_EQ(Tidy("می\u200Cخواهم 👩\u200D💻"), "می\u200Cخواهم 👩\u200D💻");
  EXPECT_EQ(Tidy("a\xFF  b"), "a\xFF b");
}

TEST(Normal, ComparableFoldsCaseWidthAccentsAndSpace) {
  EXPECT_EQ(Comparable("  Last \t Seen "), "last seen");
  EXPECT_EQ(Comparable("Ｇeschäfts\u3000FÜHRER\u00A0"), "geschafts fuhrer");
  EXPECT_EQ(Comparable("STRASSE"), Comparable("Straße"));
  EXPECT_EQ(Comparable("CTO’s"), Comparable("CTO's"));
  EXPECT_EQ(Comparable("Ye\u200Bs"), "yes");
  // Decomposed Japanese and Korean, half-width Katakana.
  EXPECT_EQ(Comparable("カ\u3099"), Comparable("ガ"));
  EXPECT_EQ(Comparable("ｶﾞ"), Comparable("ガ"));
  EXPECT_EQ(Comparable("\u1112\u1161\u11AB"), Comparable("한"));
}

TEST(Normal, LowerPlainIsForAddresses) {
  EXPECT_EQ(LowerPlain(" Max@GMAIL.com\u00A0"), "max@gmail.com");
  EXPECT_EQ(LowerPlain("ｍａｘ＠ｇｍａｉｌ．ｃｏｍ"), "max@gmail.com");
  EXPECT_EQ(LowerPlain("ma\u200Bx@gmail.com\u2060"), "max@gmail.com");
  EXPECT_EQ(LowerPlain("STRAßE@MÜLLER.example"), "straße@müller.example");
}

TEST(Normal, MarksAloneSayNothing) {
  for (const std::string_view text : {"", " ", "-", "--", "–", "— ", "...", "…", "?", "./.", "\u00A0", "_"}) {
    EXPECT_TRUE(SaysNothing(text)) << text;
  }
  for (const std::string_view text : {"0", "a", "*", "x", "✓", "n/a", "#N/A", "+", "\xFF"}) {
    EXPECT_FALSE(SaysNothing(text)) << text;
  }
}

}  // namespace
}  // namespace finalmile::text
