#include "services/finalmile/output/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace finalmile::cli {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Character {
  char32_t code = 0;
  size_t bytes = 0;
  bool valid = false;
};

// The character at the start of `text`, which is not empty; one byte of what is not UTF-8.
Character Decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {kReplacement, 1, false};
  char32_t code = first & (0x7F >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kReplacement, 1, false};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (overlong || surrogate || code > 0x10FFFF) return {kReplacement, 1, false};
  return {code, size, true};
}

struct Range {
  char32_t first;
  char32_t last;
};

template <size_t N>
bool Contains(const std::array<Range, N>& ranges, char32_t code) {
  const auto* end = ranges.data() + N;
  const auto* it =
      std::lower_bound(ranges.data(), end, code, [](const Range& r, char32_t c) { return r.last < c; });
  return it != end && it->first <= code;
}

// Combining marks, joiners and variation selectors of the scripts that name people and companies.
constexpr std::array<Range, 17> kZeroWidth{{{0x0300, 0x036F},
                                            {0x0483, 0x0489},
                                            {0x0591, 0x05BD},
                                            {0x05BF, 0x05BF},
                                            {0x05C1, 0x05C2},
                                            {0x0610, 0x061A},
                                            {0x064B, 0x065F},
                                            {0x0670, 0x0670},
                                            {0x06D6, 0x06DC},
                                            {0x093C, 0x093C},
                                            {0x0E31, 0x0E31},
                                            {0x0E34, 0x0E3A},
                                            {0x0E47, 0x0E4E},
                                            {0x1AB0, 0x1AFF},
                                            {0x200B, 0x200F},
                                            {0x20D0, 0x20FF},
                                            {0xFE00, 0xFE0F}}};
constexpr std::array<Range, 15> kWide{{{0x1100, 0x115F},
                                       {0x231A, 0x231B},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0x33FF},
                                       {0x3400, 0x4DBF},
                                       {0x4E00, 0x9FFF},
                                       {0xA000, 0xA4CF},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1F6FF},
                                       {0x1F900, 0x1F9FF},
                                       {0x20000, 0x3FFFD}}};

size_t WidthOf(char32_t code) {
  if (code < 0x300) return 1;
  if (Contains(kZeroWidth, code)) return 0;
  return Contains(kWide, code) ? 2 : 1;
}

// Controls, line separators, and what changes the direction of a text, so that a line reads as something
// else; annotations and tags, which no terminal shows.
constexpr std::array<Range, 9> kControl{{{0x0000, 0x001F},
                                         {0x007F, 0x009F},
                                         {0x061C, 0x061C},
                                         {0x200E, 0x200F},
                                         {0x2028, 0x202E},
                                         {0x2066, 0x206F},
                                         {0xFEFF, 0xFEFF},
                                         {0xFFF9, 0xFFFB},
                                         {0xE0000, 0xE007F}}};

bool IsControl(char32_t code) { return Contains(kControl, code); }

// `text` with `replace(code, out)` for each character that is a control.
template <class Replace>
std::string WithoutControls(std::string_view text, Replace&& replace) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Character character = Decode(text);
    if (!character.valid) {
      result += "\uFFFD";
    } else if (IsControl(character.code)) {
      replace(character.code, result);
    } else {
      result += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return result;
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Character character = Decode(text);
    width += WidthOf(character.code);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string Printable(std::string_view text) {
  return WithoutControls(text, [](char32_t, std::string& out) { out += ' '; });
}

std::string PrintableLines(std::string_view text) {
  return WithoutControls(text, [](char32_t code, std::string& out) { out += code == '\n' ? '\n' : ' '; });
}

std::string PrintableJson(std::string_view json) {
  return WithoutControls(json, [](char32_t code, std::string& out) {
    if (code < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(code));
    } else {
      const uint32_t rest = code - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    }
  });
}

std::string Shorten(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  size_t used = 0;
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Character character = Decode(text.substr(bytes));
    const size_t next = WidthOf(character.code);
    if (used + next > width - 1) break;
    used += next;
    bytes += character.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

}  // namespace finalmile::cli
