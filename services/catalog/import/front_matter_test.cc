#include "services/catalog/import/front_matter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/import/matter.h"
#include "services/catalog/import/page_fixture.h"

namespace finalmile::catalog::import {
namespace {

using domain::AssetKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// "line: reason" of each.
std::vector<std::string> WarningsOf(const Page& page) {
  std::vector<std::string> warnings;
  for (const Problem& warning : page.warnings)
    warnings.push_back(std::to_string(warning.line) + ": " + warning.reason);
  return warnings;
}

TEST(FrontMatter, KeysOfSiteGeneratorsAreIgnored) {
  const Page page = Read(
      "---\nnavTitle: Nav\nlayout: page\nmeta:\n  title: M\nweight: 3\norder: 2\nsidebar_position: 1\nkind: "
      "page\nms.date: 1/1/2024\n---\n# H\n");
  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_THAT(page.warnings, IsEmpty());
  EXPECT_THAT(page.ignored, ElementsAre("kind", "navTitle", "layout", "meta", "weight", "order",
                                        "sidebar_position", "ms.date"));
  EXPECT_EQ(page.asset.title, "H");
  EXPECT_EQ(page.asset.kind, AssetKind::kMessageTraining);
}

TEST(FrontMatter, AMisspeltKeyIsAWarningThatNamesTheNearest) {
  const Page page = Read(
      "---\ntitel: T\ndescripton: D\npublishd: false\nsubject: S\naudiance: x\nzzzzzzzzzz: T\n---\nBody");
  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_THAT(WarningsOf(page),
              ElementsAre("2: unknown key titel; did you mean title? It is not taken",
                          "3: unknown key descripton; did you mean description? It is not taken",
                          "4: unknown key publishd; did you mean published? It is not taken",
                          "6: unknown key audiance; did you mean audience? It is not taken"));
  EXPECT_THAT(page.ignored, ElementsAre("subject", "zzzzzzzzzz"));
  EXPECT_THAT(
      WarningsOf(Read("---\nkind: deck\nsubject: S\n---\nBody")),
      ElementsAre("3: subject belongs to the kind email_template, and this page is a deck: it is not taken"));
  EXPECT_THAT(WarningsOf(Read("---\nkind: battle_card\nclaims:\n- claim: a\n  reply: b\n---\nBody")),
              ElementsAre("5: claims has no reply: it is not taken"));
}

TEST(FrontMatter, WhatYamlTakesWrongIsSaid) {
  EXPECT_EQ(ProblemOf("---\ntitle: T\nsubject: Win: the play\n---\nBody"),
            "3: in the front matter: illegal map value; put a text with a colon in quotes");
  EXPECT_THAT(ProblemOf("---\nkind: phone_script\nquestions: [How is {{x}}?]\n---\nBody"),
              HasSubstr("put a text with braces in quotes"));
}

TEST(FrontMatter, KeysAreTheSameInAnySpelling) {
  const Page page = Read("---\nTitle: T\nMerge-Fields: [a]\nstages: Closing\n---\nBody {{a}}");
  EXPECT_THAT(page.ignored, IsEmpty());
  EXPECT_EQ(page.asset.title, "T");
  EXPECT_EQ(page.asset.merge_fields.at(0).name, "a");
}

TEST(FrontMatter, DescriptionAndTagsOfSiteGeneratorsAreKept) {
  const Page page = Read(
      "---\ndescription: What to say\ntags: [Delay, roll-out]\nkeywords: marble, granite\n"
      "categories:\n- {label: Quartz, permalink: /q}\ntaxonomies:\n  tags: [deep]\nlang: de_AT\n---\n# H\n");
  EXPECT_THAT(page.ignored, IsEmpty());
  EXPECT_EQ(page.asset.summary, "What to say");
  EXPECT_THAT(page.asset.tags.keywords,
              ElementsAre("Delay", "roll-out", "marble", "granite", "Quartz", "deep"));
  EXPECT_EQ(page.asset.tags.language, "de-AT");
  EXPECT_EQ(Read("---\nsummary: S\ndescription: D\nexcerpt: E\n---\nBody").asset.summary, "S");
  EXPECT_EQ(Read("---\nexcerpt: E\n---\nBody").asset.summary, "E");
}

TEST(FrontMatter, AValueThatCannotBeKeptCostsItselfAlone) {
  const Page page =
      Read("---\nowner: ada@example.com\nstages: [later, closing]\nlanguage: x\nsummary: {a: b}\ntags: [" +
           std::string(65, 't') + ", ok]\n---\nBody");
  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.asset.owner, "mia");
  EXPECT_THAT(page.asset.tags.stages, ElementsAre("closing"));
  EXPECT_THAT(page.asset.tags.keywords, ElementsAre("ok"));
  EXPECT_EQ(page.asset.tags.language, "en");
  EXPECT_THAT(
      WarningsOf(page),
      ElementsAre("2: owner: must not be an e-mail address; mia is taken",
                  "3: tags.stages[0]: must be prospecting, discovery, evaluation or closing; it is left out",
                  "4: tags.language: must be a language tag, such as en, de or pt-BR; en is taken",
                  "5: summary must be a text; put one with braces in quotes",
                  "6: tags.keywords[0]: at most 64 characters, not 65; it is left out"));
}

TEST(FrontMatter, TomlAndJsonFrontMatter) {
  const Page toml = Read(
      "+++\ntitle = \"Granite\"\ndate = 2026-01-05\ndraft = true\ntags = [\"a\", \"b\"]\nowner = \"rob\"\n"
      "[params]\nx = 1\n+++\n## When\n");
  EXPECT_THAT(toml.problems, IsEmpty());
  EXPECT_EQ(toml.asset.title, "Granite");
  EXPECT_EQ(toml.asset.owner, "rob");
  EXPECT_THAT(toml.asset.tags.keywords, ElementsAre("a", "b"));
  EXPECT_EQ(toml.publication.withheld, "draft: true");
  EXPECT_THAT(toml.ignored, ElementsAre("params"));
  EXPECT_EQ(toml.asset.body, "## When\n");
  EXPECT_THAT(ProblemOf("+++\na = 1\nb = = 2\n+++\nBody"), HasSubstr("3: in the front matter: "));

  for (const char* json : {"{\n  \"title\": \"Basalt\", \"draft\": true\n}\n\nBody {x}\n",
                           ";;;\n{\"title\": \"Basalt\", \"draft\": true}\n;;;\n\nBody {x}\n",
                           "---json\n{\"title\": \"Basalt\", \"draft\": true}\n---\n\nBody {x}\n"}) {
    const Page page = Read(json);
    EXPECT_THAT(page.problems, IsEmpty()) << json;
    EXPECT_EQ(page.asset.title, "Basalt");
    EXPECT_EQ(page.publication.withheld, "draft: true");
    EXPECT_EQ(page.asset.body, "\nBody {x}\n");
  }
  EXPECT_EQ(Read("{\"title\": \"x\"} Text").asset.body, " Text");
  EXPECT_TRUE(Read("{\"title\": \"x\"}").left_out);
  EXPECT_EQ(ProblemOf("{\n\"title\": x\n}\nBody"), "2: in the front matter: this is no JSON");
  EXPECT_EQ(ProblemOf("{\n\"title\": \"x\"\n"),
            "1: the front matter that begins here is not closed by a bracket }");
  EXPECT_EQ(ProblemOf("---js\n{}\n---\nBody"),
            "1: in the front matter: ---js is not read; write YAML, TOML or JSON");
  for (const char* text : {"{{< figure >}}\ntext", "{% include x %}\ntext", "{: .lead }\ntext"})
    EXPECT_EQ(Read(text).asset.body, text);
}

TEST(FrontMatter, FencesOfMoreDashesAndLinesThatAreNone) {
  EXPECT_EQ(Read("-----\ntitle: T\n-----\nBody").asset.title, "T");
  EXPECT_EQ(Read("----\ntitle: T\n---\nBody").asset.body, "Body");
  const Page rule = Read("---\n\nJust text\n\n---\n\nMore.\n");
  EXPECT_THAT(rule.problems, IsEmpty());
  EXPECT_EQ(rule.asset.body, "---\n\nJust text\n\n---\n\nMore.\n");
}

TEST(FrontMatter, NestedValuesHaveALimit) {
  for (const int depth : {kMaxMatterDepth - 1, kMaxMatterDepth, kMaxMatterDepth + 1}) {
    const std::string json = "{\"x\": " + std::string(depth, '[') + std::string(depth, ']') + "}\nBody";
    EXPECT_EQ(Read(json).problems.empty(), depth <= kMaxMatterDepth) << depth;
  }
  EXPECT_FALSE(
      Read("{\"x\": " + std::string(30'000, '[') + std::string(30'000, ']') + "}\nB").problems.empty());
}

TEST(FrontMatter, WhatAPageSaysOfItsPublication) {
  const auto withheld = [](const std::string& line) {
    const Page page = Read("---\n" + line + "\n---\nBody");
    EXPECT_THAT(page.problems, IsEmpty()) << line;
    EXPECT_THAT(page.ignored, IsEmpty()) << line;
    return page.publication.withheld;
  };
  for (const char* line :
       {"draft: true", "draft: 'yes'", "draft: wip", "published: false", "published: maybe", "publish: 'no'",
        "unlisted: true", "private: true", "hidden: true", "status: draft", "visibility: private",
        "permalink: false", "public: false", "publishDate: next week"}) {
    std::string said = line;
    std::erase(said, '\'');
    EXPECT_EQ(withheld(line), said);
  }
  for (const char* line :
       {"draft: false", "draft:", "draft: 'no'", "published: true", "unlisted: false", "status: new",
        "permalink: /a/", "date: once", "date: 1925000000", "publish: 1", "build: {list: never}"}) {
    EXPECT_EQ(withheld(line), "") << line;
  }
  EXPECT_EQ(withheld("build: {render: never}"), "build.render: never");

  const auto publication = [](const std::string& line) {
    return Read("---\n" + line + "\n---\nBody").publication;
  };
  const absl::Time day = absl::FromCivil(absl::CivilDay(2031, 1, 5), absl::UTCTimeZone());
  for (const char* line :
       {"publishDate: 2031-01-05", "date: 2031-01-05", "pubDate: Jan 5, 2031",
        "published: 2031-01-05T00:00:00Z", "publish_date: 2031/01/05", "publish_date: 20310105",
        "date: 2031-01-05 01:00:00 +0100", "date: 2030-01-01\npublishDate: 2031-01-05"}) {
    EXPECT_EQ(publication(line).from, day) << line;
  }
  for (const char* line : {"expiryDate: 2031-01-05", "unpublish_date: 2031-01-05", "expires: 5 Jan 2031"})
    EXPECT_EQ(publication(line).until, day) << line;
  // Where day and month may be either, the page is on the shelf when it is under both.
  EXPECT_EQ(publication("publishDate: 05/01/2031").from,
            absl::FromCivil(absl::CivilDay(2031, 5, 1), absl::UTCTimeZone()));
  EXPECT_EQ(publication("expiryDate: 05/01/2031").until, day);
}

// Followed, its aliases would be 17.5 million problems.
TEST(FrontMatter, AliasesAreRefused) {
  std::string front = "kind: attack_pack\nx: &a [";
  for (int i = 0; i < 4'400; ++i) front += "[],";
  front += "]\nsteps:\n";
  while (front.size() + 20 < kMaxFrontMatterBytes) front += "- {assets: *a}\n";
  EXPECT_EQ(ProblemOf("---\n" + front + "---\nBody"),
            "5: in the front matter: aliases (*name) are not taken; write out what it stands for");
  EXPECT_THAT(Read("---\ntitle: &a T\n---\nBody").problems, IsEmpty()) << "an anchor alone does no harm";
}

TEST(FrontMatter, AFewProblemsAreListedAndTheOthersCounted) {
  const auto problems = [](const std::string& line, size_t count) {
    std::string front;
    for (size_t i = 0; i < count; ++i) front += line;
    return Read("---\nkind: phone_script\nquestions:\n" + front + "---\nBody").problems;
  };
  for (const size_t count : {kMaxProblems - 1, kMaxProblems}) {
    EXPECT_EQ(problems("- {}\n", count).size(), count);
  }
  const std::vector<Problem> more = problems("- {}\n", kMaxProblems + 1);
  ASSERT_EQ(more.size(), kMaxProblems + 1);
  EXPECT_EQ(more[0], (Problem{4, "questions must be a text; put one with braces in quotes"}));
  EXPECT_EQ(more.back(), (Problem{0, "and 1 more"}));
  std::string front;
  for (size_t i = 0; i < kMaxFrontMatterBytes / 10; ++i) front += "titel: y\n";
  EXPECT_EQ(Read("---\n" + front + "---\nBody").warnings.size(), kMaxProblems);
  std::string stages = "stages: [";
  for (int i = 0; i < 100; ++i) stages += std::to_string(i) + ",";
  EXPECT_EQ(Read("---\n" + stages + "]\n---\nBody").warnings.size(), kMaxProblems + 1);
}

TEST(FrontMatter, AWarningThatQuotesALongKeyIsCut) {
  const Page page = Read("---\nkind: deck\n" + std::string(1'000, 'k') + ": x\n---\nBody");
  ASSERT_EQ(page.ignored.size(), 1u);
  EXPECT_LE(page.ignored[0].size(), 63u);
  const Page claim =
      Read("---\nkind: battle_card\nclaims:\n- {" + std::string(1'000, 'k') + ": x}\n---\nBody");
  ASSERT_EQ(claim.warnings.size(), 1u);
  EXPECT_EQ(claim.warnings[0].reason.size(), kMaxProblemCharacters);
}

}  // namespace
}  // namespace finalmile::catalog::import
