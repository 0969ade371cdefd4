#include "libs/text/analyzer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::text {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Indexed(std::string_view text, std::string_view language) {
  Analyzer analyzer;
  std::vector<std::string> terms;
  for (const Term& term : analyzer.Terms(text, language)) terms.push_back(term.forms.at(0).indexed);
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
  EXPECT_EQ(terms[0].forms[0].word, "kaufer");
  EXPECT_EQ(text.substr(terms[1].begin, terms[1].end - terms[1].begin), "价格");
  EXPECT_EQ(terms[1].forms[0].word, "");
}

std::vector<Form> FormsOf(std::string_view word, std::string_view language) {
  Analyzer analyzer;
  return analyzer.Terms(word, language).at(0).forms;
}

TEST(Analyzer, WordsAreFoundWithoutTheirMarks) {
  EXPECT_THAT(FormsOf("Gr\u00F6\u00DFe", "de"),
              ElementsAre(Form{"gross", "grosse"}, Form{"groess", "groesse"}));
  EXPECT_THAT(FormsOf("pr\u00E9sent\u00E9es", "fr"),
              ElementsAre(Form{"present", "presentees"}, Form{"presente", "presentees"}));
  EXPECT_THAT(FormsOf("\u00C5rhus", "da"), ElementsAre(Form{"arhus", "arhus"}, Form{"aarhus", "aarhus"}));
  EXPECT_THAT(FormsOf("\u0142\u00F3d\u017A", "pl"), ElementsAre(Form{"lodz", "lodz"}));
  EXPECT_THAT(FormsOf("don\u2019t", "en"), ElementsAre(Form{"dont", "dont"}));
}

TEST(Analyzer, ADottedNameIsFoundWithoutTheDot) {
  EXPECT_THAT(FormsOf(".NET", "en"), ElementsAre(Form{".net", ".net"}, Form{"net", "net"}));
}

TEST(Analyzer, FormsOfWritingMeet) {
  EXPECT_THAT(Indexed("\uFF7B\uFF70\uFF8A\uFF9E\uFF70", "ja"), Indexed("\u30B5\u30FC\u30D0\u30FC", "ja"));
  EXPECT_THAT(Indexed("\u1100\u1161\u1100\u1167\u11A8", "ko"), Indexed("\uAC00\uACA9", "ko"));
  EXPECT_THAT(Indexed("\u30AB\u3099\u30A4\u30C8\u3099", "ja"), Indexed("\u30AC\u30A4\u30C9", "ja"));
  EXPECT_THAT(Indexed("C++ l\u2019offre 10k", "fr"), ElementsAre("c++", "offre", "10000"));
}

TEST(Analyzer, SaysWhetherALanguageHasStems) {
  Analyzer analyzer;
  EXPECT_TRUE(analyzer.HasStems("de-CH"));
  EXPECT_FALSE(analyzer.HasStems("xx"));
  EXPECT_FALSE(analyzer.HasStems("porter"));
  EXPECT_FALSE(analyzer.HasStems(""));
}

TEST(Analyzer, VeryLongWordsAreCut) {
  EXPECT_THAT(Indexed(std::string(1'000, 'x'), ""), ElementsAre(std::string(64, 'x')));
  EXPECT_EQ(Indexed("x" + std::string("éééééééééééééééééééééééééééééééééééé"), "xx").at(0).size(), 32u);
}

}  // namespace
}  // namespace finalmile::text
