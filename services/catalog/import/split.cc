#include "services/catalog/import/front_matter.h"

namespace finalmile::catalog::import {
namespace {

// The line that begins at `at`, without its end; `next` is where the next one begins.
std::string_view LineAt(std::string_view text, size_t at, size_t& next) {
  const size_t end = text.find('\n', at);
  next = end == std::string_view::npos ? text.size() : end + 1;
  std::string_view line = text.substr(at, (end == std::string_view::npos ? text.size() : end) - at);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
    line.remove_suffix(1);
  return line;
}

}  // namespace

Split SplitFrontMatter(std::string_view content) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  Split split;
  split.body = content;
  size_t at = 0;
  size_t next = 0;
  int line = 1;
  while (at < content.size() && LineAt(content, at, next).empty()) {
    at = next;
    ++line;
  }
  if (at >= content.size() || LineAt(content, at, next) != "---") return split;
  const size_t begin = next;
  split.first_line = line + 1;
  for (at = begin; at < content.size(); at = next) {
    const std::string_view text = LineAt(content, at, next);
    if (text == "---" || text == "...") {
      split.front_matter = content.substr(begin, at - begin);
      split.body = content.substr(next);
      return split;
    }
  }
  split.open = true;
  return split;
}

}  // namespace finalmile::catalog::import
