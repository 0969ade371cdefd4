#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/violation.h"
#include "services/catalog/domain/asset.h"

namespace finalmile::catalog::domain {

inline constexpr size_t kMaxMergeValues = 64;
inline constexpr size_t kMaxMergeValueCharacters = 10'000;
inline constexpr size_t kMaxMergeFieldName = 64;

// A merge field is `{{name}}` on one line, with or without spaces inside the braces; the name is
// [a-z][a-z0-9_]*, at most 64 characters. Any other text in double braces is literal, and so is code and what
// a backslash stands before (literal.h).

// [a-z][a-z0-9_]*, at most 64 characters.
bool IsMergeFieldName(std::string_view name);

// A stretch of a text: a literal, or a merge field.
struct MergePiece {
  // The literal text with its braces; a view into the text.
  std::string_view text;
  // The name of the merge field, a view into the text; empty: a literal.
  std::string_view field;
};
// The pieces of `text`, which together are `text`.
std::vector<MergePiece> SplitMergeFields(std::string_view text);

// The names of the merge fields of `text`, each once, in order of appearance.
std::vector<std::string> MergeFieldsOf(std::string_view text);
// The merge fields of title, body and details, each once, in this order.
std::vector<std::string> MergeFieldsOf(const Asset& asset);

using MergeValues = std::map<std::string, std::string, std::less<>>;

// The faults in the values of a request: too many, too long, no field's name.
std::vector<Violation> CheckMergeValues(const MergeValues& values);

struct Rendered {
  std::string title;
  std::string body;
  // Empty but for e-mail templates.
  std::string subject;
  // The other texts of the details, empty ones left out; `path` as of DetailTexts.
  struct Part {
    std::string path;
    std::string text;
  };
  std::vector<Part> parts;
  // Merge fields without value and default, each once, in order of appearance; the texts keep them as they
  // were.
  std::vector<std::string> unfilled;
  // Names of `values` that are no field of the asset, sorted: probably misspelt.
  std::vector<std::string> unknown;
  // The texts together would be longer than they may be; then they are cut.
  bool too_large = false;
};

// Fills the merge fields of title, body and details with `values`, where one is not blank, else with the
// declared defaults. One pass: braces in a value are text. A field may occur in the text any number of times,
// so the texts together are bounded: they have at most `most` bytes.
Rendered Render(const Asset& asset, const MergeValues& values, size_t most);

}  // namespace finalmile::catalog::domain
