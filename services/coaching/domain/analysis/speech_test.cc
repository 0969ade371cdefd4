#include "services/coaching/domain/analysis/speech.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;

// The words of each sentence, as they are compared, with a bar behind each; a question mark where it asks, a
// point where a sign ends it, and a comma before a word that follows a pause.
std::string Cut(std::string_view text, std::string_view language = "en") {
  Speech speech(language);
  speech.Add(text, 0);
  std::string cut;
  for (const Sentence& sentence : speech.sentences()) {
    for (uint32_t token = sentence.first; token < sentence.last; ++token) {
      if (token > sentence.first) cut += speech.tokens()[token].after_pause ? ", " : " ";
      cut += speech.words()[speech.tokens()[token].word].text;
    }
    cut += sentence.question ? "?|" : sentence.punctuated ? ".|" : "|";
  }
  return cut;
}

TEST(Speech, SentencesEndAtSignsAndLineEnds) {
  EXPECT_EQ(Cut("One thing. Another! Really?! Yes; no\u2026 and\nthat is it"),
            "1 thing.|another.|really?|yes.|no.|and|that is it|");
  EXPECT_EQ(Cut("What\uFF1F Yes\u3002 Hm\u061F"), "what?|yes.|hm?|");
  EXPECT_EQ(Cut("...\r\n \n?"), "");
}

TEST(Speech, PointsInsideEndNothing) {
  EXPECT_EQ(Cut("Use node.js, e.g. with Mr. Ruiz of the U.S. team: 2.5 percent.Fine"),
            "use node js, e g with mr ruiz of the u s team, 2 5 percent.|fine|");
  EXPECT_EQ(Cut("Built on .NET today"), "built on .net today|");
}

TEST(Speech, NumbersAreDigits) {
  EXPECT_EQ(Cut("thirty five, thirty-five, Thirty FIVE"), "35, 35, 35|");
  EXPECT_EQ(Cut("zero nineteen twenty twenty zero ninety nine ten one"), "0 19 20 20 0 99 10 1|");
  EXPECT_EQ(Cut("thirty, five. thirty\nfive"), "30, 5.|30|5|");
  EXPECT_EQ(Cut("1,200 and 10k"), "1200 and 10000|");
  EXPECT_EQ(Cut("30% or 30 % or thirty percent or 30 per cent per day"),
            "30 percent or 30 percent or 30 percent or 30 percent per day|");
  EXPECT_EQ(Cut("drei Prozent, 3 %", "de"), "drei percent, 3 percent|");
  EXPECT_EQ(Cut("trente deux", "fr"), "trente deux|");
}

TEST(Speech, WordsAreWithoutAccentsAndApostrophes) {
  EXPECT_EQ(Cut("Don\u2019t the customer's caf\u00E9s CLOSE"), "dont the customer cafes close|");
  EXPECT_EQ(Cut("It isn't; it can't"), "it isnt.|it cant|");
}

// Bytes are those of the text as it was given, whatever its letters become.
TEST(Speech, PlacesAreThoseOfTheText) {
  const std::string text =
      "\U0001F69A Stra\u00DFe, e\u0301te\u0301 \uFB01ve\u2122 thirty \u2013 30% \u4EF7\u683C\u5F02";
  Speech speech("en");
  speech.Add(text, 0);
  std::vector<std::string> places;
  for (const Token& token : speech.tokens())
    places.push_back(text.substr(token.range.begin, token.range.end - token.range.begin));
  EXPECT_THAT(places, ElementsAre("Stra\u00DFe", "e\u0301te\u0301", "\uFB01ve", "thirty", "30", "%",
                                  "\u4EF7\u683C", "\u683C\u5F02", "\u5F02"));
}

TEST(Speech, TellsFunctionWordsNegatorsAndNumbers) {
  Speech speech("en");
  const auto words = speech.Phrase("we never cut 30");
  EXPECT_THAT(words, ElementsAre(0, 1, 2, 3));
  EXPECT_TRUE(speech.words()[0].function);
  EXPECT_TRUE(speech.words()[1].negator);
  EXPECT_FALSE(speech.words()[2].function);
  EXPECT_TRUE(speech.words()[3].number);
  EXPECT_TRUE(speech.tokens().empty());
}

TEST(Speech, WordsOfOneSpellingAndTwoStemsAreTwo) {
  Speech speech("fr");
  const auto words = speech.Phrase("pr\u00E9sent\u00E9es presentees pr\u00E9sent\u00E9es");
  EXPECT_THAT(words, ElementsAre(0, 1, 0));
  EXPECT_EQ(speech.words()[0].text, speech.words()[1].text);
}

}  // namespace
}  // namespace finalmile::coaching
