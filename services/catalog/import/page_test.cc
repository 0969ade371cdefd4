#include "services/catalog/import/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "services/catalog/domain/asset_rules.h"

namespace finalmile::catalog::import {
namespace {

using domain::AssetKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Defaults kDefaults = {"handbook", AssetKind::kMessageTraining, "mia"};

Page Read(std::string_view content, std::string_view path = "sales/pitch.md") {
  return ReadPage(path, content, kDefaults);
}

// "line: reason" of the only problem.
std::string ProblemOf(std::string_view content, std::string_view path = "sales/pitch.md") {
  const Page page = Read(content, path);
  EXPECT_EQ(page.problems.size(), 1u) << content;
  if (page.problems.empty()) return "";
  return std::to_string(page.problems[0].line) + ": " + page.problems[0].reason;
}

std::vector<std::string> MissingFields(const Page& page) {
  std::vector<std::string> fields;
  for (const Violation& violation : page.missing) fields.push_back(violation.field);
  return fields;
}

TEST(Page, WithoutFrontMatterIsADraftTraining) {
  const Page page = Read("# The *pitch*\n\nSay it short.\n");
  ASSERT_THAT(page.problems, IsEmpty());
  EXPECT_EQ(page.asset.kind, AssetKind::kMessageTraining);
  EXPECT_EQ(page.asset.title, "The pitch");
  EXPECT_EQ(page.asset.owner, "mia");
  EXPECT_EQ(page.asset.tags.language, "en");
  EXPECT_EQ(page.asset.body, "# The *pitch*\n\nSay it short.\n");
  EXPECT_EQ(std::get<domain::MessageTraining>(page.asset.details).audience, "sales");
  EXPECT_THAT(MissingFields(page), ElementsAre("message_training.messages"));
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
  EXPECT_THAT(messages("---\ntitle: T\n---\n# T\ntext\n"), IsEmpty());
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

TEST(Page, ForeignKeysArePassedOver) {
  const Page page =
      Read("---\nnavTitle: Nav\nlayout: page\nmeta:\n  title: M\ntags: [a]\ndescription: d\n---\n# H\n");
  EXPECT_THAT(page.problems, IsEmpty());
  EXPECT_THAT(page.ignored, ElementsAre("navTitle", "layout", "meta", "tags", "description"));
  EXPECT_EQ(page.asset.title, "H");
}

TEST(Page, UnknownKeysNameTheNearest) {
  EXPECT_EQ(ProblemOf("---\ntitel: T\n---\nBody"), "2: unknown key titel; did you mean title?");
  EXPECT_EQ(ProblemOf("---\ntitle: T\nsubject: S\n---\nBody"),
            "3: subject belongs to the kind email_template, and this page is a message_training");
  EXPECT_THAT(ProblemOf("---\nzzzzzzzzzz: T\n---\nBody"),
              HasSubstr("known are audience, competitors, industries"));
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
  EXPECT_EQ(ProblemOf("---\ntitle: [a, b]\n---\nBody"), "2: title must be one text");
  EXPECT_EQ(ProblemOf("---\ntitle: T\ntitle: U\n---\nBody"), "3: title is given twice");
  EXPECT_THAT(ProblemOf("---\nkind: poster\n---\nBody"), HasSubstr("2: kind must be one of battle_card, "));
  EXPECT_EQ(ProblemOf("---\nkind: battle_card\nclaims:\n- claim: a\n  reply: b\n---\nBody"),
            "5: claims has no reply");
  EXPECT_EQ(ProblemOf("---\nkind: battle_card\nclaims: a\n---\nBody"), "3: claims must be a list");
  EXPECT_EQ(ProblemOf("---\nstages:\n- later\n---\nBody"),
            "2: tags.stages[0]: must be prospecting, discovery, evaluation or closing");
  EXPECT_EQ(ProblemOf("---\nowner: mia@example.com\n---\nBody"), "2: owner: must not be an e-mail address");
  EXPECT_EQ(ProblemOf("---\ntitle: T\n---\n \n"), "0: body: is required");
  EXPECT_EQ(ProblemOf(""), "0: body: is required");
  EXPECT_EQ(ProblemOf("a\nb\xFF"), "2: the page is no UTF-8 here; save it as UTF-8");
  EXPECT_EQ(ProblemOf(std::string_view("a\n\nb\0", 5)), "3: the page holds U+0000; is it a text?");
  EXPECT_EQ(ReadPage("a.md", "text", {"s", AssetKind::kDeck, ""}).problems.at(0).reason,
            "owner: is required");
}

// Followed, its aliases would be 17.5 million problems.
TEST(Page, AliasesAreRefused) {
  std::string front = "kind: attack_pack\nx: &a [";
  for (int i = 0; i < 4'400; ++i) front += "[],";
  front += "]\nsteps:\n";
  while (front.size() + 20 < kMaxFrontMatterBytes) front += "- {assets: *a}\n";
  EXPECT_EQ(ProblemOf("---\n" + front + "---\nBody"),
            "5: in the front matter: aliases (*name) are not taken; write out what it stands for");
  EXPECT_THAT(Read("---\ntitle: &a T\n---\nBody").problems, IsEmpty()) << "an anchor alone does no harm";
}

TEST(Page, AFewProblemsAreListedAndTheOthersCounted) {
  const auto problems = [](const std::string& line, size_t count) {
    std::string front;
    for (size_t i = 0; i < count; ++i) front += line;
    return Read("---\nkind: phone_script\nquestions:\n" + front + "---\nBody").problems;
  };
  for (const size_t count : {kMaxProblems - 1, kMaxProblems}) {
    EXPECT_EQ(problems("- []\n", count).size(), count);
  }
  const std::vector<Problem> more = problems("- []\n", kMaxProblems + 1);
  ASSERT_EQ(more.size(), kMaxProblems + 1);
  EXPECT_EQ(more[0], (Problem{4, "questions must be one text"}));
  EXPECT_EQ(more.back(), (Problem{0, "and 1 more"}));
  EXPECT_EQ(problems("zz: y\n", kMaxFrontMatterBytes / 7).size(), kMaxProblems + 1);
  // This is valid YAML and no valid asset.
  std::string stages = "stages: [";
  for (int i = 0; i < 100; ++i) stages += std::to_string(i) + ",";
  EXPECT_EQ(problems(stages + "]\n", 1).size(), kMaxProblems + 1);
}

TEST(Page, AProblemThatQuotesALongKeyIsCut) {
  const Page page = Read("---\n" + std::string(1'000, 'k') + ": x\n---\nBody");
  ASSERT_EQ(page.problems.size(), 1u);
  EXPECT_EQ(page.problems[0].reason.size(), kMaxProblemCharacters);
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
  EXPECT_EQ(AssetIdOf("handbook", "sales/pitch.md"), "handbook_sales_pitch");
  EXPECT_EQ(AssetIdOf("handbook", "sales-pitch.md"), "handbook_sales-pitch");
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
  std::set<std::string> ids;
  for (const char* source : {"a", "a_b", "a-b"}) {
    for (const std::string& path : paths) {
      const std::string id = AssetIdOf(source, path);
      EXPECT_TRUE(domain::IsAssetName("assets/" + id)) << id;
      EXPECT_TRUE(ids.insert(id).second) << id;
    }
  }
  EXPECT_NE(AssetIdOf("a_b", "c.md"), AssetIdOf("a", "b/c.md"));
  EXPECT_EQ(AssetIdOf("h", std::string(98, 'x') + ".md").size(), 100u);
  EXPECT_EQ(AssetIdOf("h", std::string(99, 'x') + ".md").size(), 100u);
}

TEST(Page, WhatIsFuzzedHolds) {
  for (const char* bytes :
       {"", "a.md", "a.md\n", "a.md\n---\ntitle: &a [*a]\n---\nx", "a.md\n---\n? [x]\n: y\n---\nx",
        "a.md\n---\n<<: {title: x}\n---\nb", "a.md\n---\n\"a\": !!binary x\n---\nb",
        "de/a.md\n---\nkind: deck\n--- \n b", "a.md\n---\na: b: c\n---\nx", "a.md\n---\n\tx: y\n---\n"}) {
    FuzzPage(bytes);
  }
}

}  // namespace
}  // namespace finalmile::catalog::import
