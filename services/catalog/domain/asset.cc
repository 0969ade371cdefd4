#include "services/catalog/domain/asset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "libs/base/text.h"

namespace finalmile::catalog::domain {
namespace {

constexpr std::array<std::string_view, kAssetKinds + 1> kKindNames = {"",
                                                                      "battle_card",
                                                                      "email_template",
                                                                      "phone_script",
                                                                      "voicemail_script",
                                                                      "vito_letter",
                                                                      "deck",
                                                                      "product_sheet",
                                                                      "case_study",
                                                                      "testimonial",
                                                                      "attack_pack",
                                                                      "demo",
                                                                      "message_training",
                                                                      "talk_track_source"};

constexpr std::array<std::string_view, std::variant_size_v<Details>> kDetailsNames = {
    "",           "battle_card", "email_template", "phone_script", "voicemail_script", "vito_letter",
    "collateral", "case_study",  "testimonial",    "attack_pack",  "message_training", "talk_track_source"};

}  // namespace

std::string_view KindName(AssetKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

AssetKind ParseKind(std::string_view name) {
  std::string wanted = Lower(Trim(name));
  std::replace_if(
      wanted.begin(), wanted.end(), [](char c) { return c == '-' || c == ' '; }, '_');
  const auto* const found = std::find(kKindNames.begin() + 1, kKindNames.end(), wanted);
  return found == kKindNames.end() ? AssetKind::kUnspecified
                                   : static_cast<AssetKind>(found - kKindNames.begin());
}

std::vector<DetailText> DetailTexts(const Asset& asset) {
  std::vector<DetailText> texts;
  const std::string name(DetailsName(asset.details));
  const auto add = [&](std::string_view field, std::string_view text) {
    texts.push_back({fmt::format("{}.{}", name, field), text});
  };
  const auto add_list = [&](std::string_view field, const std::vector<std::string>& list) {
    for (size_t i = 0; i < list.size(); ++i) add(fmt::format("{}[{}]", field, i), list[i]);
  };
  std::visit(
      [&](const auto& details) {
        using T = std::decay_t<decltype(details)>;
        if constexpr (std::is_same_v<T, BattleCard>) {
          add("competitor", details.competitor);
          for (size_t i = 0; i < details.claims.size(); ++i) {
            add(fmt::format("claims[{}].claim", i), details.claims[i].claim);
            add(fmt::format("claims[{}].answer", i), details.claims[i].answer);
          }
        } else if constexpr (std::is_same_v<T, EmailTemplate>) {
          add("subject", details.subject);
        } else if constexpr (std::is_same_v<T, PhoneScript>) {
          add("opening", details.opening);
          add_list("questions", details.questions);
          for (size_t i = 0; i < details.objections.size(); ++i) {
            add(fmt::format("objections[{}].objection", i), details.objections[i].objection);
            add(fmt::format("objections[{}].answer", i), details.objections[i].answer);
          }
        } else if constexpr (std::is_same_v<T, VoicemailScript>) {
          add("call_back_line", details.call_back_line);
        } else if constexpr (std::is_same_v<T, VitoLetter>) {
          add("benefit", details.benefit);
          add("call_time", details.call_time);
        } else if constexpr (std::is_same_v<T, Collateral>) {
          add("product", details.product);
          add("link", details.link);
        } else if constexpr (std::is_same_v<T, CaseStudy>) {
          add("customer", details.customer);
          add("industry", details.industry);
          add("before", details.before);
          add("after", details.after);
          add("result", details.result);
        } else if constexpr (std::is_same_v<T, Testimonial>) {
          add("quote", details.quote);
          add("speaker_role", details.speaker_role);
          add("permission", details.permission);
        } else if constexpr (std::is_same_v<T, AttackPack>) {
          add("competitor", details.competitor);
          add("audience", details.audience);
          for (size_t i = 0; i < details.steps.size(); ++i) {
            add(fmt::format("steps[{}].text", i), details.steps[i].text);
            add_list(fmt::format("steps[{}].assets", i), details.steps[i].assets);
          }
        } else if constexpr (std::is_same_v<T, MessageTraining>) {
          add("audience", details.audience);
          add_list("messages", details.messages);
        } else if constexpr (std::is_same_v<T, TalkTrackSource>) {
          add("situation", details.situation);
        }
      },
      asset.details);
  return texts;
}

Details EmptyDetails(AssetKind kind) {
  switch (kind) {
    case AssetKind::kUnspecified:
      return std::monostate();
    case AssetKind::kBattleCard:
      return BattleCard();
    case AssetKind::kEmailTemplate:
      return EmailTemplate();
    case AssetKind::kPhoneScript:
      return PhoneScript();
    case AssetKind::kVoicemailScript:
      return VoicemailScript();
    case AssetKind::kVitoLetter:
      return VitoLetter();
    case AssetKind::kDeck:
    case AssetKind::kProductSheet:
    case AssetKind::kDemo:
      return Collateral();
    case AssetKind::kCaseStudy:
      return CaseStudy();
    case AssetKind::kTestimonial:
      return Testimonial();
    case AssetKind::kAttackPack:
      return AttackPack();
    case AssetKind::kMessageTraining:
      return MessageTraining();
    case AssetKind::kTalkTrackSource:
      return TalkTrackSource();
  }
  return std::monostate();
}

std::string_view DetailsName(const Details& details) { return kDetailsNames[details.index()]; }

}  // namespace finalmile::catalog::domain
