#include "libs/text/analyzer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::text {
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

TEST(Analyzer, SaysWhereATermIs) {
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

}  // namespace
}  // namespace finalmile::text
