#include "services/catalog/domain/html_text.h"

#include <algorithm>
#include <iterator>

#include "libs/base/text.h"
#include "services/catalog/domain/entities.h"
#include "services/catalog/domain/markdown.h"

namespace finalmile::catalog::domain {
namespace {

constexpr std::string_view kHiding[] = {"script", "style", "template"};
// Tags inside a line.
constexpr std::string_view kInline[] = {
    "a",    "abbr",   "b",      "bdi", "bdo", "big",   "cite", "code", "data", "del", "dfn",  "em",
    "font", "i",      "img",    "ins", "kbd", "label", "mark", "nobr", "q",    "s",   "samp", "small",
    "span", "strike", "strong", "sub", "sup", "time",  "tt",   "u",    "var",  "wbr"};
constexpr size_t kMaxEntity = 12;
// So much of a tag is kept: its name is in front.
constexpr size_t kKeptTag = 64;

template <typename List>
bool IsIn(std::string_view name, const List& list) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsName(char c) { return IsLetter(c) || (c >= '0' && c <= '9'); }

void EndWith(char end, std::string& text) {
  if (!text.empty() && text.back() != '\n' && text.back() != end) text += end;
}

// On one line, with single spaces.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  return std::string(Trim(line));
}

}  // namespace

void HtmlText::Append(std::string_view html, PlainText& plain) {
  while (!html.empty()) {
    switch (state_) {
      case State::kText:
        html.remove_prefix(ReadText(html, plain));
        break;
      case State::kTag:
        html.remove_prefix(ReadTag(html, plain));
        break;
      case State::kComment: {
        const size_t end = html.find("-->");
        html.remove_prefix(end == std::string_view::npos ? html.size() : end + 3);
        if (end != std::string_view::npos) state_ = State::kText;
        break;
      }
    }
  }
}

void HtmlText::EndBlock() {
  state_ = State::kText;
  hidden_by_.clear();
}

size_t HtmlText::ReadText(std::string_view html, PlainText& plain) {
  if (html.starts_with("<!--") && hidden_by_.empty()) {
    state_ = State::kComment;
    return 4;
  }
  // In a script "<" is a sign of its own.
  const bool tag =
      html[0] == '<' && html.size() > 1 &&
      (html[1] == '/' || (hidden_by_.empty() && (html[1] == '!' || html[1] == '?' || IsLetter(html[1]))));
  if (tag) {
    state_ = State::kTag;
    tag_.clear();
    quote_ = 0;
    return 1;
  }
  if (!hidden_by_.empty()) return 1;
  if (html[0] == '&') {
    const size_t end = html.substr(0, kMaxEntity).find(';');
    if (end != std::string_view::npos) {
      AppendEntity(html.substr(0, end + 1), plain.text);
      return end + 1;
    }
  }
  if (html[0] == '\n') {
    EndWith('\n', plain.text);
  } else {
    plain.text += html[0];
  }
  return 1;
}

size_t HtmlText::ReadTag(std::string_view html, PlainText& plain) {
  const char c = html[0];
  if (quote_ != 0) {
    if (c == quote_) quote_ = 0;
  } else if ((c == '"' || c == '\'') && tag_.ends_with('=') && hidden_by_.empty()) {
    quote_ = c;
  } else if (c == '>') {
    state_ = State::kText;
    Enter(plain);
    return 1;
  }
  if (tag_.size() < kKeptTag) {
    tag_ += c;
  } else {
    // Whether a quote follows is all that counts of the rest.
    tag_.back() = c;
  }
  return 1;
}

void HtmlText::Enter(PlainText& plain) {
  const bool closing = tag_.starts_with('/');
  const std::string_view inside = std::string_view(tag_).substr(closing ? 1 : 0);
  const std::string name = Lower(inside.substr(
      0, static_cast<size_t>(std::find_if_not(inside.begin(), inside.end(), IsName) - inside.begin())));
  if (!hidden_by_.empty()) {
    if (closing && name == hidden_by_) hidden_by_.clear();
    return;
  }
  if (name.empty() || IsIn(name, kInline)) return;
  EndWith(name == "td" || name == "th" ? ' ' : '\n', plain.text);
  if (IsIn(name, kHiding) && !closing && !tag_.ends_with('/')) hidden_by_ = name;
  if (name.size() != 2 || name[0] != 'h' || name[1] < '1' || name[1] > '6') return;
  if (!closing) {
    level_ = name[1] - '0';
    heading_begin_ = plain.text.size();
  } else if (level_ != 0) {
    std::string heading =
        OneLine(std::string_view(plain.text).substr(std::min(heading_begin_, plain.text.size())));
    if (!heading.empty()) plain.headings.push_back({level_, std::move(heading)});
    level_ = 0;
  }
}

}  // namespace finalmile::catalog::domain
