#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "services/catalog/import/front_matter.h"

namespace finalmile::catalog::import {
namespace {

// A mapping with the keys of `fields`; any other one gives a warning.
void TakeFields(const Matter& value, std::string_view name,
                const std::vector<std::pair<std::string, std::vector<std::string>*>>& lists,
                const std::vector<std::pair<std::string, std::string*>>& texts, Problems& faults,
                Problems& warnings) {
  if (value.kind != Matter::Kind::kMap)
    return faults.Add(value.line, fmt::format("{} must hold mappings, key: value", name));
  for (const Matter::Entry& entry : value.entries) {
    if (entry.value.kind == Matter::Kind::kNull) continue;
    const std::string key = FoldKey(entry.key);
    const auto text =
        std::find_if(texts.begin(), texts.end(), [&](const auto& field) { return field.first == key; });
    const auto list =
        std::find_if(lists.begin(), lists.end(), [&](const auto& field) { return field.first == key; });
    if (text != texts.end()) {
      Into(text->first, *text->second)(entry.value, faults, warnings);
    } else if (list != lists.end()) {
      Into(list->first, *list->second)(entry.value, faults, warnings);
    } else {
      warnings.Add(entry.line,
                   fmt::format("{} has no {}: it is not taken", name, key.empty() ? "such key" : entry.key));
    }
  }
}

void TakeItems(const Matter& value, std::string_view name, Problems& faults,
               const std::function<void(const Matter&)>& take) {
  if (value.kind != Matter::Kind::kList)
    return faults.Add(value.line, fmt::format("{} must be a list", name));
  for (const Matter& item : value.items) take(item);
}

// A list of mappings of two texts.
template <typename Pair>
Take IntoPairs(std::string name, std::vector<Pair>& pairs, std::string first, std::string Pair::*first_text,
               std::string second, std::string Pair::*second_text) {
  return [=, &pairs](const Matter& value, Problems& faults, Problems& warnings) {
    TakeItems(value, name, faults, [&](const Matter& item) {
      Pair& pair = pairs.emplace_back();
      TakeFields(item, name, {}, {{first, &(pair.*first_text)}, {second, &(pair.*second_text)}}, faults,
                 warnings);
    });
  };
}

Take IntoSteps(std::vector<domain::AttackPack::Step>& steps) {
  return [&steps](const Matter& value, Problems& faults, Problems& warnings) {
    TakeItems(value, "steps", faults, [&](const Matter& item) {
      auto& step = steps.emplace_back();
      if (item.kind == Matter::Kind::kText) {
        step.text = item.text;
      } else {
        TakeFields(item, "steps", {{"assets", &step.assets}}, {{"text", &step.text}}, faults, warnings);
      }
    });
  };
}

}  // namespace

void AddDetailKeys(domain::Asset& asset, Keys& keys) {
  const auto add = [&](std::string name, Take take) {
    std::string path = fmt::format("{}.{}", domain::DetailsName(asset.details), name);
    AddKey(std::move(name), std::move(path), std::move(take), keys);
  };
  const auto text = [&](const char* name, auto& target) { add(name, Into(name, target)); };
  std::visit(
      [&](auto& details) {
        using T = std::decay_t<decltype(details)>;
        if constexpr (std::is_same_v<T, domain::BattleCard>) {
          using Claim = domain::BattleCard::Claim;
          text("competitor", details.competitor);
          add("claims",
              IntoPairs("claims", details.claims, "claim", &Claim::claim, "answer", &Claim::answer));
        } else if constexpr (std::is_same_v<T, domain::EmailTemplate>) {
          text("subject", details.subject);
        } else if constexpr (std::is_same_v<T, domain::PhoneScript>) {
          using Objection = domain::PhoneScript::Objection;
          text("opening", details.opening);
          text("questions", details.questions);
          add("objections", IntoPairs("objections", details.objections, "objection", &Objection::objection,
                                      "answer", &Objection::answer));
        } else if constexpr (std::is_same_v<T, domain::VoicemailScript>) {
          text("call_back_line", details.call_back_line);
        } else if constexpr (std::is_same_v<T, domain::VitoLetter>) {
          text("benefit", details.benefit);
          text("call_time", details.call_time);
        } else if constexpr (std::is_same_v<T, domain::Collateral>) {
          text("product", details.product);
          text("link", details.link);
        } else if constexpr (std::is_same_v<T, domain::CaseStudy>) {
          text("customer", details.customer);
          text("industry", details.industry);
          text("before", details.before);
          text("after", details.after);
          text("result", details.result);
        } else if constexpr (std::is_same_v<T, domain::Testimonial>) {
          text("quote", details.quote);
          text("speaker_role", details.speaker_role);
          text("permission", details.permission);
        } else if constexpr (std::is_same_v<T, domain::AttackPack>) {
          text("competitor", details.competitor);
          text("audience", details.audience);
          add("steps", IntoSteps(details.steps));
        } else if constexpr (std::is_same_v<T, domain::MessageTraining>) {
          text("audience", details.audience);
          text("messages", details.messages);
        } else if constexpr (std::is_same_v<T, domain::TalkTrackSource>) {
          text("situation", details.situation);
        }
      },
      asset.details);
}

}  // namespace finalmile::catalog::import
