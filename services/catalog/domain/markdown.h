#pragma once

#include <string>
#include <string_view>

namespace finalmile::catalog::domain {

// What a reader sees of a Markdown text.
struct PlainText {
  // Blocks end with a line feed; code stays, raw HTML and the addresses of links go. Valid UTF-8 where the
  // Markdown is.
  std::string text;
  // The first heading of any level, on one line; empty: there is none.
  std::string first_heading;
};

// Reads CommonMark with tables, strike-through and task lists (md4c). Any text is Markdown: it cannot fail.
PlainText ToPlainText(std::string_view markdown);

}  // namespace finalmile::catalog::domain
