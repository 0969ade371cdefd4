#include "services/catalog/import/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "libs/base/text.h"
#include "libs/text/words.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/domain/markdown.h"
#include "services/catalog/import/front_matter.h"
#include "services/catalog/import/path.h"
#include "services/catalog/import/split.h"

namespace finalmile::catalog::import {
namespace {

using domain::Asset;

int LineOf(std::string_view content, size_t offset) {
  return 1 + static_cast<int>(
                 std::count(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

// The first line of `text` that is not `title`; empty: there is none.
std::string_view FirstLine(std::string_view text, std::string_view title) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    if (!line.empty() && line != title) return line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

// The headings of the highest level but for the title's: one that the title was taken from, and the first one
// where it is of level 1. Without any the first paragraph, or in a page of lists and tables the first line.
void MessagesFromText(const domain::PlainText& plain, bool gave_title, Asset& asset) {
  auto* training = std::get_if<domain::MessageTraining>(&asset.details);
  if (training == nullptr) return;
  if (std::any_of(training->messages.begin(), training->messages.end(),
                  [](const std::string& message) { return !Trim(message).empty(); })) {
    return;
  }
  training->messages.clear();
  const std::vector<domain::Heading>& headings = plain.headings;
  const bool titled = !headings.empty() && (gave_title || headings.front().level == 1);
  const auto begin = headings.begin() + (titled ? 1 : 0);
  const auto highest =
      std::min_element(begin, headings.end(),
                       [](const domain::Heading& a, const domain::Heading& b) { return a.level < b.level; });
  for (auto heading = begin; heading != headings.end(); ++heading) {
    if (heading->level != highest->level || training->messages.size() == domain::kMaxDetailItems) continue;
    std::string message = CutCharacters(heading->text, domain::kMaxDetailCharacters);
    if (std::find(training->messages.begin(), training->messages.end(), message) == training->messages.end())
      training->messages.push_back(std::move(message));
  }
  if (!training->messages.empty()) return;
  const std::string_view first = plain.first_paragraph.empty()
                                     ? FirstLine(plain.text, titled ? headings.front().text : "")
                                     : std::string_view(plain.first_paragraph);
  if (!first.empty()) training->messages.push_back(CutCharacters(first, domain::kMaxDetailCharacters));
}

// "Using **`make`**" is "Using make". Of a text that may hold a tag nothing is left out.
std::string WithoutMarks(std::string_view title) {
  std::string line(Trim(title));
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (line.find_first_of("*_`[{") == std::string::npos || line.find('<') != std::string::npos) return line;
  const std::vector<domain::Heading> headings = domain::ToPlainText("# " + line).headings;
  return headings.empty() ? line : headings.front().text;
}

// Whether a reader sees anything: comments and the shortcodes of site generators ({{< children >}}, {%
// include x %}) are no text.
bool HasText(std::string_view body) {
  constexpr std::pair<std::string_view, std::string_view> kUnseen[] = {
      {"<!--", "-->"}, {"{{<", ">}}"}, {"{{%", "%}}"}, {"{%", "%}"}};
  for (body = Trim(body); !body.empty(); body = Trim(body)) {
    const auto* const unseen = std::find_if(std::begin(kUnseen), std::end(kUnseen),
                                            [&](const auto& pair) { return body.starts_with(pair.first); });
    const size_t end = unseen == std::end(kUnseen) ? std::string_view::npos : body.find(unseen->second);
    if (end == std::string_view::npos) return true;
    body.remove_prefix(end + unseen->second.size());
  }
  return false;
}

// Statements of MDX with which a page begins: they load its components and are no text.
std::string_view WithoutImports(std::string_view body) {
  while (true) {
    const size_t begin = std::min(body.find_first_not_of(" \t\r\n"), body.size());
    const std::string_view line = body.substr(begin, body.substr(begin).find('\n'));
    const bool from =
        line.find(" from ") != std::string_view::npos || line.find(" from\"") != std::string_view::npos;
    const bool import = line.starts_with("import \"") || line.starts_with("import '") ||
                        (line.starts_with("import ") && (from || line.find('{') == 7) &&
                         line.find_first_of("'\"{") != std::string_view::npos);
    const bool exported = line.starts_with("export const ") || line.starts_with("export default ") ||
                          line.starts_with("export function ");
    if (!import && !exported) return body;
    // A statement ends at a blank line, and an import at the end of its text.
    size_t end =
        body.find(exported || line.find_last_of("'\"") == std::string_view::npos ? "\n\n" : "\n", begin);
    end = std::min(end, body.size());
    body.remove_prefix(end);
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

// Takes out of `asset` what cannot be kept of it, and says so.
void Repair(const Defaults& defaults, const Lines& lines, Asset& asset, Problems& warnings) {
  std::set<std::string, std::less<>> lists;
  for (const Violation& violation : domain::Validate(asset)) {
    const std::string& field = violation.field;
    std::string done = "it is left out";
    if (field == "title" && !asset.title.empty()) {
      asset.title = CutCharacters(asset.title, domain::kMaxTitleCharacters);
      done = "it is cut";
    } else if (field == "summary") {
      asset.summary = CutCharacters(asset.summary, domain::kMaxSummaryCharacters);
      done = "it is cut";
    } else if (field == "owner" && !asset.owner.empty() && asset.owner != defaults.owner) {
      asset.owner = defaults.owner;
      done = fmt::format("{} is taken", defaults.owner);
    } else if (field == "tags.language") {
      asset.tags.language = "en";
      done = "en is taken";
    } else if (field.starts_with("tags.")) {
      lists.insert(field.substr(0, field.find('[')));
      if (field.back() != ']') done = "the others are left out";
    } else {
      continue;
    }
    warnings.Add(LineOfField(field, lines), fmt::format("{}; {}", ToText(violation), done));
  }
  if (!lists.empty()) domain::KeepValidTags(asset.tags);
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
  if (split.open) {
    return Rejected(split.fence == "{" ? split.first_line : split.first_line - 1,
                    split.fence == "{"
                        ? "the front matter that begins here is not closed by a bracket }"
                        : fmt::format("the front matter that begins here is not closed by a line {}",
                                      split.fence.substr(0, 3)));
  }
  if (split.front_matter.size() > kMaxFrontMatterBytes) {
    return Rejected(split.first_line, "the front matter is longer than 64 KiB; move text into the page");
  }

  Page page;
  Asset& asset = page.asset;
  asset.kind = defaults.kind;
  asset.details = domain::EmptyDetails(asset.kind);
  FrontMatter found = ReadFrontMatter(split, asset);
  page.publication = std::move(found.publication);
  page.ignored = std::move(found.ignored);
  if (!found.problems.empty()) {
    page.problems = found.problems.Take();
    return page;
  }

  asset.body = std::string(WithoutImports(split.body));
  if (!HasText(asset.body) && !found.names_kind) {
    page.left_out = true;
    return page;
  }
  const std::vector<std::string_view> parts = SplitPath(path);
  const domain::PlainText plain = domain::ToPlainText(asset.body);
  asset.title = WithoutMarks(asset.title);
  const bool untitled = asset.title.empty();
  if (untitled && !plain.headings.empty())
    asset.title = CutCharacters(plain.headings.front().text, domain::kMaxTitleCharacters);
  PublicationFromPath(parts, page.publication);
  MessagesFromText(plain, untitled, asset);
  if (Trim(asset.title).empty()) asset.title = TitleFromPath(parts);
  if (Trim(asset.owner).empty()) asset.owner = defaults.owner;
  TagFromPath(parts, asset);
  AudienceFromPath(parts, defaults.audience, asset);
  domain::Normalise(asset);
  Repair(defaults, found.lines, asset, found.warnings);
  page.warnings = found.warnings.Take();
  for (const Violation& violation : domain::Validate(asset)) {
    found.problems.Add(LineOfField(violation.field, found.lines), ToText(violation));
  }
  page.problems = found.problems.Take();
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
  require(domain::IsAssetName(domain::AssetName(AssetIdOf("fuzz", path))));
  const int last_line = LineOf(content, content.size());
  for (const std::vector<Problem>* list : {&page.problems, &page.warnings}) {
    require(list->size() <= kMaxProblems + 1);
    for (const Problem& problem : *list) {
      require(!problem.reason.empty());
      require(problem.line >= 0 && problem.line <= last_line + 1);
    }
  }
  if (!page.problems.empty() || page.left_out) return false;
  require(domain::Validate(page.asset).empty());
  Asset again = page.asset;
  domain::Normalise(again);
  require(again == page.asset);
  require(domain::Missing(page.asset) == page.missing);
  return true;
}

}  // namespace finalmile::catalog::import
