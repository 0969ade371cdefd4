#include "services/catalog/domain/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "libs/base/text.h"
#include "services/catalog/domain/literal.h"

namespace finalmile::catalog::domain {
namespace {

// Bytes between braces that are looked at; keeps hostile text linear.
constexpr size_t kMaxInside = 320;

// Names in order of appearance, each once.
class Names {
 public:
  void Add(std::string_view name) {
    if (seen_.emplace(name).second) names_.emplace_back(name);
  }
  std::vector<std::string> Take() { return std::move(names_); }

 private:
  std::set<std::string, std::less<>> seen_;
  std::vector<std::string> names_;
};

// The text between the braces that open at `open`; npos for `end` when they do not close soon and on the
// line.
std::string_view Inside(std::string_view text, size_t open, size_t& end) {
  const std::string_view inside = text.substr(open + 2, kMaxInside);
  const size_t close = inside.find_first_of("}\n");
  if (close == std::string_view::npos || !inside.substr(close).starts_with("}}")) {
    end = std::string_view::npos;
    return {};
  }
  end = open + 2 + close + 2;
  return inside.substr(0, close);
}

std::string_view TrimSpaces(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

class Filler {
 public:
  Filler(const Asset& asset, const MergeValues& values, size_t most) : values_(values), left_(most) {
    for (const MergeField& field : asset.merge_fields) {
      if (field.default_value.has_value()) defaults_.emplace(field.name, *field.default_value);
    }
  }

  std::string Fill(std::string_view text, Names& unfilled) {
    std::string filled;
    for (const MergePiece& piece : SplitMergeFields(text)) {
      std::string_view stretch = piece.text;
      if (!piece.field.empty() && !Find(piece.field, stretch)) unfilled.Add(piece.field);
      if (stretch.size() > left_) {
        too_large_ = true;
      } else {
        left_ -= stretch.size();
        filled += stretch;
      }
    }
    return filled;
  }

  bool too_large() const { return too_large_; }

 private:
  // Sets `text` to the value of a field, if it has one.
  bool Find(std::string_view field, std::string_view& text) const {
    if (const auto value = values_.find(field); value != values_.end() && !Trim(value->second).empty()) {
      text = value->second;
      return true;
    }
    const auto fallback = defaults_.find(field);
    if (fallback == defaults_.end()) return false;
    text = fallback->second;
    return true;
  }

  const MergeValues& values_;
  std::map<std::string_view, std::string_view> defaults_;
  size_t left_;
  bool too_large_ = false;
};

}  // namespace

bool IsMergeFieldName(std::string_view name) { return IsName(name, kMaxMergeFieldName, "_"); }

std::vector<MergePiece> SplitMergeFields(std::string_view text) {
  std::vector<MergePiece> pieces;
  size_t literal = 0;
  size_t open = text.find("{{");
  const std::vector<Stretch> stretches =
      open == std::string_view::npos ? std::vector<Stretch>() : LiteralStretches(text);
  while (open != std::string_view::npos) {
    // The inner two braces of "{{{name}}" are the field's.
    while (open + 2 < text.size() && text[open + 2] == '{') ++open;
    size_t end = 0;
    const std::string_view name = TrimSpaces(Inside(text, open, end));
    if (end != std::string_view::npos && IsMergeFieldName(name) && !StandsForItself(text, open, stretches)) {
      if (open > literal) pieces.push_back({text.substr(literal, open - literal), {}});
      pieces.push_back({text.substr(open, end - open), name});
      literal = end;
      open = text.find("{{", end);
    } else {
      open = text.find("{{", open + 2);
    }
  }
  if (literal < text.size()) pieces.push_back({text.substr(literal), {}});
  return pieces;
}

std::vector<std::string> MergeFieldsOf(std::string_view text) {
  Names names;
  for (const MergePiece& piece : SplitMergeFields(text)) {
    if (!piece.field.empty()) names.Add(piece.field);
  }
  return names.Take();
}

std::vector<std::string> MergeFieldsOf(const Asset& asset) {
  Names names;
  for (const std::string& name : MergeFieldsOf(asset.title)) names.Add(name);
  for (const std::string& name : MergeFieldsOf(asset.body)) names.Add(name);
  for (const DetailText& detail : DetailTexts(asset)) {
    for (const std::string& name : MergeFieldsOf(detail.text)) names.Add(name);
  }
  return names.Take();
}

std::vector<Violation> CheckMergeValues(const MergeValues& values) {
  std::vector<Violation> violations;
  if (values.size() > kMaxMergeValues) {
    violations.push_back({"values", fmt::format("at most {} values", kMaxMergeValues)});
  }
  for (const auto& [name, value] : values) {
    if (!IsMergeFieldName(name)) {
      violations.push_back({"values", "names are [a-z][a-z0-9_]*, at most 64 characters"});
    } else if (Characters(value) > kMaxMergeValueCharacters) {
      violations.push_back(
          {fmt::format("values[{}]", name), fmt::format("at most {} characters", kMaxMergeValueCharacters)});
    }
  }
  return violations;
}

Rendered Render(const Asset& asset, const MergeValues& values, size_t most) {
  Rendered rendered;
  Filler filler(asset, values, most);
  Names unfilled;
  rendered.title = filler.Fill(asset.title, unfilled);
  if (const auto* email = std::get_if<EmailTemplate>(&asset.details)) {
    rendered.subject = filler.Fill(email->subject, unfilled);
  }
  rendered.body = filler.Fill(asset.body, unfilled);
  const bool email = std::holds_alternative<EmailTemplate>(asset.details);
  for (const DetailText& detail : DetailTexts(asset)) {
    if (email || Trim(detail.text).empty()) continue;
    rendered.parts.push_back({detail.path, filler.Fill(detail.text, unfilled)});
  }
  rendered.too_large = filler.too_large();
  rendered.unfilled = unfilled.Take();
  const std::vector<std::string> fields = MergeFieldsOf(asset);
  for (const auto& [name, value] : values) {
    const bool declared = std::any_of(asset.merge_fields.begin(), asset.merge_fields.end(),
                                      [&name = name](const MergeField& field) { return field.name == name; });
    if (!declared && std::find(fields.begin(), fields.end(), name) == fields.end())
      rendered.unknown.push_back(name);
  }
  return rendered;
}

}  // namespace finalmile::catalog::domain
