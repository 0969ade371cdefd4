#include "services/coaching/domain/transcripts/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "libs/text/words.h"

namespace finalmile::coaching {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kLittleEndianMark = "\xFF\xFE";
constexpr std::string_view kBigEndianMark = "\xFE\xFF";

size_t LineAt(std::string_view text, size_t at) {
  size_t line = 1;
  for (size_t i = 0; i < at; ++i) {
    if (text[i] == '\n' || (text[i] == '\r' && !(i + 1 < text.size() && text[i + 1] == '\n'))) ++line;
  }
  return line;
}

void AppendUtf8(uint32_t code, std::string& text) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned char kFirst[] = {0, 0xC0, 0xE0, 0xF0};
  text += static_cast<char>(kFirst[more] | (code >> (6 * more)));
  for (int shift = 6 * (more - 1); shift >= 0; shift -= 6)
    text += static_cast<char>(0x80 | (code >> shift & 0x3F));
}

// UTF-16 (RFC 2781) behind its mark.
absl::StatusOr<std::string> FromUtf16(std::string_view bytes, bool big_endian) {
  const auto unit = [&](size_t at) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    return static_cast<uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 2) {
    const auto wrong = [&] {
      return LineError(LineAt(text, text.size()), "the bytes are no UTF-16; save the file as UTF-8");
    };
    if (at + 1 == bytes.size()) return wrong();
    uint32_t code = unit(at);
    if (code >= 0xD800 && code < 0xE000) {
      if (code >= 0xDC00 || at + 3 >= bytes.size()) return wrong();
      const uint32_t low = unit(at + 2);
      if (low < 0xDC00 || low >= 0xE000) return wrong();
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    AppendUtf8(code, text);
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> Decode(std::string_view bytes) {
  if (bytes.starts_with(kLittleEndianMark) || bytes.starts_with(kBigEndianMark))
    return FromUtf16(bytes.substr(kLittleEndianMark.size()), bytes.starts_with(kBigEndianMark));
  if (bytes.starts_with(kUtf8Mark)) bytes.remove_prefix(kUtf8Mark.size());
  const size_t valid = text::ValidUtf8(bytes);
  if (valid < bytes.size())
    return LineError(LineAt(bytes, valid), "the bytes are no UTF-8; save the file as UTF-8");
  // Text has none, and UTF-16 without its mark has many.
  if (const size_t zero = bytes.find('\0'); zero != std::string_view::npos)
    return LineError(LineAt(bytes, zero), "there is a byte 0, which text has not; save the file as UTF-8");
  return std::string(bytes);
}

std::vector<Line> SplitLines(std::string_view text) {
  std::vector<Line> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    lines.push_back({lines.size() + 1, text.substr(0, end)});
    const bool two = text.substr(end, 2) == "\r\n";
    text.remove_prefix(std::min(text.size(), end + (two ? 2 : 1)));
  }
  return lines;
}

absl::Status LineError(size_t line, std::string_view problem) {
  return absl::InvalidArgumentError(fmt::format("line {}: {}", line, problem));
}

}  // namespace finalmile::coaching
