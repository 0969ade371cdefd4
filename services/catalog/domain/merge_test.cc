#include "services/catalog/domain/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "services/catalog/domain/test_assets.h"

namespace finalmile::catalog::domain {
namespace {

constexpr size_t kNoLimit = 1 << 20;

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Merge, FindsFields) {
  EXPECT_THAT(MergeFieldsOf("{{b}} {{ a }} {{b}}"), ElementsAre("b", "a"));
  EXPECT_THAT(MergeFieldsOf("{{{x}}} {{}} {{ }} {{y}"), ElementsAre("x"));
  EXPECT_THAT(MergeFieldsOf("{{a\n}} {{1a}} {{A}} {{a-b}} {{generator:x.y}}"), IsEmpty());
  EXPECT_THAT(MergeFieldsOf("{{{{a}}"), ElementsAre("a"));
  EXPECT_THAT(MergeFieldsOf("{{" + std::string(64, 'a') + "}}"), ElementsAre(std::string(64, 'a')));
  EXPECT_THAT(MergeFieldsOf("{{" + std::string(65, 'a') + "}}"), IsEmpty());
}

TEST(Merge, CodeAndEscapesAreLeftAlone) {
  EXPECT_THAT(MergeFieldsOf("`{{a}}` {{b}} ``{{c}} ` {{d}}``"), ElementsAre("b"));
  EXPECT_THAT(MergeFieldsOf("```yaml\nx: {{a}}\n```\n{{b}}\n~~~\n{{c}}\n"), ElementsAre("b"));
  EXPECT_THAT(MergeFieldsOf("\\{{a}} \\\\{{b}}"), ElementsAre("b"));
  EXPECT_THAT(MergeFieldsOf("<code>{{a}}</code> <pre class=x>\n{{b}}\n</pre> {{c}}"), ElementsAre("c"));
  EXPECT_THAT(MergeFieldsOf("{% raw %}{{a}}{% endraw %}{{b}}"), ElementsAre("b"));
  // A mail that is indented is no code, and one backtick is none.
  EXPECT_THAT(MergeFieldsOf("Hello\n\n    {{a}}\n\nIt`s {{b}}"), ElementsAre("a", "b"));
}

RC_GTEST_PROP(Merge, PiecesAreTheText, ()) {
  const auto parts = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("{", "}", "{{", "}}", "a", " ", "\n", "{{a}}", "价", "`", "\\", "```\n"));
  std::string text;
  for (const std::string& part : parts) text += part;
  std::string joined;
  for (const MergePiece& piece : SplitMergeFields(text)) {
    joined += piece.text;
    RC_ASSERT(!piece.text.empty());
    RC_ASSERT(piece.field.empty() || IsMergeFieldName(piece.field));
  }
  RC_ASSERT(joined == text);
}

Asset Template() {
  Asset asset;
  asset.kind = AssetKind::kEmailTemplate;
  asset.title = "Follow-up";
  asset.body = "Hi {{first_name}}, about {{topic}} at {{company}}: {{ number }} %. {{Not a field}}";
  asset.details = EmailTemplate{"{{topic}} for {{company}}"};
  asset.merge_fields = {
      {"first_name", std::nullopt, ""}, {"topic", "ramp-up", ""}, {"company", std::nullopt, ""}};
  return asset;
}

TEST(Merge, RendersValuesAndDefaults) {
  const Rendered rendered =
      Render(Template(), {{"first_name", "Ada"}, {"company", "Acme"}, {"number", "12"}}, kNoLimit);
  EXPECT_EQ(rendered.title, "Follow-up");
  EXPECT_EQ(rendered.subject, "ramp-up for Acme");
  EXPECT_EQ(rendered.body, "Hi Ada, about ramp-up at Acme: 12 %. {{Not a field}}");
  EXPECT_THAT(rendered.unfilled, IsEmpty());
  EXPECT_THAT(rendered.unknown, IsEmpty());
}

TEST(Merge, ABlankValueTakesTheDefault) {
  const Rendered rendered = Render(
      Template(), {{"first_name", " "}, {"topic", ""}, {"company", "Acme"}, {"number", "1"}}, kNoLimit);
  EXPECT_EQ(rendered.subject, "ramp-up for Acme");
  EXPECT_THAT(rendered.unfilled, ElementsAre("first_name"));
}

TEST(Merge, EveryPartOfTheKindIsRendered) {
  Asset script = CompleteAsset(AssetKind::kPhoneScript);
  script.details =
      PhoneScript{"Hello {{name}}", {"", "How is {{company}}?"}, {{"No time", "Two minutes, {{name}}"}}};
  const Rendered rendered = Render(script, {{"name", "Ada"}}, kNoLimit);
  EXPECT_THAT(rendered.unfilled, ElementsAre("company"));
  const Rendered whole = Render(script, {{"name", "Ada"}, {"company", "Acme"}}, kNoLimit);
  std::vector<std::string> parts;
  for (const Rendered::Part& part : whole.parts) parts.push_back(part.path + "=" + part.text);
  EXPECT_THAT(parts, ElementsAre("phone_script.opening=Hello Ada", "phone_script.questions[1]=How is Acme?",
                                 "phone_script.objections[0].objection=No time",
                                 "phone_script.objections[0].answer=Two minutes, Ada"));
  EXPECT_TRUE(Render(Template(), {}, kNoLimit).parts.empty());
}

TEST(Merge, ListsAllThatIsUnfilledAndUnknown) {
  const Rendered rendered = Render(Template(), {{"topic", ""}, {"firstname", "Ada"}, {"zip", "1"}}, kNoLimit);
  EXPECT_THAT(rendered.unfilled, ElementsAre("company", "first_name", "number"));
  EXPECT_THAT(rendered.unknown, ElementsAre("firstname", "zip"));
  EXPECT_EQ(rendered.subject, "ramp-up for {{company}}");
}

TEST(Merge, ValuesAreNotExpandedAgain) {
  const Rendered rendered = Render(
      Template(), {{"first_name", "{{company}}"}, {"company", "{{first_name}}"}, {"number", "{{"}}, kNoLimit);
  EXPECT_EQ(rendered.body, "Hi {{company}}, about ramp-up at {{first_name}}: {{ %. {{Not a field}}");
  EXPECT_THAT(rendered.unfilled, IsEmpty());
}

TEST(Merge, ValuesHaveLimits) {
  MergeValues values;
  for (size_t i = 0; i < kMaxMergeValues; ++i) values.emplace("f" + std::to_string(i), "v");
  EXPECT_THAT(CheckMergeValues(values), IsEmpty());
  values.emplace("one_more", "v");
  EXPECT_EQ(CheckMergeValues(values).at(0).field, "values");

  EXPECT_THAT(CheckMergeValues({{"a", std::string(kMaxMergeValueCharacters, 'x')}}), IsEmpty());
  EXPECT_EQ(CheckMergeValues({{"a", std::string(kMaxMergeValueCharacters + 1, 'x')}}).at(0).field,
            "values[a]");
  EXPECT_EQ(CheckMergeValues({{"A", "x"}}).at(0).field, "values");
}

TEST(MergeTest, TheTextsTogetherAreBounded) {
  Asset asset;
  asset.title = "T{{a}}";
  asset.body = "{{a}}{{a}} and {{a}}";
  const MergeValues values = {{"a", std::string(100, 'x')}};
  // 1 + 4 · 100 + 5 bytes.
  for (const size_t most : {405, 406, 407}) {
    const Rendered rendered = Render(asset, values, most);
    EXPECT_EQ(rendered.too_large, most < 406) << most;
    EXPECT_LE(rendered.title.size() + rendered.body.size(), most);
  }
}

}  // namespace
}  // namespace finalmile::catalog::domain
