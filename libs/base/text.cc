#include "libs/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace finalmile {
namespace {

char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
// The length of the well-formed character at the start of `text` and its code point; 0 where there is none.
size_t TakeCharacter(std::string_view text, uint32_t& code) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    code = first;
    return 1;
  }
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  code = first & (0x7F >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast[size] || surrogate || code > 0x10FFFF ? 0 : size;
}

// Control characters, and those that change the direction or the lines of text.
bool Disturbs(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerChar);
  return lower;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return LowerChar(x) == LowerChar(y); });
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool IsToken(std::string_view text, size_t max, std::string_view also) {
  return !text.empty() && text.size() <= max && std::all_of(text.begin(), text.end(), [&](char c) {
    return IsLowerOrDigit(c) || also.find(c) != std::string_view::npos;
  });
}

bool IsName(std::string_view text, size_t max, std::string_view also) {
  return IsToken(text, max, also) && text.front() >= 'a' && text.front() <= 'z';
}

std::string IdFromTitle(std::string_view title, size_t max) {
  std::string id;
  for (const char c : Lower(title)) {
    if (IsLowerOrDigit(c)) {
      id.push_back(c);
    } else if (!id.empty() && id.back() != '-') {
      id.push_back('-');
    }
    if (id.size() == max) break;
  }
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id;
}

bool IsLanguageTag(std::string_view tag) {
  size_t subtag = 0;
  bool first = true;
  for (size_t at = 0; at <= tag.size(); ++at) {
    if (at < tag.size() && tag[at] != '-') {
      const char c = tag[at];
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!letter && (first || c < '0' || c > '9')) return false;
      ++subtag;
      continue;
    }
    if (subtag == 0 || subtag > 8 || (first && subtag < 2)) return false;
    first = false;
    subtag = 0;
  }
  return tag.size() <= 35;
}

bool IsUuid(std::string_view text) {
  constexpr std::string_view kForm = "00000000-0000-0000-0000-000000000000";
  if (text.size() != kForm.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (kForm[i] == '-' ? text[i] != '-' : !hex) return false;
  }
  return true;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    uint64_t eight;
    if (text.size() >= sizeof(eight)) {
      std::memcpy(&eight, text.data(), sizeof(eight));
      if ((eight & 0x8080808080808080) == 0) {
        text.remove_prefix(sizeof(eight));
        continue;
      }
    }
    uint32_t code;
    const size_t size = TakeCharacter(text, code);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string Printable(std::string_view bytes, size_t max) {
  std::string out;
  while (!bytes.empty()) {
    uint32_t code = 0;
    const size_t size = TakeCharacter(bytes, code);
    std::string next;
    if (size == 0 || code == '\\' || (code < 0x80 && Disturbs(code))) {
      next =
          code == '\\' && size == 1 ? "\\\\" : fmt::format("\\x{:02X}", static_cast<unsigned char>(bytes[0]));
    } else if (Disturbs(code)) {
      next = fmt::format("\\u{{{:X}}}", code);
    } else {
      next = bytes.substr(0, size);
    }
    if (out.size() + next.size() > max) return out + "…";
    out += next;
    bytes.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

namespace {

constexpr uint64_t kFnvBasis = 0xcbf29ce484222325;

uint64_t Fnv1aFrom(uint64_t hash, std::string_view text) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace

uint64_t Fnv1a(std::string_view text) { return Fnv1aFrom(kFnvBasis, text); }

uint64_t StableHash(std::string_view text, uint64_t seed) {
  uint64_t hash = Fnv1aFrom(kFnvBasis ^ (seed * 0x9e3779b97f4a7c15), text);
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

}  // namespace finalmile
