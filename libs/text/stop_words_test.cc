#include "libs/text/stop_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <sstream>

#include "libs/text/dictionary.h"

namespace finalmile::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What is left of a question.
std::vector<std::string> Left(const std::string& question) {
  std::istringstream stream(question);
  const std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
  const std::vector<bool> stops = StopWords(words);
  std::vector<std::string> left;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!stops[i]) left.push_back(words[i]);
  }
  return left;
}

TEST(StopWords, SayNothingOfWhatIsAskedFor) {
  EXPECT_THAT(Left("what do i say when the price is too high"), ElementsAre("say", "price", "high"));
  EXPECT_THAT(Left("was sage ich wenn der preis zu hoch ist"), ElementsAre("sage", "preis", "hoch"));
  EXPECT_THAT(Left("que dire quand le prix est trop eleve"), ElementsAre("dire", "prix", "eleve"));
  EXPECT_THAT(Left(""), IsEmpty());
}

TEST(StopWords, AQuestionOfNothingElseKeepsThem) {
  EXPECT_THAT(Left("who are we"), ElementsAre("who", "are", "we"));
}

TEST(StopWords, OneWordProvesNoOtherLanguage) {
  EXPECT_THAT(Left("car dealers"), ElementsAre("car", "dealers"));
  EXPECT_THAT(Left("the war room"), ElementsAre("war", "room"));
}

TEST(Dictionary, KnowsWordsInAnyForm) {
  for (const char* word : {"high", "price", "prices", "objections", "acme", "zucchini", "abandon"})
    EXPECT_TRUE(IsEnglishWord(word)) << word;
  for (const char* word : {"pricng", "sighh", "", "a", "\n", "zzzz", "highprice"})
    EXPECT_FALSE(IsEnglishWord(word)) << word;
}

TEST(StopWords, BelongToALanguage) {
  EXPECT_TRUE(IsStopWord("would", "en"));
  EXPECT_TRUE(IsStopWord("dont", "EN-us"));
  EXPECT_FALSE(IsStopWord("donate", "en"));
  EXPECT_TRUE(IsStopWord("die", "de-AT"));
  EXPECT_FALSE(IsStopWord("die", "en"));
  EXPECT_TRUE(IsStopWord("\u0431\u0435\u0437", "ru"));
  EXPECT_FALSE(IsStopWord("the", "xx"));
  EXPECT_FALSE(IsStopWord("the", ""));
}

}  // namespace
}  // namespace finalmile::text
