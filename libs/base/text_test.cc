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

TEST(Text, AnIdIsMadeFromATitle) {
  EXPECT_EQ(IdFromTitle("Pricing objections!", 80), "pricing-objections");
  EXPECT_EQ(IdFromTitle("  Größe 7 ", 80), "gr-e-7");
  EXPECT_EQ(IdFromTitle("价格", 80), "");
  EXPECT_EQ(IdFromTitle("abc def", 3), "abc");
  EXPECT_EQ(IdFromTitle("abc def", 4), "abc") << "no hyphen is left at the end";
  EXPECT_EQ(IdFromTitle("abc def", 5), "abc-d");
}

TEST(Text, LanguageTagsHaveTheirForm) {
  for (const char* tag : {"en", "pt-BR", "zh-Hant", "es-419"}) EXPECT_TRUE(IsLanguageTag(tag)) << tag;
  for (const char* other : {"", "e", "english-", "1n", "en_US", "abcdefghi"})
    EXPECT_FALSE(IsLanguageTag(other)) << other;
}

TEST(Text, UuidsAreLowerCaseWithHyphens) {
  const std::string id = "0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b11";
  EXPECT_TRUE(IsUuid(id));
  for (const std::string& other : {std::string(), id + "0", id.substr(1), "0193A7C0" + id.substr(8),
                                   "0193a7c-05b1e" + id.substr(13), "g" + id.substr(1), "-" + id.substr(1)}) {
    EXPECT_FALSE(IsUuid(other)) << other;
  }
}

TEST(Text, Utf8IsWellFormed) {
  for (const std::string_view good :
       {"", "a", "12345678", "1234567890é", "価", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  EXPECT_TRUE(IsUtf8(std::string_view("\0", 1)));
  for (const std::string_view bad :
       {"\x80", "12345678\xFF", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF8\x88\x80\x80\x80", "1234567\xE4\xBB"}) {
    EXPECT_FALSE(IsUtf8(bad)) << Printable(bad, 100);
  }
}

TEST(Text, WhatIsPrintedDisturbsNoTerminal) {
  EXPECT_EQ(Printable("leads/1 é", 100), "leads/1 é");
  EXPECT_EQ(Printable(std::string_view("a\0\x1B[31m\n\\", 9), 100), "a\\x00\\x1B[31m\\x0A\\\\");
  EXPECT_EQ(Printable("\xFF\xC3", 100), "\\xFF\\xC3");
  EXPECT_EQ(Printable("\u202Eabc\u0085", 100), "\\u{202E}abc\\u{85}");
  EXPECT_EQ(Printable("éé", 4), "éé");
  EXPECT_EQ(Printable("éé", 3), "é…");
  EXPECT_EQ(Printable("", 0), "");
}

// Stored in keys: these values never change.
TEST(Text, HashIsTheSameEverywhere) {
  EXPECT_EQ(StableHash(""), StableHash("", 0));
  EXPECT_NE(StableHash("a"), StableHash("a", 1));
  EXPECT_NE(StableHash("a"), StableHash("b"));
}

}  // namespace
}  // namespace finalmile
