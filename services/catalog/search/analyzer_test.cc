#include "services/catalog/search/analyzer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/catalog/search/query.h"
#include "services/catalog/search/snippet.h"

namespace finalmile::catalog::search {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Indexed(std::string_view text, std::string_view language) {
  Analyzer analyzer;
  std::vector<std::string> terms;
  for (const Term& term : analyzer.Terms(text, language)) terms.push_back(term.indexed);
  return terms;
}

// An index that was built by another analyzer must be built anew: raise kAnalyzerVersion when these change.
TEST(Analyzer, TermsAreStable) {
  EXPECT_THAT(Indexed("Pricing objections, don't policies", "en"),
              ElementsAre("price", "object", "dont", "polici"));
  EXPECT_THAT(Indexed("Die Einwände der Käufer", "de"), ElementsAre("die", "einwand", "der", "kauf"));
  EXPECT_THAT(Indexed("présentées", "fr"), ElementsAre("present"));
  EXPECT_THAT(Indexed("Pricing", "xx"), ElementsAre("pricing"));
  EXPECT_THAT(Indexed("Pricing", "porter"), ElementsAre("pricing"));
  EXPECT_THAT(Indexed("Pricing", ""), ElementsAre("pricing"));
  EXPECT_THAT(Indexed("价格异议 demo", "zh"), ElementsAre("价格", "格异", "异议", "议", "demo"));
  EXPECT_THAT(Indexed("데모", "ko"), ElementsAre("데모", "모"));
}

TEST(Analyzer, TellsWhereATermStands) {
  Analyzer analyzer;
  const std::string text = "Käufer: 价格";
  const std::vector<Term> terms = analyzer.Terms(text, "de-AT");
  ASSERT_EQ(terms.size(), 3u);
  EXPECT_EQ(text.substr(terms[0].begin, terms[0].end - terms[0].begin), "Käufer");
  EXPECT_EQ(terms[0].word, "kaufer");
  EXPECT_EQ(text.substr(terms[1].begin, terms[1].end - terms[1].begin), "价格");
  EXPECT_EQ(terms[1].word, "");
}

TEST(Analyzer, VeryLongWordsAreCut) {
  EXPECT_THAT(Indexed(std::string(1'000, 'x'), ""), ElementsAre(std::string(64, 'x')));
  EXPECT_EQ(Indexed("x" + std::string("éééééééééééééééééééééééééééééééééééé"), "xx").at(0).size(), 32u);
}

TEST(Analyzer, NeedsAreTheirSortedStems) {
  Analyzer analyzer;
  EXPECT_THAT(NeedTerms("Objections on pricing: price objection!", "en", analyzer),
              ElementsAre("object", "on", "price"));
  EXPECT_THAT(
      NeedWords("Objections on Pricing: price objection!", "en", analyzer),
      ElementsAre(std::pair("object", "objections"), std::pair("on", "on"), std::pair("price", "pricing")));
}

std::string Snippet(std::string_view text, Wanted wanted) {
  Analyzer analyzer;
  std::string snippet = MakeSnippet(text, "en", wanted, analyzer);
  for (char& c : snippet) c = c == kMarkBegin ? '[' : c == kMarkEnd ? ']' : c;
  return snippet;
}

TEST(Snippet, MarksWhatWasFound) {
  EXPECT_EQ(Snippet("How to answer\npricing  objections.", {{{"price"}, {"object"}}, ""}),
            "How to answer [pricing] [objections].");
  EXPECT_EQ(Snippet("Nothing here", {{{"price"}}, ""}), "Nothing here");
  EXPECT_EQ(Snippet("The objective", {{{"obj"}}, "obj"}), "The [objective]");
  EXPECT_EQ(Snippet("谈价格异议吧", {{{"价格", "格异", "异议"}}, ""}), "谈[价格异议]吧");
  EXPECT_EQ(Snippet("", {{{"price"}}, ""}), "");
}

TEST(Snippet, ShowsWhereMostWordsStandTogether) {
  std::string text = "pricing at the beginning. ";
  for (int i = 0; i < 100; ++i) text += "filler words ";
  text += "here pricing meets objections. ";
  for (int i = 0; i < 100; ++i) text += "further words ";
  const std::string snippet = Snippet(text, {{{"price"}, {"object"}}, ""});
  EXPECT_NE(snippet.find("here [pricing] meets [objections]."), std::string::npos) << snippet;
  EXPECT_TRUE(snippet.starts_with("…")) << snippet;
  EXPECT_TRUE(snippet.ends_with("…")) << snippet;
}

TEST(Snippet, HasAtMostTwoHundredCharacters) {
  for (const char* part : {"é", "价", "wort ", "价 ", "\n", "x"}) {
    for (const size_t lead : {0u, 1u, 39u, 40u, 41u, 199u, 200u, 201u, 1'000u}) {
      std::string text;
      for (size_t i = 0; i < lead; ++i) text += part;
      text += " pricing ";
      for (size_t i = 0; i < 300; ++i) text += part;
      Analyzer analyzer;
      const std::string snippet = MakeSnippet(text, "en", {{{"price"}}, ""}, analyzer);
      size_t characters = 0;
      for (const char c : snippet) {
        characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 && c != kMarkBegin && c != kMarkEnd;
      }
      EXPECT_LE(characters, 200u) << part << lead;
      EXPECT_NE(snippet.find("\x02pricing\x03"), std::string::npos) << part << lead << snippet;
    }
  }
}

}  // namespace
}  // namespace finalmile::catalog::search
