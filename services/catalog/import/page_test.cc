#include "services/catalog/import/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "libs/base/text.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/import/page_fixture.h"

namespace finalmile::catalog::import {
namespace {

using domain::AssetKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> MissingFields(const Page& page) {
  std::vector<std::string> fields;
  for (const Violation& violation : page.missing) fields.push_back(violation.field);
  return fields;
}

TEST(Page, WithoutFrontMatterIsATraining) {
  const Page page = Read("# The *pitch*\n\nSay it short.\n");
  ASSERT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.asset.kind, AssetKind::kMessageTraining);
  EXPECT_EQ(page.asset.title, "The pitch");
  EXPECT_EQ(page.asset.owner, "mia");
  EXPECT_EQ(page.asset.tags.language, "en");
  EXPECT_EQ(page.asset.body, "# The *pitch*\n\nSay it short.\n");
  EXPECT_EQ(std::get<domain::MessageTraining>(page.asset.details).audience, "sales");
  EXPECT_THAT(std::get<domain::MessageTraining>(page.asset.details).messages, ElementsAre("Say it short."));
  EXPECT_THAT(page.missing, IsEmpty());
}

TEST(Page, SectionHeadingsAreTheMessagesOfATraining) {
  const auto messages = [](std::string_view content) {
    const Page page = Read(content);
    EXPECT_THAT(page.problems, IsEmpty());
    EXPECT_EQ(page.missing.empty(), !std::get<domain::MessageTraining>(page.asset.details).messages.empty());
    return std::get<domain::MessageTraining>(page.asset.details).messages;
  };
  EXPECT_THAT(messages("# T\n\n## Ask *first*\nx\n### Why\n## Listen\n## Listen\n"),
              ElementsAre("Ask first", "Listen"));
  EXPECT_THAT(messages("# T\n# A\n## B\n"), ElementsAre("A"));
  EXPECT_THAT(messages("## T\n### A\n## B\n"), ElementsAre("B"));
  EXPECT_THAT(messages("---\ntitle: T\n---\n## A\n## B\n"), ElementsAre("A", "B"));
  EXPECT_THAT(messages("---\ntitle: T\n---\n# U\n## A\n"), ElementsAre("A"));
  EXPECT_THAT(messages("---\nmessages: [Say it short]\n---\n# T\n## A\n"), ElementsAre("Say it short"));
  EXPECT_THAT(messages("---\ntitle: T\n---\n# T\nSay *it*\nshort.\n\nMore.\n"), ElementsAre("Say it short."));
  EXPECT_THAT(messages("# T\n\n- One\n- Two\n"), ElementsAre("One"));
  EXPECT_THAT(messages("# T\n"), IsEmpty());
  std::string many = "# T\n";
  for (size_t i = 0; i <= domain::kMaxDetailItems; ++i) many += "## " + std::to_string(i) + "\n";
  EXPECT_EQ(messages(many).size(), domain::kMaxDetailItems);
  EXPECT_EQ(messages("# T\n## " + std::string(domain::kMaxDetailCharacters + 1, 'x') + "\n"),
            std::vector{std::string(domain::kMaxDetailCharacters, 'x')});
}

TEST(Page, TakesEverythingFromTheFrontMatter) {
  const Page page = Read(
      "---\ntitle: Acme\nkind: battle-card\nowner: rob\nsummary: How we win\nproducts: Search\n"
      "stages: [evaluation, closing]\nlanguage: de\ncompetitor: Acme\nclaims:\n  - claim: cheaper\n    "
      "answer: not over "
      "three years\n---\nBody\n",
      "competitors/Other/acme.md");
  ASSERT_THAT(page.problems, IsEmpty());
  EXPECT_THAT(page.missing, IsEmpty());
  EXPECT_EQ(page.asset.kind, AssetKind::kBattleCard);
  EXPECT_EQ(page.asset.title, "Acme");
  EXPECT_EQ(page.asset.owner, "rob");
  EXPECT_EQ(page.asset.summary, "How we win");
  EXPECT_THAT(page.asset.tags.products, ElementsAre("Search"));
  EXPECT_THAT(page.asset.tags.stages, ElementsAre("evaluation", "closing"));
  EXPECT_THAT(page.asset.tags.competitors, ElementsAre("Other"));
  EXPECT_EQ(page.asset.tags.language, "de");
  EXPECT_EQ(std::get<domain::BattleCard>(page.asset.details).claims.at(0).answer, "not over three years");
  EXPECT_EQ(page.asset.body, "Body\n");
}

TEST(Page, DetailsOfEveryKind) {
  const struct {
    const char* front_matter;
    AssetKind kind;
  } kPages[] = {
      {"kind: email_template\nsubject: Hi {{name}}\nmerge_fields: {name: {default: you, description: first "
       "name}}",
       AssetKind::kEmailTemplate},
      {"kind: phone_script\nopening: Hello\nquestions: [\"Who?\"]\nobjections:\n- objection: no\n  answer: "
       "yes",
       AssetKind::kPhoneScript},
      {"kind: voicemail_script\ncall-back-line: 555", AssetKind::kVoicemailScript},
      {"kind: vito_letter\nbenefit: 12 %\ncall_time: Tuesday 10:00", AssetKind::kVitoLetter},
      {"kind: deck\nproduct: Search\nlink: https://example.com/d", AssetKind::kDeck},
      {"kind: case_study\ncustomer: Acme\nindustry: retail\nbefore: slow\nafter: fast\nresult: 9 to 4 weeks",
       AssetKind::kCaseStudy},
      {"kind: testimonial\nquote: works\nspeaker_role: CTO\npermission: contract 4711",
       AssetKind::kTestimonial},
      {"kind: attack_pack\ncompetitor: Acme\nsteps:\n- text: send\n  assets: [assets/card]",
       AssetKind::kAttackPack},
      {"kind: message_training\nmessages:\n- say it short", AssetKind::kMessageTraining},
      {"kind: Talk Track Source\nsituation: renewal", AssetKind::kTalkTrackSource},
  };
  for (const auto& expected : kPages) {
    const Page page = Read("---\n" + std::string(expected.front_matter) + "\n---\nBody\n");
    EXPECT_THAT(page.problems, IsEmpty()) << expected.front_matter << page.problems[0].reason;
    EXPECT_THAT(MissingFields(page), IsEmpty()) << expected.front_matter;
    EXPECT_EQ(page.asset.kind, expected.kind);
  }
  const Page email = Read("---\nkind: email_template\nmerge_fields: [a, b]\nsubject: x\n---\n{{a}} {{b}}");
  EXPECT_EQ(email.asset.merge_fields.at(1).name, "b");
  const Page defaults =
      Read("---\nkind: email_template\nmerge_fields: {a: , b: x}\nsubject: x\n---\n{{a}} {{b}}");
  EXPECT_FALSE(defaults.asset.merge_fields.at(0).default_value.has_value());
  EXPECT_EQ(defaults.asset.merge_fields.at(1).default_value, "x");
}

TEST(Page, TitleFallsBackToHeadingThenFileThenFolder) {
  EXPECT_EQ(Read("text", "sales/how-to_win.md").asset.title, "How to win");
  EXPECT_EQ(Read("text", "sales-team/index.md").asset.title, "Sales team");
  EXPECT_EQ(Read("text", "README.md").asset.title, "README");
  EXPECT_EQ(Read("---\ntitle: ''\n---\n## Second level\n").asset.title, "Second level");
  EXPECT_EQ(Read("# " + std::string(300, 'x')).asset.title, std::string(200, 'x'));
}

TEST(Page, PathTagsPages) {
  const auto tags = [](std::string_view path) { return Read("text", path).asset.tags; };
  EXPECT_THAT(tags("industries/Retail/page.md").industries, ElementsAre("Retail"));
  EXPECT_THAT(tags("industries/page.md").industries, IsEmpty());
  EXPECT_THAT(tags("x/closing/page.md").stages, ElementsAre("closing"));
  EXPECT_EQ(tags("de/page.md").language, "de");
  EXPECT_EQ(tags("page.md").language, "en");
  const auto audience = [](std::string_view path) {
    return std::get<domain::MessageTraining>(Read("text", path).asset.details).audience;
  };
  EXPECT_EQ(audience("acme-handbook/docs/technical-success/support/page.md"), "technical-success");
  EXPECT_EQ(audience("acme-handbook/page.md"), "");
}

TEST(Page, FrontMatterMayFollowBlankLinesAndUseCarriageReturns) {
  EXPECT_EQ(Read("\xEF\xBB\xBF\r\n---\r\ntitle: T\r\n---\r\nBody\r\n").asset.title, "T");
  EXPECT_EQ(Read("---\n---\n# H\n").asset.title, "H");
  EXPECT_EQ(Read("---\ntitle: T\n...\nBody").asset.body, "Body");
  EXPECT_EQ(Read("text\n---\ntitle: T\n---\n").asset.body, "text\n---\ntitle: T\n---\n");
}

TEST(Page, WhatAPathOfJekyllSaysOfPublication) {
  EXPECT_EQ(Read("text", "_drafts/a.md").publication.withheld, "it is in _drafts");
  EXPECT_EQ(Read("text", "_drafts.md").publication.withheld, "");
  const absl::Time day = absl::FromCivil(absl::CivilDay(2031, 1, 5), absl::UTCTimeZone());
  EXPECT_EQ(Read("text", "_posts/2031-01-05-a.md").publication.from, day);
  EXPECT_EQ(Read("text", "a/2031-01-05-a.md").publication.from, std::nullopt);
}

TEST(Page, WithoutTextIsLeftOut) {
  for (const char* content : {"", "  \n", "---\ntitle: Section\n---\n", "---\nredirect_to: /x\n---\n \n",
                              "---\ntitle: Section\n---\n<!-- list -->\n{{% children %}}\n{{< cards >}}\n"}) {
    EXPECT_TRUE(Read(content).left_out) << content;
    EXPECT_THAT(Read(content).problems, IsEmpty());
  }
  for (const char* text : {"x", "{{< cards >}} x", "<!-- open", "{{name}}"})
    EXPECT_FALSE(Read("---\ntitle: T\n---\n" + std::string(text)).left_out) << text;
}

TEST(Page, TitlesAreWithoutIdsAndMarks) {
  const auto title = [](const std::string& content) { return Read(content).asset.title; };
  EXPECT_EQ(title("# The *first* call {#first-call}\n"), "The first call");
  EXPECT_EQ(title("# Call {: .no_toc }\n"), "Call");
  EXPECT_EQ(title("# Sets {a, b}\n"), "Sets {a, b}");
  EXPECT_EQ(title("---\ntitle: 'Using **`make`** with [docs](/x)'\n---\nBody"), "Using make with docs");
  EXPECT_EQ(title("---\ntitle: 2 * 3 * 4 for C# and snake_case\n---\nBody"),
            "2 * 3 * 4 for C# and snake_case");
  EXPECT_EQ(title("---\ntitle: '*Vec<T>*'\n---\nBody"), "*Vec<T>*");
  EXPECT_THAT(std::get<domain::MessageTraining>(Read("# T\n## Ask {#ask}\n").asset.details).messages,
              ElementsAre("Ask"));
}

TEST(Page, StatementsOfMdxAreNoText) {
  const Page page = Read(
      "---\ntitle: T\n---\n\nimport Tabs from '@theme/Tabs';\nimport {\n  A,\n} from './a';\n\nexport const "
      "x = {\n "
      " a: 1,\n};\n\nSay it short.\n",
      "a.mdx");
  EXPECT_EQ(std::string(Trim(page.asset.body)), "Say it short.");
  EXPECT_EQ(Read("import taxes from abroad rise\n").asset.body, "import taxes from abroad rise\n");
}

TEST(Page, TheAudienceIsTheFoldersElseTheDefault) {
  const auto audience = [](std::string_view path, std::string fallback) {
    const Page page = ReadPage(path, "text", {"s", AssetKind::kMessageTraining, "mia", std::move(fallback)});
    return std::get<domain::MessageTraining>(page.asset.details).audience;
  };
  EXPECT_EQ(audience("reps/a.md", "sales"), "reps");
  EXPECT_EQ(audience("docs/a.md", "sales"), "sales");
  EXPECT_EQ(audience("a.md", ""), "");
  EXPECT_TRUE(SaysAudience("reps/a.md"));
  EXPECT_FALSE(SaysAudience("docs/a.md"));
}

TEST(Page, ProblemsHaveLines) {
  EXPECT_THAT(ProblemOf("\n---\ntitle: T\nsummary: [a\n---\nBody"),
              HasSubstr("in the front matter: end of sequence flow not found"));
  EXPECT_EQ(ProblemOf("---\ntitle: T\n"), "1: the front matter that begins here is not closed by a line ---");
  EXPECT_EQ(ProblemOf("---\n- a\n---\nBody"), "2: the front matter must be a mapping, key: value");
  for (const char* stray : {",a: b", "{a: b} c"}) {
    EXPECT_EQ(ProblemOf("---\n" + std::string(stray) + "\n---\nBody"),
              "2: in the front matter: a second document begins here; one is expected")
        << stray;
  }
  EXPECT_EQ(ProblemOf("---\nkind: email_template\nsubject: {{x}}\n---\nBody"),
            "3: subject must be a text; put one with braces in quotes");
  EXPECT_EQ(ProblemOf("---\ntitle: T\ntitle: U\n---\nBody"), "3: title is given twice");
  EXPECT_THAT(ProblemOf("---\nkind: poster\n---\nBody"), HasSubstr("2: kind must be one of battle_card, "));
  EXPECT_EQ(ProblemOf("---\nkind: battle_card\nclaims: a\n---\nBody"), "3: claims must be a list");
  EXPECT_EQ(ProblemOf("---\nkind: deck\n---\n \n"), "0: body: is required");
  EXPECT_EQ(ProblemOf("a\nb\xFF"), "2: the page is no UTF-8 here; save it as UTF-8");
  EXPECT_EQ(ProblemOf(std::string_view("a\n\nb\0", 5)), "3: the page holds U+0000; is it a text?");
  EXPECT_EQ(ReadPage("a.md", "text", {"s", AssetKind::kDeck, ""}).problems.at(0).reason,
            "owner: is required");
}

TEST(Page, SizesAtTheirLimits) {
  EXPECT_THAT(Read(std::string(kMaxPageBytes, 'x')).problems, IsEmpty());
  EXPECT_EQ(ProblemOf(std::string(kMaxPageBytes + 1, 'x')), "0: the page is longer than 1 MiB; split it");
  const auto with_front_matter = [](size_t bytes) {
    return "---\n#" + std::string(bytes - 2, 'x') + "\n---\nBody";
  };
  EXPECT_THAT(Read(with_front_matter(kMaxFrontMatterBytes)).problems, IsEmpty());
  EXPECT_THAT(ProblemOf(with_front_matter(kMaxFrontMatterBytes + 1)), HasSubstr("longer than 64 KiB"));
}

TEST(Page, PathsMustBeRelativeAndPlain) {
  for (const char* path : {"", "/a.md", "a//b.md", "../a.md", "a/./b.md", "a\n.md", "a/", "\xFF.md"}) {
    EXPECT_NE(WrongPath(path), "") << path;
  }
  EXPECT_EQ(WrongPath("a b/ü.md"), "");
  EXPECT_EQ(WrongPath(std::string(kMaxPathBytes, 'a')), "");
  EXPECT_NE(WrongPath(std::string(kMaxPathBytes + 1, 'a')), "");
  EXPECT_EQ(Read("text", "../a.md").problems.at(0).line, 0);
}

// The id of a page is for ever.
TEST(Page, IdsAreStableLegalAndDifferent) {
  EXPECT_EQ(AssetIdOf("handbook", "sales/pitch.md"), domain::AssetId("handbook_sales_pitch"));
  EXPECT_EQ(AssetIdOf("handbook", "sales-pitch.md"), domain::AssetId("handbook_sales-pitch"));
  const std::string paths[] = {"field marketing.md",
                               "field-marketing.md",
                               "field_marketing.md",
                               "Field-marketing.md",
                               "field/marketing.md",
                               "field-marketing",
                               "field-marketing.markdown",
                               "field  marketing.md",
                               "f/" + std::string(200, 'x') + ".md",
                               "f/" + std::string(201, 'x') + ".md",
                               "ü.md",
                               "ö.md"};
  std::set<domain::AssetId> ids;
  for (const char* source : {"a", "a_b", "a-b"}) {
    for (const std::string& path : paths) {
      const domain::AssetId id = AssetIdOf(source, path);
      EXPECT_TRUE(domain::IsAssetName(domain::AssetName(id))) << id;
      EXPECT_TRUE(ids.insert(id).second) << id;
    }
  }
  EXPECT_NE(AssetIdOf("a_b", "c.md"), AssetIdOf("a", "b/c.md"));
  EXPECT_NE(AssetIdOf("handbook", "sales/pitch.md", 1), AssetIdOf("handbook", "sales/pitch.md", 2));
  EXPECT_THAT(AssetIdOf("handbook", "sales/pitch.md", 1).text(), HasSubstr("handbook_sales_pitch__"));
  EXPECT_EQ(AssetIdOf("h", std::string(98, 'x') + ".md").text().size(), 100u);
  EXPECT_EQ(AssetIdOf("h", std::string(99, 'x') + ".md").text().size(), 100u);
}

TEST(Page, WhatIsFuzzedHolds) {
  for (const char* bytes :
       {"", "a.md", "a.md\n", "a.md\n---\ntitle: &a [*a]\n---\nx", "a.md\n---\n? [x]\n: y\n---\nx",
        "a.md\n---\n<<: {title: x}\n---\nb", "a.md\n---\n\"a\": !!binary x\n---\nb",
        "de/a.md\n---\nkind: deck\n--- \n b", "a.md\n+++\na = [1, {b = 2}]\n+++\nx", "a.md\n{\"a\": [",
        "a.md\n{\"a\": [{}]}", "a.md\n---\na: b: c\n---\nx", "a.md\n---\n\tx: y\n---\n"}) {
    FuzzPage(bytes);
  }
}

}  // namespace
}  // namespace finalmile::catalog::import
