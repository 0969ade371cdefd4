#include "services/catalog/domain/literal.h"

#include <md4c.h>

#include <algorithm>
#include <iterator>

#include "libs/base/text.h"

namespace finalmile::catalog::domain {
namespace {

struct Finder {
  std::string_view text;
  std::vector<Stretch> found;

  static int Block(MD_BLOCKTYPE, void*, void*) { return 0; }
  static int Span(MD_SPANTYPE, void*, void*) { return 0; }
  static int Text(MD_TEXTTYPE type, const MD_CHAR* data, MD_SIZE size, void* self) {
    auto& finder = *static_cast<Finder*>(self);
    // Line ends between pieces of code are md4c's own.
    const bool inside = data >= finder.text.data() && data + size <= finder.text.data() + finder.text.size();
    if (type == MD_TEXT_CODE && inside) {
      const auto begin = static_cast<size_t>(data - finder.text.data());
      finder.found.emplace_back(begin, begin + size);
    }
    return 0;
  }
};

// From each `open` to the next `close` in `lower`.
void AddBetween(std::string_view lower, std::string_view open, std::string_view close,
                std::vector<Stretch>& found) {
  for (size_t at = lower.find(open); at != std::string_view::npos; at = lower.find(open, at)) {
    const size_t end = lower.find(close, at);
    if (end == std::string_view::npos) return;
    found.emplace_back(at, end);
    at = end;
  }
}

std::vector<Stretch> Joined(std::vector<Stretch> stretches) {
  std::sort(stretches.begin(), stretches.end());
  std::vector<Stretch> joined;
  for (const Stretch& stretch : stretches) {
    if (joined.empty() || joined.back().second < stretch.first) {
      joined.push_back(stretch);
    } else {
      joined.back().second = std::max(joined.back().second, stretch.second);
    }
  }
  return joined;
}

}  // namespace

std::vector<Stretch> LiteralStretches(std::string_view markdown) {
  Finder finder{markdown, {}};
  MD_PARSER parser = {};
  parser.flags = MD_FLAG_NOINDENTEDCODEBLOCKS;
  parser.enter_block = &Finder::Block;
  parser.leave_block = &Finder::Block;
  parser.enter_span = &Finder::Span;
  parser.leave_span = &Finder::Span;
  parser.text = &Finder::Text;
  md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, &finder);
  const std::string lower = Lower(markdown);
  AddBetween(lower, "<code", "</code", finder.found);
  AddBetween(lower, "<pre", "</pre", finder.found);
  AddBetween(lower, "{% raw %}", "{% endraw %}", finder.found);
  AddBetween(lower, "{%- raw -%}", "{%- endraw -%}", finder.found);
  return Joined(std::move(finder.found));
}

bool StandsForItself(std::string_view text, size_t at, const std::vector<Stretch>& stretches) {
  size_t backslashes = 0;
  while (backslashes < at && text[at - 1 - backslashes] == '\\') ++backslashes;
  if (backslashes % 2 == 1) return true;
  const auto behind =
      std::upper_bound(stretches.begin(), stretches.end(), at,
                       [](size_t value, const Stretch& stretch) { return value < stretch.first; });
  return behind != stretches.begin() && at < std::prev(behind)->second;
}

}  // namespace finalmile::catalog::domain
