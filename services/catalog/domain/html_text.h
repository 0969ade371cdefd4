#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace finalmile::catalog::domain {

struct PlainText;

// What a reader sees of the raw HTML in a Markdown text. It is given piece by piece, as the parser meets it:
// a block line by line, of a paragraph each tag. Any text is HTML: it cannot fail. Not thread-safe.
class HtmlText {
 public:
  // Appends what is seen of a piece to the text, and its headings to the others. Comments, scripts and styles
  // are not seen; tags that end a line or a cell do so.
  void Append(std::string_view html, PlainText& plain);
  // A block or a paragraph is over, and with it what was not closed there but a heading.
  void EndBlock();

 private:
  enum class State { kText, kTag, kComment };

  // How much of `html` it took, at least 1.
  size_t ReadText(std::string_view html, PlainText& plain);
  size_t ReadTag(std::string_view html, PlainText& plain);
  void Enter(PlainText& plain);

  State state_ = State::kText;
  // The tag so far, without its brackets, and the quote that it is in; 0: none.
  std::string tag_;
  char quote_ = 0;
  // What hides the text: "script"; empty: nothing.
  std::string hidden_by_;
  // The level of the heading that is open; 0: none is. And where its text begins.
  int level_ = 0;
  size_t heading_begin_ = 0;
};

}  // namespace finalmile::catalog::domain
