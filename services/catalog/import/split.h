#pragma once

#include <string_view>

namespace finalmile::catalog::import {

enum class MatterLanguage { kYaml, kToml, kJson, kOther };

// Where the front matter of a page ends.
struct Split {
  // Between its fences; of JSON without fences the object itself. Empty: there is none.
  std::string_view front_matter;
  MatterLanguage language = MatterLanguage::kYaml;
  // The line of its first line, 1-based; 0: the page has none.
  int first_line = 0;
  // The line that opens it, without white space at its end.
  std::string_view fence;
  std::string_view body;
  // It begins and does not end.
  bool open = false;
};

// Front matter is what stands between two lines of three or more dashes (YAML; the second one may be "..."),
// between two lines +++ (TOML), between two lines ;;; (JSON), or a JSON object with which the page begins. A
// word behind the dashes names another language: "---toml". Byte order mark and white space before it are
// passed over. A line of dashes before a blank line and a text is a line of the page.
Split SplitFrontMatter(std::string_view content);

}  // namespace finalmile::catalog::import
