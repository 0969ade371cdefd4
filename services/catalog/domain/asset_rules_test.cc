#include "services/catalog/domain/asset_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "services/catalog/domain/test_assets.h"

namespace finalmile::catalog::domain {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Fields(const std::vector<Violation>& violations) {
  std::vector<std::string> fields;
  for (const Violation& violation : violations) fields.push_back(violation.field);
  return fields;
}

std::string Repeat(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

Asset Training() { return CompleteAsset(AssetKind::kMessageTraining); }

// The fields that `change` makes wrong.
std::vector<std::string> WrongAfter(const std::function<void(Asset&)>& change, Asset asset = Training()) {
  change(asset);
  return Fields(Validate(asset));
}

std::vector<std::string> MissingAfter(AssetKind kind, const std::function<void(Asset&)>& change) {
  Asset asset = CompleteAsset(kind);
  change(asset);
  EXPECT_THAT(Validate(asset), IsEmpty());
  return Fields(Missing(asset));
}

TEST(AssetRules, CompleteAssetsOfEveryKindAreValidAndLackNothing) {
  for (int kind = 1; kind <= kAssetKinds; ++kind) {
    const Asset asset = CompleteAsset(static_cast<AssetKind>(kind));
    EXPECT_THAT(Fields(Validate(asset)), IsEmpty()) << KindName(asset.kind);
    EXPECT_THAT(Fields(Missing(asset)), IsEmpty()) << KindName(asset.kind);
    EXPECT_EQ(ParseKind(KindName(asset.kind)), asset.kind);
  }
  EXPECT_EQ(ParseKind(" Battle-Card "), AssetKind::kBattleCard);
  EXPECT_EQ(ParseKind(""), AssetKind::kUnspecified);
  EXPECT_EQ(ParseKind("poster"), AssetKind::kUnspecified);
}

TEST(AssetRules, AFewMissingFieldsAreListedAndTheOthersCounted) {
  const auto missing = [](size_t wrong) {
    return MissingAfter(AssetKind::kEmailTemplate, [&](Asset& asset) {
      for (size_t i = 0; i < wrong; ++i) asset.body += " {{wrong field " + std::to_string(i) + "}}";
    });
  };
  EXPECT_EQ(missing(kMaxMissing - 1).size(), kMaxMissing - 1);
  EXPECT_EQ(missing(kMaxMissing).size(), kMaxMissing);
  EXPECT_EQ(missing(kMaxMissing + 1).size(), kMaxMissing + 1);
  EXPECT_EQ(missing(10 * kMaxMissing).size(), kMaxMissing + 1);
}

TEST(AssetRules, Limits) {
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.title = ""; }), ElementsAre("title"));
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.title = Repeat("价", 200); }), IsEmpty());
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.title = Repeat("价", 201); }), ElementsAre("title"));
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.owner = Repeat("o", 64); }), IsEmpty());
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.owner = Repeat("o", 65); }), ElementsAre("owner"));
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.owner = "mia@example.com"; }), ElementsAre("owner"));
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.body = " \n"; }), ElementsAre("body"));
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.body = "b"; }), IsEmpty());
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.body = Repeat("b", kMaxBodyBytes); }), IsEmpty());
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.body = Repeat("b", kMaxBodyBytes + 1); }),
              ElementsAre("body"));
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.summary = Repeat("s", 2'000); }), IsEmpty());
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.summary = Repeat("s", 2'001); }), ElementsAre("summary"));
  EXPECT_THAT(Fields(Validate(Asset())), ElementsAre("kind", "title", "owner", "body", "tags.language"));
}

TEST(AssetRules, TagsHaveLimits) {
  const auto products = [](size_t count) {
    return [count](Asset& asset) {
      for (size_t i = 0; i < count; ++i) asset.tags.products.push_back("p" + std::to_string(i));
    };
  };
  EXPECT_THAT(WrongAfter(products(20)), IsEmpty());
  EXPECT_THAT(WrongAfter(products(21)), ElementsAre("tags.products"));
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.tags.personas = {Repeat("x", 64)}; }), IsEmpty());
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.tags.personas = {Repeat("x", 65)}; }),
              ElementsAre("tags.personas[0]"));
  EXPECT_THAT(WrongAfter([](Asset& asset) {
                asset.tags.stages = {"closing", "late"};
              }),
              ElementsAre("tags.stages[1]"));
  for (const char* good : {"en", "pt-BR", "zh-Hant-TW", "deu"}) {
    EXPECT_THAT(WrongAfter([&](Asset& asset) { asset.tags.language = good; }), IsEmpty()) << good;
  }
  for (const char* bad : {"", "e", "en-", "-en", "en_US", "germanlanguage", "1n"}) {
    EXPECT_THAT(WrongAfter([&](Asset& asset) { asset.tags.language = bad; }), ElementsAre("tags.language"))
        << bad;
  }
}

TEST(AssetRules, MergeFieldsHaveLimits) {
  const auto fields = [](size_t count) {
    return [count](Asset& asset) {
      for (size_t i = 0; i < count; ++i)
        asset.merge_fields.push_back({"f" + std::to_string(i), std::nullopt, ""});
    };
  };
  EXPECT_THAT(WrongAfter(fields(64)), IsEmpty());
  EXPECT_THAT(WrongAfter(fields(65)), ElementsAre("merge_fields"));
  const auto used = [](size_t count) {
    return [count](Asset& asset) {
      for (size_t i = 0; i < count; ++i) asset.body += "{{f" + std::to_string(i) + "}}";
    };
  };
  EXPECT_THAT(WrongAfter(used(64)), IsEmpty());
  EXPECT_THAT(WrongAfter(used(65)), ElementsAre("body"));
  EXPECT_THAT(WrongAfter([](Asset& asset) {
                asset.merge_fields = {{"a", "x", ""}, {"a", "y", ""}, {"B", "", ""}};
              }),
              ElementsAre("merge_fields[1].name", "merge_fields[2].name"));
  EXPECT_THAT(WrongAfter([](Asset& asset) {
                asset.merge_fields = {{"a", Repeat("x", 10'001), Repeat("d", 201)}};
              }),
              ElementsAre("merge_fields[0].default_value", "merge_fields[0].description"));
}

TEST(AssetRules, DetailsBelongToTheKindAndHaveLimits) {
  EXPECT_THAT(WrongAfter([](Asset& asset) { asset.details = EmailTemplate{"x"}; }),
              ElementsAre("email_template"));
  const auto messages = [](size_t count, size_t length) {
    return [=](Asset& asset) {
      asset.details = MessageTraining{"sales", std::vector<std::string>(count, Repeat("m", length))};
    };
  };
  EXPECT_THAT(WrongAfter(messages(100, 10'000)), IsEmpty());
  EXPECT_THAT(WrongAfter(messages(101, 1)), ElementsAre("message_training.messages"));
  EXPECT_THAT(WrongAfter(messages(1, 10'001)), ElementsAre("message_training.messages[0]"));
  EXPECT_THAT(WrongAfter(
                  [](Asset& asset) {
                    std::get<AttackPack>(asset.details).steps[0].assets = {"assets/a", "card"};
                  },
                  CompleteAsset(AssetKind::kAttackPack)),
              ElementsAre("attack_pack.steps[0].assets[1]"));
}

TEST(AssetRules, EachKindNamesWhatItLacks) {
  const auto emptied = [](Asset& asset) { asset.details = EmptyDetails(asset.kind); };
  EXPECT_THAT(MissingAfter(AssetKind::kBattleCard, emptied),
              ElementsAre("battle_card.competitor", "battle_card.claims"));
  EXPECT_THAT(MissingAfter(AssetKind::kBattleCard,
                           [](Asset& a) {
                             a.details = BattleCard{"Acme", {{"cheap", " "}}};
                           }),
              ElementsAre("battle_card.claims"));
  EXPECT_THAT(MissingAfter(AssetKind::kPhoneScript, emptied),
              ElementsAre("phone_script.opening", "phone_script.questions", "phone_script.objections"));
  EXPECT_THAT(MissingAfter(AssetKind::kVoicemailScript, emptied),
              ElementsAre("voicemail_script.call_back_line"));
  EXPECT_THAT(MissingAfter(AssetKind::kVitoLetter, emptied),
              ElementsAre("vito_letter.benefit", "vito_letter.call_time"));
  EXPECT_THAT(MissingAfter(AssetKind::kVitoLetter,
                           [](Asset& a) {
                             a.details = VitoLetter{"save much", "soon"};
                           }),
              ElementsAre("vito_letter.benefit", "vito_letter.call_time"));
  EXPECT_THAT(MissingAfter(AssetKind::kVitoLetter,
                           [](Asset& a) {
                             a.details = VitoLetter{"save 12 %", "{{call_time}}"};
                             a.merge_fields = {{"call_time", std::nullopt, ""}};
                           }),
              IsEmpty());
  for (const AssetKind kind : {AssetKind::kDeck, AssetKind::kProductSheet, AssetKind::kDemo}) {
    EXPECT_THAT(MissingAfter(kind, emptied), ElementsAre("collateral.product", "collateral.link"));
  }
  for (const char* link : {"example.com", "ftp://example.com", "https://", "https:///x", "https://a b"}) {
    EXPECT_THAT(MissingAfter(AssetKind::kDeck,
                             [&](Asset& a) {
                               a.details = Collateral{"Search", link};
                             }),
                ElementsAre("collateral.link"))
        << link;
  }
  EXPECT_THAT(MissingAfter(AssetKind::kCaseStudy, emptied),
              ElementsAre("case_study.customer", "case_study.industry", "case_study.before",
                          "case_study.after", "case_study.result"));
  EXPECT_THAT(MissingAfter(AssetKind::kCaseStudy,
                           [](Asset& a) { std::get<CaseStudy>(a.details).result = "much faster"; }),
              ElementsAre("case_study.result"));
  EXPECT_THAT(MissingAfter(AssetKind::kTestimonial, emptied),
              ElementsAre("testimonial.quote", "testimonial.speaker_role", "testimonial.permission"));
  EXPECT_THAT(MissingAfter(AssetKind::kTestimonial,
                           [](Asset& a) { std::get<Testimonial>(a.details).permission = "no"; }),
              ElementsAre("testimonial.permission"));
  EXPECT_THAT(MissingAfter(AssetKind::kMessageTraining,
                           [](Asset& a) { std::get<MessageTraining>(a.details).audience = "n/a"; }),
              ElementsAre("message_training.audience"));
  EXPECT_THAT(MissingAfter(AssetKind::kAttackPack, emptied),
              ElementsAre("attack_pack.competitor", "attack_pack.audience", "attack_pack.steps"));
  EXPECT_THAT(MissingAfter(AssetKind::kAttackPack,
                           [](Asset& a) {
                             std::get<AttackPack>(a.details).steps = {{"", {}}};
                           }),
              ElementsAre("attack_pack.steps[0].text", "attack_pack.steps[0].assets"));
  EXPECT_THAT(MissingAfter(AssetKind::kMessageTraining, emptied),
              ElementsAre("message_training.audience", "message_training.messages"));
  EXPECT_THAT(MissingAfter(AssetKind::kTalkTrackSource, emptied), ElementsAre("talk_track_source.situation"));
}

TEST(AssetRules, WordLimitsCountWhatIsSeen) {
  const auto words = [](size_t count) {
    return [count](Asset& asset) { asset.body = "[" + Repeat("word ", count) + "](https://example.com/a)"; };
  };
  EXPECT_THAT(MissingAfter(AssetKind::kVoicemailScript, words(89)), IsEmpty());
  EXPECT_THAT(MissingAfter(AssetKind::kVoicemailScript, words(90)), IsEmpty());
  EXPECT_THAT(MissingAfter(AssetKind::kVoicemailScript, words(91)), ElementsAre("body"));
  EXPECT_THAT(MissingAfter(AssetKind::kVitoLetter, words(349)), IsEmpty());
  EXPECT_THAT(MissingAfter(AssetKind::kVitoLetter, words(350)), IsEmpty());
  EXPECT_THAT(MissingAfter(AssetKind::kVitoLetter, words(351)), ElementsAre("body"));
}

TEST(AssetRules, EmailTemplatesDeclareTheirFields) {
  Asset asset = CompleteAsset(AssetKind::kEmailTemplate);
  asset.merge_fields = {{"topic", "ramp-up", ""}, {"zip", std::nullopt, ""}};
  asset.body += " {{First Name}}";
  std::vector<std::string> texts;
  for (const Violation& violation : Missing(asset)) texts.push_back(ToText(violation));
  EXPECT_THAT(
      texts,
      ElementsAre("merge_fields[1]: {{zip}} stands neither in subject nor body",
                  "body: {{First Name}} is a placeholder of another tool and is not filled; write {{name}}",
                  "merge_fields: {{first_name}} is not declared; where it is no field, write it as code, "
                  "`{{first_name}}`"));
  EXPECT_THAT(MissingAfter(AssetKind::kEmailTemplate, [](Asset& a) { a.details = EmailTemplate(); }),
              Contains("email_template.subject"));
}

TEST(AssetRules, EveryKindDeclaresItsFields) {
  for (int kind = 1; kind <= kAssetKinds; ++kind) {
    EXPECT_THAT(MissingAfter(static_cast<AssetKind>(kind), [](Asset& a) { a.body += " {{zip}} `{{code}}`"; }),
                ElementsAre("merge_fields"))
        << kind;
  }
}

TEST(AssetRules, PlaceholdersOfOtherToolsKeepWhatIsSentFromBeingComplete) {
  const auto placeholder = [](Asset& a) { a.body += " %FIRSTNAME%"; };
  EXPECT_THAT(MissingAfter(AssetKind::kEmailTemplate, placeholder), ElementsAre("body"));
  EXPECT_THAT(MissingAfter(AssetKind::kVitoLetter, placeholder), ElementsAre("body"));
  EXPECT_THAT(MissingAfter(AssetKind::kMessageTraining, placeholder), IsEmpty());
}

TEST(AssetRules, ValuesOfTagsThatCannotBeKeptAreLeftOut) {
  Tags tags;
  tags.stages = {"later", "closing"};
  tags.keywords = {Repeat("a", 64), Repeat("a", 65)};
  for (size_t i = 0; i <= kMaxTagValues; ++i) tags.products.push_back(std::to_string(i));
  KeepValidTags(tags);
  EXPECT_THAT(tags.stages, ElementsAre("closing"));
  EXPECT_THAT(tags.keywords, ElementsAre(Repeat("a", 64)));
  EXPECT_EQ(tags.products.size(), kMaxTagValues);
}

TEST(AssetRules, NormaliseTrimsAndDropsRepetitions) {
  Asset asset = Training();
  asset.title = " T ";
  asset.body = " body ";
  asset.tags.products = {" a", "a", "", "b"};
  asset.tags.stages = {"Closing"};
  asset.tags.language = "";
  asset.details = std::monostate();
  Normalise(asset);
  EXPECT_EQ(asset.title, "T");
  EXPECT_EQ(asset.body, " body ");
  EXPECT_THAT(asset.tags.products, ElementsAre("a", "b"));
  EXPECT_THAT(asset.tags.stages, ElementsAre("closing"));
  EXPECT_EQ(asset.tags.language, "en");
  EXPECT_TRUE(std::holds_alternative<MessageTraining>(asset.details));
}

TEST(AssetRules, Names) {
  EXPECT_TRUE(IsAssetName("assets/a"));
  EXPECT_TRUE(IsAssetName("assets/" + Repeat("a", 100)));
  EXPECT_FALSE(IsAssetName("assets/" + Repeat("a", 101)));
  EXPECT_FALSE(IsAssetName("assets/"));
  EXPECT_FALSE(IsAssetName("assets/A"));
  EXPECT_FALSE(IsAssetName("asset/a"));
  EXPECT_TRUE(IsPersonId("mia"));
  EXPECT_FALSE(IsPersonId(""));
  EXPECT_FALSE(IsPersonId("mia@example.com"));
}

}  // namespace
}  // namespace finalmile::catalog::domain
