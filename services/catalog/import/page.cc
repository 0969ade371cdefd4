#include "services/catalog/import/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "libs/base/text.h"
#include "libs/text/words.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/domain/markdown.h"
#include "services/catalog/import/front_matter.h"

namespace finalmile::catalog::import {
namespace {

using domain::Asset;

std::vector<std::string_view> SplitPath(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

std::string_view WithoutExtension(std::string_view file) {
  const size_t dot = file.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? file : file.substr(0, dot);
}

int LineOf(std::string_view content, size_t offset) {
  return 1 + static_cast<int>(
                 std::count(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

// Folders that hold a site together and say nothing of what is in them.
bool IsContainer(std::string_view folder) {
  constexpr std::string_view kContainers[] = {"content", "contents", "docs", "doc",
                                              "pages",   "site",     "src",  "source"};
  const std::string lower = Lower(folder);
  return std::find(std::begin(kContainers), std::end(kContainers), lower) != std::end(kContainers) ||
         lower.ends_with("handbook");
}

std::string CutCharacters(std::string_view text, size_t most) {
  size_t at = 0;
  for (size_t count = 0; at < text.size() && count < most; ++count) at += text::CharacterBytes(text, at);
  return std::string(Trim(text.substr(0, at)));
}

// "how-to-tickets.md" → "How to tickets"; an index is called like its folder.
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

void AudienceFromPath(const std::vector<std::string_view>& parts, Asset& asset) {
  std::string* audience = nullptr;
  if (auto* training = std::get_if<domain::MessageTraining>(&asset.details)) audience = &training->audience;
  if (auto* pack = std::get_if<domain::AttackPack>(&asset.details)) audience = &pack->audience;
  if (audience == nullptr || !Trim(*audience).empty()) return;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (IsContainer(parts[i])) continue;
    *audience = std::string(parts[i]);
    return;
  }
}

// The headings of the highest level but for the title's: one that the title was taken from, and the first one
// where it is of level 1.
void MessagesFromHeadings(const std::vector<domain::Heading>& headings, bool gave_title, Asset& asset) {
  auto* training = std::get_if<domain::MessageTraining>(&asset.details);
  if (training == nullptr || headings.empty()) return;
  if (std::any_of(training->messages.begin(), training->messages.end(),
                  [](const std::string& message) { return !Trim(message).empty(); })) {
    return;
  }
  training->messages.clear();
  const auto begin = headings.begin() + (gave_title || headings.front().level == 1 ? 1 : 0);
  const auto highest =
      std::min_element(begin, headings.end(),
                       [](const domain::Heading& a, const domain::Heading& b) { return a.level < b.level; });
  for (auto heading = begin; heading != headings.end(); ++heading) {
    if (heading->level != highest->level || training->messages.size() == domain::kMaxDetailItems) continue;
    std::string message = CutCharacters(heading->text, domain::kMaxDetailCharacters);
    if (std::find(training->messages.begin(), training->messages.end(), message) == training->messages.end())
      training->messages.push_back(std::move(message));
  }
}

// The line of the field or of the longest path above it that was given; 0: none was.
int LineOfField(std::string_view field, const Lines& lines) {
  while (true) {
    if (const auto line = lines.find(field); line != lines.end()) return line->second;
    const size_t cut = field.find_last_of(".[");
    if (cut == std::string_view::npos) return 0;
    field = field.substr(0, cut);
  }
}

Page Rejected(int line, std::string reason) {
  Page page;
  page.problems.push_back({line, std::move(reason)});
  return page;
}

}  // namespace

void Problems::Add(int line, std::string reason) {
  if (full()) {
    ++more_;
  } else {
    kept_.push_back({line, CutCharacters(reason, kMaxProblemCharacters)});
  }
}

std::vector<Problem> Problems::Take() {
  std::stable_sort(kept_.begin(), kept_.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  if (more_ > 0) kept_.push_back({0, fmt::format("and {} more", more_)});
  return std::move(kept_);
}

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

std::string AssetIdOf(std::string_view source, std::string_view path) {
  std::string_view stem = path;
  bool exact = path.ends_with(".md") && source.find('_') == std::string_view::npos;
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
  if (exact && id.size() <= domain::kMaxAssetId) return id;
  constexpr size_t kSuffix = 18;
  if (id.size() > domain::kMaxAssetId - kSuffix) id.resize(domain::kMaxAssetId - kSuffix);
  std::string key(source);
  key += '\n';
  key += path;
  return fmt::format("{}__{:016x}", id, StableHash(key));
}

Page ReadPage(std::string_view path, std::string_view content, const Defaults& defaults) {
  if (std::string wrong = WrongPath(path); !wrong.empty()) return Rejected(0, std::move(wrong));
  if (content.size() > kMaxPageBytes) return Rejected(0, "the page is longer than 1 MiB; split it");
  if (const size_t valid = text::ValidUtf8(content); valid < content.size()) {
    return Rejected(LineOf(content, valid), "the page is no UTF-8 here; save it as UTF-8");
  }
  if (const size_t nul = content.find('\0'); nul != std::string_view::npos) {
    return Rejected(LineOf(content, nul), "the page holds U+0000; is it a text?");
  }
  const Split split = SplitFrontMatter(content);
  if (split.open)
    return Rejected(split.first_line - 1, "the front matter that begins here is not closed by a line ---");
  if (split.front_matter.size() > kMaxFrontMatterBytes) {
    return Rejected(split.first_line, "the front matter is longer than 64 KiB; move text into the page");
  }

  Page page;
  Asset& asset = page.asset;
  asset.kind = defaults.kind;
  asset.details = domain::EmptyDetails(asset.kind);
  Lines lines;
  Problems problems;
  ReadFrontMatter(split, asset, lines, problems, page.ignored);
  if (!problems.empty()) {
    page.problems = problems.Take();
    return page;
  }

  const std::vector<std::string_view> parts = SplitPath(path);
  asset.body = std::string(split.body);
  const std::vector<domain::Heading> headings = domain::ToPlainText(asset.body).headings;
  const bool untitled = Trim(asset.title).empty();
  if (untitled && !headings.empty())
    asset.title = CutCharacters(headings.front().text, domain::kMaxTitleCharacters);
  MessagesFromHeadings(headings, untitled, asset);
  if (Trim(asset.title).empty()) asset.title = TitleFromPath(parts);
  if (Trim(asset.owner).empty()) asset.owner = defaults.owner;
  TagFromPath(parts, asset);
  AudienceFromPath(parts, asset);
  domain::Normalise(asset);
  for (const Violation& violation : domain::Validate(asset)) {
    problems.Add(LineOfField(violation.field, lines), domain::ToText(violation));
  }
  page.problems = problems.Take();
  if (page.problems.empty()) page.missing = domain::Missing(asset);
  return page;
}

bool FuzzPage(std::string_view bytes) {
  const auto require = [](bool condition) {
    if (!condition) std::abort();
  };
  const size_t cut = bytes.find('\n');
  const std::string_view path = bytes.substr(0, cut);
  const std::string_view content = cut == std::string_view::npos ? std::string_view() : bytes.substr(cut + 1);
  const Page page = ReadPage(path, content, {"fuzz", domain::AssetKind::kMessageTraining, "mia"});
  if (!WrongPath(path).empty()) {
    require(!page.problems.empty());
    return false;
  }
  const std::string id = AssetIdOf("fuzz", path);
  require(domain::IsAssetName("assets/" + id));
  const int last_line = LineOf(content, content.size());
  require(page.problems.size() <= kMaxProblems + 1);
  for (const Problem& problem : page.problems) {
    require(!problem.reason.empty());
    require(problem.line >= 0 && problem.line <= last_line + 1);
  }
  if (!page.problems.empty()) return false;
  require(domain::Validate(page.asset).empty());
  Asset again = page.asset;
  domain::Normalise(again);
  require(again == page.asset);
  require(domain::Missing(page.asset) == page.missing);
  return true;
}

}  // namespace finalmile::catalog::import
