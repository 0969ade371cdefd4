#include "services/catalog/search/snippet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/catalog/search/query.h"

namespace finalmile::catalog::search {
namespace {

using ::testing::ElementsAre;

TEST(Query, NeedsAreTheirSortedStems) {
  text::Analyzer analyzer;
  EXPECT_THAT(NeedTerms("Objections on pricing: price objection!", "en", analyzer),
              ElementsAre("object", "price"));
  EXPECT_THAT(NeedTerms("What do I say about the price?", "en", analyzer), ElementsAre("price", "say"));
  EXPECT_THAT(NeedTerms("Who are we?", "en", analyzer), ElementsAre("are", "we", "who"));
}

Wanted Words(std::vector<std::vector<std::string>> groups, std::string prefix = "") {
  Wanted wanted = {{}, std::move(prefix)};
  for (std::vector<std::string>& terms : groups) wanted.groups.push_back({std::move(terms), {}});
  return wanted;
}

std::string Snippet(std::string_view text, Wanted wanted) {
  text::Analyzer analyzer;
  std::string snippet = MakeSnippet(text, "en", wanted, analyzer);
  for (char& c : snippet) c = c == kMarkBegin ? '[' : c == kMarkEnd ? ']' : c;
  return snippet;
}

TEST(Snippet, MarksWhatWasFound) {
  EXPECT_EQ(Snippet("How to answer\npricing  objections.", Words({{"price"}, {"object"}})),
            "How to answer [pricing] [objections].");
  EXPECT_EQ(Snippet("Nothing here", Words({{"price"}})), "Nothing here");
  EXPECT_EQ(Snippet("The objective", Words({{"obj"}}, "obj")), "The [objective]");
  EXPECT_EQ(Snippet("谈价格异议吧，价格", {{{{}, {{"价格", "格异", "异议"}}}}, ""}), "谈[价格异议]吧，价格");
  EXPECT_EQ(Snippet("A card, a battle card", {{{{"battlecard"}, {{"battl", "card"}}}}, ""}),
            "A card, a [battle card]");
  EXPECT_EQ(Snippet("Gro\u0308\u00DFe", Words({{"gro\u00DFe", "grosse"}})), "[Gro\u0308\u00DFe]");
  EXPECT_EQ(Snippet("", Words({{"price"}})), "");
}

TEST(Snippet, ShowsWhereMostWordsAreTogether) {
  std::string page = "pricing at the beginning. ";
  for (int i = 0; i < 100; ++i) page += "filler words ";
  page += "here pricing meets objections. ";
  for (int i = 0; i < 100; ++i) page += "further words ";
  const std::string snippet = Snippet(page, Words({{"price"}, {"object"}}));
  EXPECT_NE(snippet.find("here [pricing] meets [objections]."), std::string::npos) << snippet;
  EXPECT_TRUE(snippet.starts_with("…")) << snippet;
  EXPECT_TRUE(snippet.ends_with("…")) << snippet;
}

TEST(Snippet, HasAtMostTwoHundredCharacters) {
  for (const char* part : {"é", "价", "wort ", "价 ", "\n", "x"}) {
    for (const size_t lead : {0u, 1u, 39u, 40u, 41u, 199u, 200u, 201u, 1'000u}) {
      std::string page;
      for (size_t i = 0; i < lead; ++i) page += part;
      page += " pricing ";
      for (size_t i = 0; i < 300; ++i) page += part;
      text::Analyzer analyzer;
      const std::string snippet = MakeSnippet(page, "en", Words({{"price"}}), analyzer);
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
