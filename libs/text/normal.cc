#include "libs/text/normal.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>

#include "libs/base/text.h"
#include "libs/text/mapped.h"
#include "libs/text/words.h"

namespace finalmile::text {
namespace {

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// The code point at `at`, and its bytes; -1 and 1 where there is none.
int32_t CodeAt(std::string_view text, size_t at, size_t& bytes) {
  if (static_cast<unsigned char>(text[at]) < 0x80) {
    bytes = 1;
    return static_cast<unsigned char>(text[at]);
  }
  int32_t code = -1;
  const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                     static_cast<utf8proc_ssize_t>(text.size() - at), &code);
  bytes = read > 0 ? static_cast<size_t>(read) : 1;
  return read > 0 ? code : -1;
}

bool IsSpace(int32_t code) {
  if (code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85) return true;
  if (code < 0x80) return false;
  const auto category = utf8proc_category(code);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool IsInvisible(int32_t code) { return code >= 0x80 && utf8proc_get_property(code)->ignorable; }

// Invisible characters that no script joins or shapes its letters with.
bool IsNeedless(int32_t code) {
  return code == 0xAD || code == 0x180E || code == 0x200B || (code >= 0x2060 && code <= 0x2064) ||
         code == 0xFEFF;
}

// Each run of white space as one space, none at the ends; without what `drop` names.
template <class Drop>
std::string Spaced(std::string_view text, Drop drop) {
  std::string spaced;
  bool space = false;
  size_t bytes = 1;
  for (size_t at = 0; at < text.size(); at += bytes) {
    const int32_t code = CodeAt(text, at, bytes);
    if (IsSpace(code)) {
      space = true;
    } else if (code < 0 || !drop(code)) {
      if (space && !spaced.empty()) spaced += ' ';
      space = false;
      spaced.append(text.substr(at, bytes));
    }
  }
  return spaced;
}

}  // namespace

std::string_view TrimSpace(std::string_view text) {
  size_t begin = text.size(), end = 0, bytes = 1;
  for (size_t at = 0; at < text.size(); at += bytes) {
    const int32_t code = CodeAt(text, at, bytes);
    if (IsSpace(code) || IsInvisible(code)) continue;
    begin = std::min(begin, at);
    end = at + bytes;
  }
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

std::string Tidy(std::string_view text) {
  if (IsAscii(text)) return Spaced(text, [](int32_t) { return false; });
  return Spaced(Mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE), IsNeedless);
}

std::string LowerPlain(std::string_view text) {
  if (IsAscii(text)) return Lower(Trim(text));
  std::string lower;
  const std::string plain = ResolveForms(TrimSpace(text));
  size_t bytes = 1;
  for (size_t at = 0; at < plain.size(); at += bytes) {
    const int32_t code = CodeAt(plain, at, bytes);
    if (code < 0) {
      lower += plain[at];
    } else if (!IsInvisible(code)) {
      utf8proc_uint8_t out[4];
      const auto size = utf8proc_encode_char(utf8proc_tolower(code), out);
      lower.append(reinterpret_cast<const char*>(out), static_cast<size_t>(size));
    }
  }
  return std::string(TrimSpace(lower));
}

std::string Comparable(std::string_view text) {
  if (IsAscii(text)) {
    std::string folded;
    for (const char c : Lower(TrimSpace(text))) {
      if (c == '\'') continue;
      const bool space = IsSpace(c);
      if (!space || folded.empty() || folded.back() != ' ') folded += space ? ' ' : c;
    }
    return folded;
  }
  return Spaced(Fold(ResolveForms(text)), IsInvisible);
}

std::string ResolveForms(std::string_view text) {
  return IsAscii(text) ? std::string(text)
                       : Mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
}

bool SaysNothing(std::string_view text) {
  size_t bytes = 1;
  for (size_t at = 0; at < text.size(); at += bytes) {
    const int32_t code = CodeAt(text, at, bytes);
    if (IsSpace(code) || IsInvisible(code)) continue;
    const bool mark = code == '.' || code == '/' || code == '?' || code == '_' || code == 0x2026;
    if (!mark && (code < 0 || utf8proc_category(code) != UTF8PROC_CATEGORY_PD)) return false;
  }
  return true;
}

}  // namespace finalmile::text
