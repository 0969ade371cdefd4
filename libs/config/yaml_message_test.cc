#include "libs/config/yaml_message.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "finalmile/leads/v1/import.pb.h"
#include "finalmile/leads/v1/policy.pb.h"

namespace finalmile::config {
namespace {

using leads::v1::ImportMapping;
using leads::v1::Policy;
using ::testing::AllOf;
using ::testing::HasSubstr;

template <typename M>
std::string ErrorOf(std::string_view yaml) {
  M message;
  const absl::Status status = ParseYamlMessage(yaml, "f.yaml", message);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status << message.ShortDebugString();
  return std::string(status.message());
}

TEST(YamlMessage, ReadsEveryKindOfField) {
  Policy policy;
  const absl::Status status = ParseYamlMessage(R"(
name: policies/p-1
description: "two words"
recross_after: 168h
cool_below: 20
grade_edges: { fit_a: 75.5, engagement_1: 6e1 }
publish_time: 2026-03-01T09:00:00.25+01:00
fit_groups:
  - name: company
    cap: 45
    criteria:
      - name: staff
        options:
          - { text: some, points: -15, all: [ { attribute: staff, range: { max: 10 } } ] }
      - name: mail
        options:
          - { points: 1, all: [ { attribute: email, domain_not_in: [gmail.com, "null"] }, { attribute: x, is: true } ] }
signals:
  - { name: s, half_life: short, hand_raise: false, match: { types: [a], properties: { k: { values: [v] }, l: [w] } },
      limit: { first: 1 } }
  - { name: t, half_life: HALF_LIFE_LONG }
)",
                                               "p.yaml", policy);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(policy.name(), "policies/p-1");
  EXPECT_EQ(policy.recross_after().seconds(), 168 * 3600);
  EXPECT_EQ(policy.cool_below(), 20);
  EXPECT_EQ(policy.grade_edges().fit_a(), 75.5);
  EXPECT_EQ(policy.grade_edges().engagement_1(), 60);
  EXPECT_EQ(policy.publish_time().seconds(), 1772352000);
  EXPECT_EQ(policy.publish_time().nanos(), 250'000'000);
  ASSERT_EQ(policy.fit_groups_size(), 1);
  ASSERT_EQ(policy.fit_groups(0).criteria_size(), 2);
  const auto& staff = policy.fit_groups(0).criteria(0).options(0);
  EXPECT_EQ(staff.points(), -15);
  EXPECT_FALSE(staff.all(0).range().has_min());
  EXPECT_EQ(staff.all(0).range().max(), 10);
  const auto& mail = policy.fit_groups(0).criteria(1).options(0);
  EXPECT_THAT(mail.all(0).domain_not_in().values(), ::testing::ElementsAre("gmail.com", "null"));
  EXPECT_TRUE(mail.all(1).is());
  ASSERT_EQ(policy.signals_size(), 2);
  EXPECT_EQ(policy.signals(0).half_life(), leads::v1::HALF_LIFE_SHORT);
  EXPECT_EQ(policy.signals(1).half_life(), leads::v1::HALF_LIFE_LONG);
  EXPECT_EQ(policy.signals(0).limit().first(), 1);
  EXPECT_EQ(policy.signals(0).match().properties().at("k").values(0), "v");
  EXPECT_EQ(policy.signals(0).match().properties().at("l").values(0), "w");
}

TEST(YamlMessage, ClearsTheMessageFirst) {
  ImportMapping mapping;
  mapping.set_id_column("old");
  ASSERT_TRUE(ParseYamlMessage("name: x", "f.yaml", mapping).ok());
  EXPECT_EQ(mapping.id_column(), "");
  EXPECT_EQ(mapping.name(), "x");
}

TEST(YamlMessage, TakesStringsAsWritten) {
  ImportMapping mapping;
  ASSERT_TRUE(ParseYamlMessage("null_words: [yes, 007, 1.50, '', \"a\\nb\"]", "f.yaml", mapping).ok());
  EXPECT_THAT(mapping.null_words(), ::testing::ElementsAre("yes", "007", "1.50", "", "a\nb"));
}

TEST(YamlMessage, UnknownKeysNameKeyLineAndTheKnownOnes) {
  EXPECT_THAT(ErrorOf<ImportMapping>("name: x\natributes: []\n"),
              AllOf(HasSubstr("f.yaml:2: unknown key 'atributes'"), HasSubstr("ImportMapping"),
                    HasSubstr("attributes")));
  EXPECT_THAT(ErrorOf<ImportMapping>("name: x\nattributes:\n  - column: A\n    typ: number\n"),
              AllOf(HasSubstr("f.yaml:4:"), HasSubstr("'typ'"), HasSubstr("AttributeColumn")));
}

TEST(YamlMessage, ErrorsNameLineAndPath) {
  EXPECT_THAT(ErrorOf<ImportMapping>("name: a\nname: b"), HasSubstr("f.yaml:2: key 'name' is given twice"));
  EXPECT_THAT(ErrorOf<ImportMapping>("name:\nid_column: b"), HasSubstr("f.yaml:1: 'name' has no value"));
  EXPECT_THAT(ErrorOf<ImportMapping>("null_words: [null]"), HasSubstr("'null_words[0]' has no value"));
  EXPECT_THAT(ErrorOf<ImportMapping>("null_words: Select"), HasSubstr("'null_words' must be a list"));
  EXPECT_THAT(ErrorOf<ImportMapping>("name: [a]"), HasSubstr("'name' must be a single value"));
  EXPECT_THAT(ErrorOf<ImportMapping>("attributes:\n- A"),
              HasSubstr("f.yaml:2: 'attributes[0]' must be a mapping"));
  EXPECT_THAT(ErrorOf<ImportMapping>("attributes: [{column: A, type: text, values: [a]}]"),
              HasSubstr("'attributes[0].values' must be a mapping"));
  EXPECT_THAT(
      ErrorOf<ImportMapping>("attributes: [{column: A, type: words}]"),
      AllOf(HasSubstr("'attributes[0].type' must be one of ATTRIBUTE_TYPE_TEXT"), HasSubstr("not 'words'")));
  EXPECT_THAT(ErrorOf<ImportMapping>("activities: [{cell_is_count: yes}]"),
              HasSubstr("must be true or false, not 'yes'"));
  EXPECT_THAT(ErrorOf<ImportMapping>("activities:\n- cell_is_count: true\n  when: [a]\n"),
              HasSubstr("f.yaml:3: 'cell_is_count' and 'when' exclude each other"));
  EXPECT_THAT(ErrorOf<ImportMapping>("activity_time: {fixed: tomorrow}"),
              HasSubstr("'activity_time.fixed' must be a time"));
  EXPECT_THAT(ErrorOf<Policy>("recross_after: 7 days"), HasSubstr("'recross_after' must be a duration"));
  EXPECT_THAT(ErrorOf<Policy>("cool_below: twenty"),
              HasSubstr("'cool_below' must be a number, not 'twenty'"));
  EXPECT_THAT(ErrorOf<Policy>("cool_below: .inf"), HasSubstr("must be a number"));
  EXPECT_THAT(ErrorOf<Policy>("cool_below: inf"), HasSubstr("must be a number"));
}

TEST(YamlMessage, WholeNumbersAtTheirLimits) {
  Policy policy;
  ASSERT_TRUE(ParseYamlMessage("signals: [{limit: {first: 2147483647}}]", "f", policy).ok());
  EXPECT_EQ(policy.signals(0).limit().first(), 2147483647);
  EXPECT_THAT(ErrorOf<Policy>("signals: [{limit: {first: 2147483648}}]"), HasSubstr("whole number in range"));
  EXPECT_THAT(ErrorOf<Policy>("signals: [{limit: {first: 1.5}}]"), HasSubstr("whole number in range"));
}

TEST(YamlMessage, WrongSyntaxNamesTheLine) {
  EXPECT_THAT(ErrorOf<ImportMapping>("name: x\nattributes: [a\nb: {"), HasSubstr("f.yaml:"));
  EXPECT_THAT(ErrorOf<ImportMapping>(""), HasSubstr("f.yaml: the file is empty"));
  EXPECT_THAT(ErrorOf<ImportMapping>("# only a comment\n"), HasSubstr("empty"));
  EXPECT_THAT(ErrorOf<ImportMapping>("name: a\n---\nname: b\n"), HasSubstr("second document"));
  EXPECT_THAT(ErrorOf<ImportMapping>("just words"), HasSubstr("must be a mapping"));
  EXPECT_THAT(ErrorOf<ImportMapping>(", x"), HasSubstr("f.yaml:1"));
  EXPECT_THAT(ErrorOf<ImportMapping>("null_words: &words [a]\nignore: *words\n"),
              HasSubstr("f.yaml:2: aliases"));
}

}  // namespace
}  // namespace finalmile::config
