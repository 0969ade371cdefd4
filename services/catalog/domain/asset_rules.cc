#include "services/catalog/domain/asset_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/text.h"
#include "libs/base/violation.h"
#include "services/catalog/domain/merge.h"

namespace finalmile::catalog::domain {
namespace {

constexpr std::string_view kAssetPrefix = "assets/";

void TrimIn(std::string& text) { text = std::string(Trim(text)); }

// Trims, and drops empty values and repetitions; the first one stays.
void NormaliseTags(std::vector<std::string>& values) {
  std::set<std::string, std::less<>> seen;
  std::vector<std::string> kept;
  for (const std::string& value : values) {
    const std::string_view trimmed = Trim(value);
    if (!trimmed.empty() && seen.emplace(trimmed).second) kept.emplace_back(trimmed);
  }
  values = std::move(kept);
}

bool IsStage(std::string_view value) {
  return std::find(std::begin(kStages), std::end(kStages), value) != std::end(kStages);
}

void CheckMergeFields(const Asset& asset, Violations& violations) {
  violations.Count("merge_fields", asset.merge_fields.size(), kMaxMergeFields);
  std::set<std::string_view> seen;
  for (size_t i = 0; i < asset.merge_fields.size(); ++i) {
    const MergeField& field = asset.merge_fields[i];
    const std::string path = fmt::format("merge_fields[{}]", i);
    if (!IsMergeFieldName(field.name)) {
      violations.Add(path + ".name", "must be [a-z][a-z0-9_]*, at most 64 characters");
    } else if (!seen.insert(field.name).second) {
      violations.Add(path + ".name", fmt::format("{} is declared twice", field.name));
    }
    if (field.default_value.has_value()) {
      violations.Length(path + ".default_value", *field.default_value, 0, kMaxMergeValueCharacters);
    }
    violations.Length(path + ".description", field.description, 0, kMaxMergeDescriptionCharacters);
  }
  const size_t found = MergeFieldsOf(asset).size();
  if (found > kMaxMergeFields) {
    violations.Add("body", fmt::format("at most {} different merge fields, not {}", kMaxMergeFields, found));
  }
}

void CheckTags(const Tags& tags, Violations& violations) {
  constexpr std::string_view kPlurals[] = {"products",   "personas",    "industries", "stages",
                                           "situations", "competitors", "keywords"};
  size_t list = 0;
  for (const TagList& tag : kTagLists) {
    const std::string path = fmt::format("tags.{}", kPlurals[list++]);
    const std::vector<std::string>& values = tags.*tag.values;
    violations.Count(path, values.size(), kMaxTagValues);
    for (size_t i = 0; i < values.size(); ++i) {
      violations.Length(fmt::format("{}[{}]", path, i), values[i], 1, kMaxTagCharacters);
    }
  }
  for (size_t i = 0; i < tags.stages.size(); ++i) {
    if (!IsStage(tags.stages[i])) {
      violations.Add(fmt::format("tags.stages[{}]", i),
                     "must be prospecting, discovery, evaluation or closing");
    }
  }
  if (!IsLanguageTag(tags.language))
    violations.Add("tags.language", "must be a language tag, such as en, de or pt-BR");
}

void CheckDetails(const Asset& asset, Violations& violations) {
  if (asset.details.index() != EmptyDetails(asset.kind).index()) {
    violations.Add(std::string(DetailsName(asset.details)),
                   fmt::format("does not belong to the kind {}", KindName(asset.kind)));
    return;
  }
  for (const DetailText& detail : DetailTexts(asset)) {
    violations.Length(detail.path, detail.text, 0, kMaxDetailCharacters);
  }
  const auto count = [&](std::string_view field, size_t items) {
    violations.Count(fmt::format("{}.{}", DetailsName(asset.details), field), items, kMaxDetailItems);
  };
  if (const auto* card = std::get_if<BattleCard>(&asset.details)) count("claims", card->claims.size());
  if (const auto* script = std::get_if<PhoneScript>(&asset.details)) {
    count("questions", script->questions.size());
    count("objections", script->objections.size());
  }
  if (const auto* training = std::get_if<MessageTraining>(&asset.details)) {
    count("messages", training->messages.size());
  }
  if (const auto* pack = std::get_if<AttackPack>(&asset.details)) {
    count("steps", pack->steps.size());
    for (size_t i = 0; i < pack->steps.size(); ++i) {
      const std::vector<std::string>& assets = pack->steps[i].assets;
      count(fmt::format("steps[{}].assets", i), assets.size());
      for (size_t j = 0; j < assets.size(); ++j) {
        if (!IsAssetName(assets[j])) {
          violations.Add(fmt::format("attack_pack.steps[{}].assets[{}]", i, j), "must be assets/{asset}");
        }
      }
    }
  }
}

}  // namespace

bool IsAssetName(std::string_view name) {
  return name.starts_with(kAssetPrefix) && IsToken(name.substr(kAssetPrefix.size()), kMaxAssetId, "_-");
}

bool IsPersonId(std::string_view id) {
  const size_t length = Characters(id);
  return length >= 1 && length <= kMaxOwnerCharacters && id.find('@') == std::string_view::npos &&
         Trim(id) == id;
}

void Normalise(Asset& asset) {
  TrimIn(asset.title);
  TrimIn(asset.owner);
  TrimIn(asset.summary);
  for (const TagList& tag : kTagLists) NormaliseTags(asset.tags.*tag.values);
  for (std::string& stage : asset.tags.stages) stage = Lower(stage);
  TrimIn(asset.tags.language);
  if (asset.tags.language.empty()) asset.tags.language = "en";
  if (asset.details.index() == 0) asset.details = EmptyDetails(asset.kind);
}

std::vector<Violation> Validate(const Asset& asset) {
  Violations violations;
  if (asset.kind == AssetKind::kUnspecified) violations.Add("kind", "is required");
  violations.Length("title", asset.title, 1, kMaxTitleCharacters);
  violations.Length("owner", asset.owner, 1, kMaxOwnerCharacters);
  if (asset.owner.find('@') != std::string::npos) violations.Add("owner", "must not be an e-mail address");
  if (Trim(asset.body).empty()) {
    violations.Add("body", "is required");
  } else if (asset.body.size() > kMaxBodyBytes) {
    violations.Add("body", "at most 1 MiB");
  }
  violations.Length("summary", asset.summary, 0, kMaxSummaryCharacters);
  CheckMergeFields(asset, violations);
  CheckTags(asset.tags, violations);
  CheckDetails(asset, violations);
  return violations.Take();
}

void KeepValidTags(Tags& tags) {
  for (const TagList& tag : kTagLists) {
    std::vector<std::string>& values = tags.*tag.values;
    std::erase_if(values, [](const std::string& value) { return Characters(value) > kMaxTagCharacters; });
    if (tag.values == &Tags::stages) {
      std::erase_if(values, [](const std::string& value) { return !IsStage(value); });
    }
    if (values.size() > kMaxTagValues) values.resize(kMaxTagValues);
  }
}

}  // namespace finalmile::catalog::domain
