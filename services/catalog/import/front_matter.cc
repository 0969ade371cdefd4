#include "services/catalog/import/front_matter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <type_traits>
#include <utility>

#include "libs/base/text.h"
#include "libs/config/schema.h"
#include "libs/config/yaml.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/domain/merge.h"

namespace finalmile::catalog::import {
namespace {

using domain::Asset;

// Keys of Jekyll, Hugo, Eleventy, Docusaurus, MkDocs, Next.js and their like that say how a page is shown.
constexpr std::array<std::string_view, 54> kForeign = {"aliases",
                                                       "author",
                                                       "authors",
                                                       "category",
                                                       "categories",
                                                       "comments",
                                                       "created",
                                                       "css",
                                                       "custom_edit_url",
                                                       "date",
                                                       "description",
                                                       "draft",
                                                       "eleventynavigation",
                                                       "excerpt",
                                                       "head",
                                                       "hero",
                                                       "hide",
                                                       "hide_table_of_contents",
                                                       "hide_title",
                                                       "id",
                                                       "image",
                                                       "images",
                                                       "keywords",
                                                       "lastmod",
                                                       "layout",
                                                       "meta",
                                                       "menu",
                                                       "modified",
                                                       "navgroup",
                                                       "nav_order",
                                                       "navorder",
                                                       "navtitle",
                                                       "nav_title",
                                                       "next",
                                                       "order",
                                                       "pagination_label",
                                                       "parent",
                                                       "permalink",
                                                       "prev",
                                                       "published",
                                                       "sidebar",
                                                       "sidebar_label",
                                                       "sidebar_position",
                                                       "slug",
                                                       "tags",
                                                       "taxonomies",
                                                       "template",
                                                       "toc",
                                                       "type",
                                                       "updated",
                                                       "url",
                                                       "version",
                                                       "weight",
                                                       "markdown_extensions"};

bool Foreign(std::string_view key) {
  const std::string lower = Lower(key);
  return std::find(kForeign.begin(), kForeign.end(), lower) != kForeign.end();
}

class Reader {
 public:
  Reader(const Split& split, Asset& asset, Lines& lines, Problems& problems,
         std::vector<std::string>& ignored)
      : split_(split), asset_(asset), lines_(lines), problems_(problems), ignored_(ignored) {}

  void Run() {
    try {
      const YAML::Node top = config::LoadYaml(std::string(split_.front_matter));
      if (top.IsNull()) return;
      if (!top.IsMap()) return Add(LineOf(top), "the front matter must be a mapping, key: value");
      ReadMapping(top);
    } catch (const YAML::Exception& error) {
      Add(error.mark.is_null() ? split_.first_line : split_.first_line + error.mark.line,
          fmt::format("in the front matter: {}", error.msg));
    }
  }

 private:
  using Take = std::function<void(const YAML::Node&)>;

  void Add(int line, std::string reason) { problems_.Add(line, std::move(reason)); }
  int LineOf(const YAML::Node& node) const {
    return node.Mark().is_null() ? split_.first_line : split_.first_line + node.Mark().line;
  }

  // Scalars as they are written; anything else is a problem.
  std::string Text(const YAML::Node& node, std::string_view key) {
    if (node.IsScalar()) return node.Scalar();
    Add(LineOf(node), fmt::format("{} must be one text", key));
    return "";
  }
  std::vector<std::string> Texts(const YAML::Node& node, std::string_view key) {
    std::vector<std::string> texts;
    if (!node.IsSequence()) {
      texts.push_back(Text(node, key));
      return texts;
    }
    for (const YAML::Node& item : node) texts.push_back(Text(item, key));
    return texts;
  }

  // A mapping with no other keys than `fields`.
  void Fields(const YAML::Node& node, std::string_view key,
              const std::vector<std::pair<std::string, Take>>& fields) {
    if (!node.IsMap()) return Add(LineOf(node), fmt::format("{} must hold mappings, key: value", key));
    for (const auto& entry : node) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const auto field =
          std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
      if (field == fields.end()) {
        Add(LineOf(entry.first), fmt::format("{} has no {}", key, name.empty() ? "such key" : name));
      } else if (!entry.second.IsNull()) {
        field->second(entry.second);
      }
    }
  }
  void Items(const YAML::Node& node, std::string_view key, const Take& take) {
    if (!node.IsSequence()) return Add(LineOf(node), fmt::format("{} must be a list", key));
    for (const YAML::Node& item : node) take(item);
  }

  Take Into(std::string_view key, std::string& target) {
    return [this, key, &target](const YAML::Node& node) { target = Text(node, key); };
  }
  Take Into(std::string_view key, std::vector<std::string>& target) {
    return [this, key, &target](const YAML::Node& node) { target = Texts(node, key); };
  }

  void ReadMapping(const YAML::Node& top) {
    // The kind first: it says which other keys there are.
    for (const auto& entry : top) {
      if (!entry.first.IsScalar() || entry.first.Scalar() != "kind") continue;
      const std::string name = Text(entry.second, "kind");
      asset_.kind = domain::ParseKind(name);
      if (asset_.kind == domain::AssetKind::kUnspecified) {
        Add(LineOf(entry.second), fmt::format("kind must be one of {}", Kinds()));
        return;
      }
    }
    asset_.details = domain::EmptyDetails(asset_.kind);
    const std::map<std::string, std::pair<std::string, Take>> keys = Keys();
    for (const auto& entry : top) {
      if (!entry.first.IsScalar()) {
        Add(LineOf(entry.first), "a key of the front matter must be one word");
        continue;
      }
      const std::string& written = entry.first.Scalar();
      std::string key = written;
      std::replace(key.begin(), key.end(), '-', '_');
      const auto known = keys.find(key);
      if (known == keys.end()) {
        Unknown(written, key, LineOf(entry.first), keys);
        continue;
      }
      const auto& [path, take] = known->second;
      if (!lines_.emplace(path, LineOf(entry.first)).second) {
        Add(LineOf(entry.first), fmt::format("{} is given twice", key));
      } else if (!entry.second.IsNull()) {
        take(entry.second);
      }
    }
  }

  void Unknown(const std::string& written, const std::string& key, int line,
               const std::map<std::string, std::pair<std::string, Take>>& keys) {
    if (Foreign(written) || Foreign(key)) {
      ignored_.push_back(written);
      return;
    }
    // Finding out what was meant takes long.
    if (problems_.full()) return Add(line, "");
    for (int kind = 1; kind <= domain::kAssetKinds; ++kind) {
      Asset other;
      other.kind = static_cast<domain::AssetKind>(kind);
      other.details = domain::EmptyDetails(other.kind);
      std::map<std::string, std::pair<std::string, Take>> theirs;
      AddDetailKeys(other, theirs);
      if (!theirs.contains(key)) continue;
      return Add(line, fmt::format("{} belongs to the kind {}, and this page is a {}", written,
                                   domain::KindName(other.kind), domain::KindName(asset_.kind)));
    }
    std::vector<std::string> names;
    for (const auto& [name, field] : keys) names.push_back(name);
    const std::string nearest = config::Nearest(key, names);
    Add(line, nearest.empty() ? fmt::format("unknown key {}; known are {}", written, fmt::join(names, ", "))
                              : fmt::format("unknown key {}; did you mean {}?", written, nearest));
  }

  static std::string Kinds() {
    std::string kinds;
    for (int kind = 1; kind <= domain::kAssetKinds; ++kind) {
      if (kind > 1) kinds += ", ";
      kinds += domain::KindName(static_cast<domain::AssetKind>(kind));
    }
    return kinds;
  }

  // Key → path below the asset, and how its value is taken.
  std::map<std::string, std::pair<std::string, Take>> Keys() {
    std::map<std::string, std::pair<std::string, Take>> keys;
    const auto add = [&](std::string key, std::string path, Take take) {
      keys.emplace(std::move(key), std::pair(std::move(path), std::move(take)));
    };
    add("kind", "kind", [](const YAML::Node&) {});
    add("title", "title", Into("title", asset_.title));
    add("owner", "owner", Into("owner", asset_.owner));
    add("summary", "summary", Into("summary", asset_.summary));
    add("merge_fields", "merge_fields", [this](const YAML::Node& node) { ReadMergeFields(node); });
    add("products", "tags.products", Into("products", asset_.tags.products));
    add("personas", "tags.personas", Into("personas", asset_.tags.personas));
    add("industries", "tags.industries", Into("industries", asset_.tags.industries));
    add("stages", "tags.stages", Into("stages", asset_.tags.stages));
    add("situations", "tags.situations", Into("situations", asset_.tags.situations));
    add("competitors", "tags.competitors", Into("competitors", asset_.tags.competitors));
    add("language", "tags.language", Into("language", asset_.tags.language));
    AddDetailKeys(asset_, keys);
    return keys;
  }

  void AddDetailKeys(Asset& asset, std::map<std::string, std::pair<std::string, Take>>& keys) {
    const auto add = [&](std::string_view key, Take take) {
      keys.emplace(key,
                   std::pair(fmt::format("{}.{}", domain::DetailsName(asset.details), key), std::move(take)));
    };
    const auto add_text = [&](std::string_view key, auto& target) { add(key, Into(key, target)); };
    std::visit(
        [&](auto& details) {
          using T = std::decay_t<decltype(details)>;
          if constexpr (std::is_same_v<T, domain::BattleCard>) {
            add_text("competitor", details.competitor);
            add("claims", [this, &details](const YAML::Node& node) {
              Items(node, "claims", [&](const YAML::Node& item) {
                auto& claim = details.claims.emplace_back();
                Fields(item, "claims",
                       {{"claim", Into("claim", claim.claim)}, {"answer", Into("answer", claim.answer)}});
              });
            });
          } else if constexpr (std::is_same_v<T, domain::EmailTemplate>) {
            add_text("subject", details.subject);
          } else if constexpr (std::is_same_v<T, domain::PhoneScript>) {
            add_text("opening", details.opening);
            add_text("questions", details.questions);
            add("objections", [this, &details](const YAML::Node& node) {
              Items(node, "objections", [&](const YAML::Node& item) {
                auto& objection = details.objections.emplace_back();
                Fields(item, "objections",
                       {{"objection", Into("objection", objection.objection)},
                        {"answer", Into("answer", objection.answer)}});
              });
            });
          } else if constexpr (std::is_same_v<T, domain::VoicemailScript>) {
            add_text("call_back_line", details.call_back_line);
          } else if constexpr (std::is_same_v<T, domain::VitoLetter>) {
            add_text("benefit", details.benefit);
            add_text("call_time", details.call_time);
          } else if constexpr (std::is_same_v<T, domain::Collateral>) {
            add_text("product", details.product);
            add_text("link", details.link);
          } else if constexpr (std::is_same_v<T, domain::CaseStudy>) {
            add_text("customer", details.customer);
            add_text("industry", details.industry);
            add_text("before", details.before);
            add_text("after", details.after);
            add_text("result", details.result);
          } else if constexpr (std::is_same_v<T, domain::Testimonial>) {
            add_text("quote", details.quote);
            add_text("speaker_role", details.speaker_role);
            add_text("permission", details.permission);
          } else if constexpr (std::is_same_v<T, domain::AttackPack>) {
            add_text("competitor", details.competitor);
            add_text("audience", details.audience);
            add("steps", [this, &details](const YAML::Node& node) {
              Items(node, "steps", [&](const YAML::Node& item) {
                auto& step = details.steps.emplace_back();
                if (item.IsScalar()) {
                  step.text = item.Scalar();
                } else {
                  Fields(item, "steps",
                         {{"text", Into("text", step.text)}, {"assets", Into("assets", step.assets)}});
                }
              });
            });
          } else if constexpr (std::is_same_v<T, domain::MessageTraining>) {
            add_text("audience", details.audience);
            add_text("messages", details.messages);
          } else if constexpr (std::is_same_v<T, domain::TalkTrackSource>) {
            add_text("situation", details.situation);
          }
        },
        asset.details);
  }

  void ReadMergeFields(const YAML::Node& node) {
    if (!node.IsMap()) {
      for (std::string& name : Texts(node, "merge_fields"))
        asset_.merge_fields.push_back({std::move(name), {}, ""});
      return;
    }
    for (const auto& entry : node) {
      domain::MergeField field;
      field.name = Text(entry.first, "merge_fields");
      if (entry.second.IsMap()) {
        Fields(entry.second, "merge_fields",
               {{"default", [&](const YAML::Node& value) { field.default_value = Text(value, "default"); }},
                {"description", Into("description", field.description)}});
      } else if (!entry.second.IsNull()) {
        field.default_value = Text(entry.second, "merge_fields");
      }
      asset_.merge_fields.push_back(std::move(field));
    }
  }

  const Split& split_;
  Asset& asset_;
  Lines& lines_;
  Problems& problems_;
  std::vector<std::string>& ignored_;
};

}  // namespace

void ReadFrontMatter(const Split& split, Asset& asset, Lines& lines, Problems& problems,
                     std::vector<std::string>& ignored) {
  Reader(split, asset, lines, problems, ignored).Run();
}

}  // namespace finalmile::catalog::import
