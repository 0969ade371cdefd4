#include "services/catalog/import/path.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/text.h"
#include "libs/text/words.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/import/publication.h"

namespace finalmile::catalog::import {
namespace {

using domain::Asset;

std::string_view WithoutExtension(std::string_view file) {
  const size_t dot = file.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? file : file.substr(0, dot);
}

// Folders that hold a site together and say nothing of what is in them.
bool IsContainer(std::string_view folder) {
  constexpr std::string_view kContainers[] = {"content", "contents", "docs", "doc",
                                              "pages",   "site",     "src",  "source"};
  const std::string lower = Lower(folder);
  return std::find(std::begin(kContainers), std::end(kContainers), lower) != std::end(kContainers) ||
         lower.ends_with("handbook");
}

// The first folder that does not only hold a site together; empty: there is none.
std::string_view FirstFolder(const std::vector<std::string_view>& parts) {
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (!IsContainer(parts[i])) return parts[i];
  }
  return {};
}

}  // namespace

std::vector<std::string_view> SplitPath(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

std::string CutCharacters(std::string_view text, size_t most) {
  size_t at = 0;
  for (size_t count = 0; at < text.size() && count < most; ++count) at += text::CharacterBytes(text, at);
  return std::string(Trim(text.substr(0, at)));
}

std::string TitleFromPath(const std::vector<std::string_view>& parts) {
  std::string_view name = WithoutExtension(parts.back());
  const std::string lower = Lower(name);
  if ((lower == "index" || lower == "readme" || lower == "_index") && parts.size() > 1)
    name = parts[parts.size() - 2];
  std::string title(name);
  std::replace_if(
      title.begin(), title.end(), [](char c) { return c == '-' || c == '_'; }, ' ');
  title = CutCharacters(Trim(title), domain::kMaxTitleCharacters);
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z')
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title.empty() ? "Untitled" : title;
}

void TagFromPath(const std::vector<std::string_view>& parts, Asset& asset) {
  struct Named {
    std::string_view folder;
    std::vector<std::string> domain::Tags::*values;
  };
  constexpr Named kNamed[] = {
      {"products", &domain::Tags::products},     {"personas", &domain::Tags::personas},
      {"industries", &domain::Tags::industries}, {"stages", &domain::Tags::stages},
      {"situations", &domain::Tags::situations}, {"competitors", &domain::Tags::competitors},
  };
  // A list that the front matter gives is the whole list.
  const domain::Tags given = asset.tags;
  const auto add = [&](std::vector<std::string> domain::Tags::*values, std::string_view value) {
    if ((given.*values).empty() && Characters(value) <= domain::kMaxTagCharacters &&
        (asset.tags.*values).size() < domain::kMaxTagValues) {
      (asset.tags.*values).emplace_back(value);
    }
  };
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const std::string folder = Lower(parts[i]);
    if (std::find(std::begin(domain::kStages), std::end(domain::kStages), folder) !=
        std::end(domain::kStages)) {
      add(&domain::Tags::stages, folder);
    }
    constexpr std::string_view kLanguages[] = {"de", "en", "es", "fr", "it", "ja", "ko",
                                               "nl", "pl", "pt", "ru", "sv", "zh"};
    if (given.language.empty() &&
        std::find(std::begin(kLanguages), std::end(kLanguages), folder) != std::end(kLanguages)) {
      asset.tags.language = folder;
    }
    if (i + 2 >= parts.size()) continue;
    for (const Named& named : kNamed) {
      if (folder == named.folder && named.values != &domain::Tags::stages) add(named.values, parts[i + 1]);
    }
  }
}

void AudienceFromPath(const std::vector<std::string_view>& parts, std::string_view fallback, Asset& asset) {
  std::string* audience = nullptr;
  if (auto* training = std::get_if<domain::MessageTraining>(&asset.details)) audience = &training->audience;
  if (auto* pack = std::get_if<domain::AttackPack>(&asset.details)) audience = &pack->audience;
  if (audience == nullptr || !Trim(*audience).empty()) return;
  const std::string_view folder = FirstFolder(parts);
  *audience = std::string(folder.empty() ? fallback : folder);
}

void PublicationFromPath(const std::vector<std::string_view>& parts, Publication& publication) {
  const auto in = [&](std::string_view folder) {
    return std::find(parts.begin(), parts.end() - 1, folder) != parts.end() - 1;
  };
  if (publication.withheld.empty() && in("_drafts")) publication.withheld = "it is in _drafts";
  if (!publication.from && in("_posts"))
    publication.from = ParseWhen(parts.back().substr(0, 10), /*earlier=*/false);
}

bool SaysAudience(std::string_view path) { return !FirstFolder(SplitPath(path)).empty(); }

std::string WrongPath(std::string_view path) {
  if (path.empty()) return "the path is empty";
  if (path.size() > kMaxPathBytes) return fmt::format("the path is longer than {} bytes", kMaxPathBytes);
  if (text::ValidUtf8(path) < path.size()) return "the path is no UTF-8";
  if (std::any_of(path.begin(), path.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
    return "the path holds a control character";
  }
  for (const std::string_view part : SplitPath(path)) {
    if (part.empty()) return "the path must be relative, with one / between its parts";
    if (part == "." || part == "..") return "the path must not hold . or ..";
  }
  return "";
}

domain::AssetId AssetIdOf(std::string_view source, std::string_view path, int attempt) {
  std::string_view stem = path;
  bool exact = path.ends_with(".md") && source.find('_') == std::string_view::npos && attempt == 0;
  if (path.ends_with(".md")) stem.remove_suffix(3);
  std::string id(source);
  id += '_';
  for (const char c : stem) {
    if (c == '/') {
      id += '_';
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-') {
      id += c;
    } else {
      exact = false;
      // One hyphen for a run of what an id cannot hold.
      const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : '-';
      if (lower != '-' || id.back() != '-') id += lower;
    }
  }
  if (exact && id.size() <= domain::kMaxAssetId) return domain::AssetId(std::move(id));
  constexpr size_t kSuffix = 18;
  if (id.size() > domain::kMaxAssetId - kSuffix) id.resize(domain::kMaxAssetId - kSuffix);
  std::string key = fmt::format("{}\n{}", source, path);
  if (attempt > 0) key += fmt::format("\n{}", attempt);
  return domain::AssetId(fmt::format("{}__{:016x}", id, StableHash(key)));
}

}  // namespace finalmile::catalog::import
