// Which words find which: forms, spellings, slips and questions.

#include <gmock/gmock.h>

#include "services/catalog/search/index_fixture.h"

namespace finalmile::catalog::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class WordsTest : public IndexTest {};

TEST_F(WordsTest, FindsWordsInAnyForm) {
  Put(Doc("a", "Objection handling", "What to say when the price is too high"));
  Put(Doc("b", "Demo", "A script for demos"));
  EXPECT_THAT(Find("objections"), ElementsAre("assets/a"));
  EXPECT_THAT(Find("PRICES objection"), ElementsAre("assets/a"));
  EXPECT_THAT(Find("scripted demo"), ElementsAre("assets/b"));
  EXPECT_THAT(Find("nowhere"), IsEmpty());
  EXPECT_THAT(Find(""), IsEmpty());
  EXPECT_THAT(Find(" ?! "), IsEmpty());
}

TEST_F(WordsTest, TheLastWordMayBeABeginning) {
  Put(Doc("a", "Objections", "pricing"));
  Put(Doc("b", "Other", "pricing and policies"));
  EXPECT_THAT(Find("pricing obj"), ElementsAre("assets/a"));
  EXPECT_THAT(Find("objecti"), ElementsAre("assets/a"));
  EXPECT_THAT(Find("policie"), ElementsAre("assets/b"));
  EXPECT_TRUE(Ask({.text = "obj pricing", .filters = {}}).partial);
}

TEST_F(WordsTest, ForgivesSlips) {
  Put(Doc("a", "Pricing", "Objections to the price"));
  Put(Doc("b", "Demo script", "Begin with a question"));
  Answer answer = Ask({.text = "pricng  objectons?", .filters = {}});
  EXPECT_EQ(answer.corrected, "pricing  objections?");
  EXPECT_EQ(answer.total, 1);
  answer = Ask({.text = "demo scrpit", .filters = {}});
  EXPECT_EQ(answer.corrected, "demo script");
  EXPECT_EQ(answer.total, 1);
  answer = Ask({.text = "unheardof", .filters = {}});
  EXPECT_EQ(answer.corrected, "");
  EXPECT_EQ(answer.total, 0);
  EXPECT_EQ(Ask({.text = "priced", .filters = {}}).corrected, "");
}

TEST_F(WordsTest, ARightWordIsNoSlip) {
  Put(Doc("a", "Your price", "They sigh at the contact"));
  // Neither is on the shelf.
  for (const char* text : {"what do I say when the price is too high", "high", "contract", "price contract"})
    EXPECT_EQ(Ask({.text = text, .filters = {}}).corrected, "") << text;
  EXPECT_THAT(Find("contract"), IsEmpty());
  EXPECT_THAT(Find("price is too high"), ElementsAre("assets/a"));
  EXPECT_EQ(Ask({.text = "prcie is too hihg contct", .filters = {}}).corrected, "price is too hihg contact");
}

TEST_F(WordsTest, AllWordsElseMost) {
  Put(Doc("price", "Objection: your price is too high", "Ask which price they compare with"));
  Put(Doc("build", "Objection: we build it ourselves", "Show what a team costs"));
  Put(Doc("renewal", "Renewal talk", "Ninety days before the end"));
  Answer answer = Ask({.text = "how do I handle a price objection?", .filters = {}});
  EXPECT_TRUE(answer.partial);
  ASSERT_EQ(answer.total, 2);
  EXPECT_EQ(answer.hits[0].asset, "assets/price");
  EXPECT_EQ(answer.hits[1].asset, "assets/build");
  answer = Ask({.text = "the price objection", .filters = {}});
  EXPECT_FALSE(answer.partial);
  EXPECT_EQ(answer.total, 1);
  EXPECT_THAT(Find("customer says too expensive price"), ElementsAre("assets/price"));
  // Half of what the best has, and no less.
  EXPECT_THAT(Find("renewal talk ninety days objection"), ElementsAre("assets/renewal"));
  EXPECT_THAT(Find("customers elsewhere"), IsEmpty());
  EXPECT_FALSE(Ask({.text = "customers elsewhere", .filters = {}}).partial);
  // Filters say what there is to have all words.
  Document deck = Doc("deck", "Price", "");
  deck.facets = {{"kind", "deck"}};
  Put(deck);
  answer = Ask({.text = "price objection", .filters = {{"kind", {"deck"}}}});
  EXPECT_TRUE(answer.partial);
  EXPECT_EQ(answer.total, 1);
}

// The table of contents has every word of every question, once.
TEST_F(WordsTest, ThePageThatAnswersComesBeforeTheTableOfContents) {
  std::string contents = "objection customer price handle renewal security review";
  for (int i = 0; i < 200; ++i) contents += " chapter" + std::to_string(i);
  Put(Doc("contents", "Handbook", contents));
  Put(Doc("price", "Price objection", "Handle the objection: ask which price they compare with"));
  Put(Doc("security", "Security review", "Send the white paper"));
  Put(Doc("other", "Renewal talk", "The customer decides"));
  Answer answer = Ask({.text = "handle customer price objection", .filters = {}});
  EXPECT_FALSE(answer.partial);
  ASSERT_EQ(answer.total, 2);
  EXPECT_EQ(answer.hits[0].asset, "assets/price");
  EXPECT_EQ(answer.hits[1].asset, "assets/contents");
  // In a query of two words none may miss.
  EXPECT_THAT(Find("security customer"), ElementsAre("assets/contents"));
  // Two of four words are too few beside a page that has all.
  EXPECT_THAT(Find("handle customer security review"), ElementsAre("assets/contents"));
}

// Every page of a handbook has the words of its headings somewhere; one is about them.
TEST_F(WordsTest, ATitleSaysWhatAPageIsAbout) {
  std::string often;
  for (int i = 0; i < 50; ++i) often += "add the app to the catalog ";
  Put(Doc("helm", "Using Helm", often));
  Put(Doc("catalog", "How to add an app to the catalog", "Push it, and open a request with the team"));
  EXPECT_EQ(Find("add app catalog"), (std::vector<std::string>{"assets/catalog", "assets/helm"}));
}

TEST_F(WordsTest, WhatLacksAWordJoinsOnlyFewMatches) {
  for (size_t i = 1; i < kFew; ++i) Put(Doc("all" + std::to_string(i), "Price objection", "Handle it"));
  Put(Doc("most", "Price objection", "Elsewhere"));
  EXPECT_EQ(Ask({.text = "handle price objection", .filters = {}}).total, kFew);
  Put(Doc("all" + std::to_string(kFew), "Price objection", "Handle it"));
  EXPECT_EQ(Ask({.text = "handle price objection", .filters = {}}).total, kFew);
  EXPECT_THAT(Find("handle price objection"), ::testing::Not(::testing::Contains("assets/most")));
  Put(Doc("all" + std::to_string(kFew + 1), "Price objection", "Handle it"));
  EXPECT_EQ(Ask({.text = "handle price objection", .filters = {}}).total, kFew + 1);
}

TEST_F(WordsTest, AQuestionOfStopWordsIsSearched) {
  Put(Doc("a", "Who we are", "We are Acme"));
  Put(Doc("b", "Other", "text"));
  EXPECT_THAT(Find("who are we"), ElementsAre("assets/a"));
}

TEST_F(WordsTest, SignsMakeWords) {
  Put(Doc("cpp", "For C++ shops", "Our C++ client"));
  Put(Doc("csharp", "For C# shops", "And .NET teams"));
  Put(Doc("c", "For C shops", "Plain C"));
  Put(Doc("net", "Net price", "The net of it"));
  Put(Doc("rnd", "Research", "For R&D heads"));
  Put(Doc("day", "Support", "24/7 and $10,000 credit"));
  Put(Doc("node", "Server", "Made with node.js"));
  EXPECT_THAT(Find("C++"), ElementsAre("assets/cpp"));
  EXPECT_THAT(Find("c#"), ElementsAre("assets/csharp"));
  EXPECT_THAT(Find("c"), ElementsAre("assets/c"));
  EXPECT_EQ(Find(".net").at(0), "assets/csharp");
  EXPECT_EQ(Find("net").at(0), "assets/net");
  EXPECT_THAT(Find("R&D"), ElementsAre("assets/rnd"));
  EXPECT_THAT(Find("24/7"), ElementsAre("assets/day"));
  for (const char* text : {"10000", "$10,000", "10.000", "10k"})
    EXPECT_THAT(Find(text), ElementsAre("assets/day")) << text;
  for (const char* text : {"node.js", "nodejs", "node js"})
    EXPECT_THAT(Find(text), ElementsAre("assets/node")) << text;
  // They are there after a restart, and go with their documents.
  Open();
  EXPECT_THAT(Find("C++"), ElementsAre("assets/cpp"));
  Drop("assets/cpp");
  EXPECT_THAT(Find("C++"), IsEmpty());
}

TEST_F(WordsTest, SpellingsMeet) {
  Put(Doc("split", "Mail", "Write an e-mail, do the on-boarding, send a battle card, SOC 2 and ISO 27001"));
  Put(Doc("joined", "Start", "Write an email, do the onboarding, send a battlecard, SOC2 and ISO27001"));
  Put(Doc("apart", "Apart", "The card of another battle, mail it as E, board it, on we go"));
  for (const char* text : {"email", "e-mail", "onboarding", "on-boarding", "battlecard", "SOC2", "SOC 2",
                           "soc-2", "ISO27001", "iso-27001", "ISO 27001"}) {
    EXPECT_THAT(Find(text), UnorderedElementsAre("assets/split", "assets/joined")) << text;
    EXPECT_EQ(Ask({.text = text, .filters = {}}).corrected, "") << text;
  }
  EXPECT_THAT(Find("battlecards"), UnorderedElementsAre("assets/split", "assets/joined"));
  // Two words that somebody types may stand apart.
  EXPECT_THAT(Find("battle card"), UnorderedElementsAre("assets/split", "assets/joined", "assets/apart"));
}

TEST_F(WordsTest, WordsTypedWithoutTheirMarks) {
  Put(Doc("de", "\u00DCber Gro\u0308\u00DFen", "Preisnachl\u00E4sse", "de"));
  Put(Doc("fr", "L\u2019offre pr\u00E9sent\u00E9e", "", "fr"));
  Put(Doc("pl", "Przyk\u0142ad", "", "pl"));
  Put(Doc("typed", "Groesse", "", "de"));
  for (const char* text : {"ueber", "uber", "\u00FCber", "preisnachlass", "Preisnachlaesse"})
    EXPECT_THAT(Find(text), ElementsAre("assets/de")) << text;
  for (const char* text : {"Gr\u00F6\u00DFe", "Groesse"})
    EXPECT_THAT(Find(text), UnorderedElementsAre("assets/de", "assets/typed")) << text;
  for (const char* text : {"offre", "l'offre", "presentee", "pr\u00E9sent\u00E9e"})
    EXPECT_THAT(Find(text), ElementsAre("assets/fr")) << text;
  EXPECT_THAT(Find("przyklad"), ElementsAre("assets/pl"));
  EXPECT_EQ(Ask({.text = "ueber groesse przyklad", .filters = {}}).corrected, "");
}

TEST_F(WordsTest, FormsOfWritingMeet) {
  Put(Doc("kana", "\uFF7B\uFF70\uFF8A\uFF9E\uFF70", "\u30D5\u3099\u30ED\u30AF\u3099", "ja"));
  Put(Doc("jamo", "\u1100\u1161\u1100\u1167\u11A8", "\uFF23\uFF32\uFF2D", "ko"));
  EXPECT_THAT(Find("\u30B5\u30FC\u30D0\u30FC"), ElementsAre("assets/kana"));
  EXPECT_THAT(Find("\uFF7B\uFF70\uFF8A\uFF9E\uFF70"), ElementsAre("assets/kana"));
  EXPECT_THAT(Find("\u30D6\u30ED\u30B0"), ElementsAre("assets/kana"));
  EXPECT_THAT(Find("\uAC00\uACA9"), ElementsAre("assets/jamo"));
  EXPECT_THAT(Find("crm"), ElementsAre("assets/jamo"));
  EXPECT_EQ(Ask({.text = "\u30D6\u30ED\u30B0", .filters = {}}).hits.at(0).snippet,
            "\x02\u30D5\u3099\u30ED\u30AF\u3099\x03");
}

TEST_F(WordsTest, OtherLanguages) {
  Put(Doc("de", "Einwände", "Was wir Käufern über Preise sagen", "de"));
  Put(Doc("zh", "价格异议", "我们如何回答关于价格的问题", "zh"));
  Put(Doc("fr", "Présentations", "Réponses aux questions", "fr-CA"));
  EXPECT_THAT(Find("Einwand"), ElementsAre("assets/de"));
  EXPECT_THAT(Find("EINWANDE"), ElementsAre("assets/de"));
  EXPECT_THAT(Find("käufer preis"), ElementsAre("assets/de"));
  EXPECT_THAT(Find("价格"), ElementsAre("assets/zh"));
  EXPECT_THAT(Find("异议"), ElementsAre("assets/zh"));
  EXPECT_THAT(Find("价格异议"), ElementsAre("assets/zh"));
  EXPECT_THAT(Find("议"), ElementsAre("assets/zh"));
  EXPECT_THAT(Find("格价"), IsEmpty());
  EXPECT_THAT(Find("presentation"), ElementsAre("assets/fr"));
}

}  // namespace
}  // namespace finalmile::catalog::search
