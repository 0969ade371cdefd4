#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "services/catalog/import/split.h"

namespace finalmile::catalog::import {

// A value of front matter, in whichever language it is written.
struct Matter {
  struct Entry;
  enum class Kind { kNull, kText, kList, kMap };

  Kind kind = Kind::kNull;
  // The line of the page on which it begins, 1-based; in JSON that of the whole.
  int line = 0;
  // A text as it is written; a date of TOML as ISO 8601.
  std::string text;
  std::vector<Matter> items;
  // In order; a key may come twice.
  std::vector<Entry> entries;
};

struct Matter::Entry {
  // Empty where it is not one word.
  std::string key;
  int line = 0;
  Matter value;
};

// What is wrong with front matter that cannot be read at all.
struct MatterError : std::runtime_error {
  MatterError(int at, const std::string& reason) : std::runtime_error(reason), line(at) {}
  int line;
};

// Reads the front matter of a page: YAML (yaml-cpp, one document, without aliases), TOML (toml++) or JSON
// (nlohmann). Values lie at most kMaxMatterDepth deep, so that time and memory grow with the text alone.
// Throws MatterError.
inline constexpr int kMaxMatterDepth = 32;
Matter ParseMatter(const Split& split);

}  // namespace finalmile::catalog::import
