#include "libs/text/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace finalmile::text {
namespace {

using ::testing::ElementsAre;

// The words of a text, with a ~ in front of one that is linked to the one before it and a . in front of a
// dotted one.
std::vector<std::string> Read(std::string_view text) {
  std::vector<std::string> words;
  TokenReader reader(text);
  Token token;
  while (reader.Next(token)) {
    std::string word =
        token.unspaced ? std::string(text.substr(token.begin, token.end - token.begin)) : token.word;
    words.push_back((token.linked ? "~" : "") + std::string(token.dotted ? "." : "") + word);
  }
  return words;
}

TEST(Tokens, SignsMakeShortWords) {
  EXPECT_THAT(Read("C++, C# and (F#)."), ElementsAre("c++", "c#", "and", "f#"));
  EXPECT_THAT(Read("C\u266F C++17 c"), ElementsAre("c#", "c++", "17", "c"));
  EXPECT_THAT(Read("Disney+ a+b Q4+"), ElementsAre("disney", "a", "~b", "q4"));
  EXPECT_THAT(Read("C+++"), ElementsAre("c++"));
}

TEST(Tokens, ADotInFrontMakesAName) {
  EXPECT_THAT(Read(".NET (.env) end.Next ...and .5"),
              ElementsAre(".net", ".env", "end", "~next", "and", "5"));
}

TEST(Tokens, OneSignLinks) {
  EXPECT_THAT(Read("e-mail R&D 24/7 node.js a - b c, d"),
              ElementsAre("e", "~mail", "r", "~d", "24", "~7", "node", "~js", "a", "b", "c", "d"));
  EXPECT_THAT(Read("401(k) \u4EF7\u683C-x"), ElementsAre("401", "~k", "\u4EF7\u683C", "x"));
}

TEST(Tokens, WhatIsGrownOntoAWordIsOff) {
  EXPECT_THAT(Read("l\u2019offre d'achat qu'il L'Or\u00E9al dell'ordine"),
              ElementsAre("offre", "achat", "il", "or\u00E9al", "ordine"));
  EXPECT_THAT(Read("Acme's CTO\u2019S don't o'clock c'mon"),
              ElementsAre("acme", "cto", "don't", "o'clock", "c'mon"));
}

TEST(Tokens, ThousandsAreOneNumber) {
  EXPECT_THAT(Read("$10,000 1.250.000 10k 99.9%"), ElementsAre("10000", "1250000", "10000", "99", "~9"));
  EXPECT_THAT(Read("0.125 1.2.345 1,250.500 1234,567 10,00"),
              ElementsAre("0", "~125", "1", "~2", "~345", "1250", "~500", "1234", "567", "10", "00"));
}

TEST(Tokens, SayWhereTheyAre) {
  const std::string_view text = "l'offre 10,000 C++ Acme's";
  TokenReader reader(text);
  Token token;
  std::vector<std::string_view> parts;
  while (reader.Next(token)) parts.push_back(text.substr(token.begin, token.end - token.begin));
  EXPECT_THAT(parts, ElementsAre("offre", "10,000", "C++", "Acme's"));
}

}  // namespace
}  // namespace finalmile::text
