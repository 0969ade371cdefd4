#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace finalmile::catalog::domain {

struct Heading {
  // 1 to 6.
  int level = 0;
  // On one line, not empty, without the attributes that some dialects put behind it ({#id}, {: .class}).
  std::string text;

  friend bool operator==(const Heading&, const Heading&) = default;
};

// A Markdown text as a reader sees it.
struct PlainText {
  // Blocks end with a line feed; code and what raw HTML shows stay, its tags, comments and scripts and the
  // addresses of links go. Valid UTF-8 where the Markdown is.
  std::string text;
  // In order; those without text are left out.
  std::vector<Heading> headings;
  // The first paragraph, on one line; empty: there is none.
  std::string first_paragraph;
};

// Reads CommonMark with tables, strike-through and task lists (md4c). Any text is Markdown: it cannot fail.
PlainText ToPlainText(std::string_view markdown);

}  // namespace finalmile::catalog::domain
