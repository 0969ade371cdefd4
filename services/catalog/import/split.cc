#include "services/catalog/import/split.h"

#include <algorithm>

#include "libs/base/text.h"

namespace finalmile::catalog::import {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

// The line that begins at `at`, without its end; `next` is where the next one begins.
std::string_view LineAt(std::string_view text, size_t at, size_t& next) {
  const size_t end = text.find('\n', at);
  next = end == std::string_view::npos ? text.size() : end + 1;
  std::string_view line = text.substr(at, (end == std::string_view::npos ? text.size() : end) - at);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
    line.remove_suffix(1);
  return line;
}

// Three or more of `c` and nothing else.
bool IsRule(std::string_view line, char c) {
  return line.size() >= 3 && line.find_first_not_of(c) == std::string_view::npos;
}

bool Closes(std::string_view line, char c) { return IsRule(line, c) || (c == '-' && line == "..."); }

// "toml" of "---toml"; empty where the line is no fence with a language.
std::string_view LanguageOf(std::string_view line) {
  const size_t end = std::min(line.find_first_not_of('-'), line.size());
  const std::string_view word = Trim(line.substr(end));
  return end >= 3 && IsToken(word, 10, "") ? word : std::string_view();
}

// A line of dashes is a line of the page where a blank line follows it and then no key.
bool IsThematicBreak(std::string_view text, size_t at) {
  size_t next = 0;
  if (at >= text.size() || !LineAt(text, at, next).empty()) return false;
  while (next < text.size()) {
    const std::string_view line = LineAt(text, next, next);
    if (!line.empty()) return !IsRule(line, '-') && line.find(':') == std::string_view::npos;
  }
  return true;
}

// Behind the object that begins at `begin`; npos: it does not end.
size_t EndOfObject(std::string_view text, size_t begin) {
  int depth = 0;
  bool quoted = false;
  for (size_t at = begin; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

// A template's {{ or {% is no object, and neither is {: .class }.
bool BeginsObject(std::string_view text, size_t at) {
  if (at >= text.size() || text[at] != '{') return false;
  const size_t inside = text.find_first_not_of(kBlank, at + 1);
  return inside != std::string_view::npos && (text[inside] == '"' || text[inside] == '}');
}

}  // namespace

Split SplitFrontMatter(std::string_view content) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  Split split;
  split.body = content;
  const size_t begin = std::min(content.find_first_not_of(kBlank), content.size());
  const size_t line_begin = begin == 0 ? 0 : content.rfind('\n', begin - 1) + 1;
  const auto line = 1 + static_cast<int>(std::count(
                            content.begin(), content.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
  size_t next = 0;
  if (BeginsObject(content, begin)) {
    split.language = MatterLanguage::kJson;
    split.first_line = line;
    split.fence = "{";
    const size_t end = EndOfObject(content, begin);
    split.open = end == std::string_view::npos;
    if (split.open) return split;
    split.front_matter = content.substr(begin, end - begin);
    split.body = content.substr(end);
    // The end of its line belongs to it.
    if (const size_t text = split.body.find_first_not_of(" \t\r");
        text < split.body.size() && split.body[text] == '\n')
      split.body.remove_prefix(text + 1);
    return split;
  }
  if (begin >= content.size() || line_begin != begin) return split;
  split.fence = LineAt(content, begin, next);
  char mark = '-';
  if (IsRule(split.fence, '+')) {
    split.language = MatterLanguage::kToml;
    mark = '+';
  } else if (IsRule(split.fence, ';')) {
    split.language = MatterLanguage::kJson;
    mark = ';';
  } else if (const std::string_view word = LanguageOf(split.fence); !word.empty()) {
    split.language = word == "toml"                    ? MatterLanguage::kToml
                     : word == "json"                  ? MatterLanguage::kJson
                     : word == "yaml" || word == "yml" ? MatterLanguage::kYaml
                                                       : MatterLanguage::kOther;
  } else if (!IsRule(split.fence, '-') || IsThematicBreak(content, next)) {
    return split;
  }
  split.first_line = line + 1;
  const size_t inside = next;
  for (size_t at = inside; at < content.size(); at = next) {
    if (!Closes(LineAt(content, at, next), mark)) continue;
    split.front_matter = content.substr(inside, at - inside);
    split.body = content.substr(next);
    return split;
  }
  split.open = true;
  return split;
}

}  // namespace finalmile::catalog::import
