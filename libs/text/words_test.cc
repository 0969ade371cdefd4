#include "libs/text/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace finalmile::text {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  WordReader reader(text);
  WordSpan word;
  while (reader.Next(word)) words.emplace_back(text.substr(word.begin, word.end - word.begin));
  return words;
}

TEST(Words, AreRunsOfLettersAndDigits) {
  EXPECT_THAT(Words("Price-list, 2nd (draft)"), ElementsAre("Price", "list", "2nd", "draft"));
  EXPECT_THAT(Words("the customer's — don’t 'quote'"), ElementsAre("the", "customer's", "don’t", "quote"));
  EXPECT_THAT(Words(""), ElementsAre());
  EXPECT_THAT(Words("a\xFFz"), ElementsAre("a", "z"));
  EXPECT_THAT(Words("co\u00ADoperate"), ElementsAre("co\u00ADoperate"));
}

TEST(Words, TellScriptsWithoutSpaces) {
  const std::string text = "Acme价格异议deal";
  WordReader reader(text);
  WordSpan word;
  ASSERT_TRUE(reader.Next(word));
  EXPECT_FALSE(word.unspaced);
  ASSERT_TRUE(reader.Next(word));
  EXPECT_TRUE(word.unspaced);
  EXPECT_EQ(text.substr(word.begin, word.end - word.begin), "价格异议");
  ASSERT_TRUE(reader.Next(word));
  EXPECT_FALSE(word.unspaced);
  EXPECT_FALSE(reader.Next(word));
}

TEST(Words, Fold) {
  EXPECT_EQ(FoldCase("EINWÄNDE"), "einwände");
  EXPECT_EQ(FoldCase("Straße"), "strasse");
  EXPECT_EQ(FoldCase("Don’t"), "don't");
  EXPECT_EQ(FoldCase("\uFF21cme"), "acme");
  EXPECT_EQ(Fold("Einwände"), "einwande");
  EXPECT_EQ(Fold("E\u0301te\u0301"), "ete");
  EXPECT_EQ(Fold("Don’t"), "dont");
  EXPECT_EQ(Fold("Łódź"), "lodz");
  EXPECT_EQ(Fold("Øre"), "ore");
  EXPECT_EQ(Fold("ΌΛΑ"), "ολα");
  EXPECT_EQ(Fold("\u05E9\u05C1\u05B8\u05DC\u05D5\u05B9\u05DD"), "\u05E9\u05DC\u05D5\u05DD");
  EXPECT_EQ(Fold("\u0645\u064F\u062D"), "\u0645\u062D");
  EXPECT_EQ(Fold("价格"), "价格");
  EXPECT_EQ(Fold("데모"), "데모");
  EXPECT_EQ(Fold("co\u00ADoperate"), "cooperate");
}

TEST(Words, FoldDigraphs) {
  EXPECT_EQ(FoldDigraphs("Gr\u00F6\u00DFe"), "groesse");
  EXPECT_EQ(FoldDigraphs("\u00DCBER"), "ueber");
  EXPECT_EQ(FoldDigraphs("\u00C5rhus"), "aarhus");
  EXPECT_EQ(FoldDigraphs("caf\u00E9"), "");
  EXPECT_EQ(FoldDigraphs("plain"), "");
}

TEST(Words, AreCountedAsPeopleCount) {
  EXPECT_EQ(CountWords("Call me back - 555-1234, first-rate!"), 5u);
  EXPECT_EQ(CountWords(" - "), 0u);
  EXPECT_EQ(CountWords("价格 异议"), 4u);
}

TEST(Words, ValidUtf8StopsAtTheFirstWrongByte) {
  EXPECT_EQ(ValidUtf8("价a"), 4u);
  EXPECT_EQ(ValidUtf8("ab\xC3"), 2u);
  EXPECT_EQ(ValidUtf8("ab\xED\xA0\x80"), 2u);
  EXPECT_EQ(ValidUtf8("\xC0\x80"), 0u);
}

}  // namespace
}  // namespace finalmile::text
