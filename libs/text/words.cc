#include "libs/text/words.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "libs/text/mapped.h"

namespace finalmile::text {
namespace {

enum class Kind { kOther, kSpace, kLetter, kUnspaced, kJoiner, kApostrophe };

struct Character {
  int32_t code = -1;
  size_t bytes = 1;
};

Character Decode(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1};
  int32_t code = -1;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                      static_cast<utf8proc_ssize_t>(text.size() - at), &code);
  if (bytes <= 0) return {};
  return {code, static_cast<size_t>(bytes)};
}

struct Range {
  int32_t first;
  int32_t last;
};
// Scripts written without spaces, or, as Korean, with particles grown onto the word.
constexpr std::array kUnspacedRanges = {
    Range{0x0E00, 0x0EFF},    // Thai, Lao
    Range{0x1000, 0x109F},    // Myanmar
    Range{0x1100, 0x11FF},    // Hangul letters
    Range{0x1780, 0x17FF},    // Khmer
    Range{0x3005, 0x3007},    // iteration mark, zero
    Range{0x3041, 0x30FF},    // Hiragana, Katakana
    Range{0x31F0, 0x31FF},    // Katakana, small
    Range{0x3400, 0x4DBF},    // Han
    Range{0x4E00, 0x9FFF},    // Han
    Range{0xAC00, 0xD7AF},    // Hangul syllables
    Range{0xF900, 0xFAFF},    // Han, compatibility
    Range{0xFF66, 0xFF9F},    // Katakana, half width
    Range{0x20000, 0x3FFFF},  // Han, further planes
};

bool Unspaced(int32_t code) {
  if (code < kUnspacedRanges.front().first) return false;
  return std::any_of(kUnspacedRanges.begin(), kUnspacedRanges.end(),
                     [code](const Range& range) { return code >= range.first && code <= range.last; });
}

Kind KindOf(int32_t code) {
  if (code < 0x80) {
    if ((code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9')) {
      return Kind::kLetter;
    }
    if (code == '\'') return Kind::kApostrophe;
    return code == ' ' || (code >= '\t' && code <= '\r') ? Kind::kSpace : Kind::kOther;
  }
  if (code == 0x2019) return Kind::kApostrophe;
  // Soft hyphen, zero width joiner and non-joiner: seen by nobody, inside words only.
  if (code == 0xAD || code == 0x200C || code == 0x200D) return Kind::kJoiner;
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Unspaced(code) ? Kind::kUnspaced : Kind::kLetter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return Kind::kJoiner;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return Kind::kSpace;
    default:
      return Kind::kOther;
  }
}

// Letters that Unicode does not decompose, as they are typed without the stroke.
std::string_view WithoutStroke(int32_t code) {
  switch (code) {
    case 0xE6:
      return "ae";
    case 0xF0:
      return "d";
    case 0xF8:
      return "o";
    case 0xFE:
      return "th";
    case 0x111:
      return "d";
    case 0x127:
      return "h";
    case 0x131:
      return "i";
    case 0x142:
      return "l";
    case 0x153:
      return "oe";
    case 0x167:
      return "t";
    default:
      return {};
  }
}

// Letters that are typed as two where a keyboard lacks them; in lower case.
std::string_view Digraph(int32_t code) {
  switch (code) {
    case 0xE4:
      return "ae";
    case 0xE5:
      return "aa";
    case 0xF6:
    case 0xF8:
      return "oe";
    case 0xFC:
      return "ue";
    default:
      return {};
  }
}

void Append(int32_t code, std::string& text) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto size = utf8proc_encode_char(code, bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(size));
}

// False where `word` needs the tables.
bool FoldAscii(std::string_view word, bool keep_apostrophe, std::string& folded) {
  folded.reserve(word.size());
  for (const char c : word) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
    if (c == '\'' && !keep_apostrophe) continue;
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return true;
}

}  // namespace

bool WordReader::Next(WordSpan& word) {
  Kind kind = Kind::kOther;
  Character character;
  for (; at_ < text_.size(); at_ += character.bytes) {
    character = Decode(text_, at_);
    kind = KindOf(character.code);
    if (kind == Kind::kLetter || kind == Kind::kUnspaced) break;
  }
  if (at_ >= text_.size()) return false;
  const Kind script = kind;
  const size_t begin = at_;
  at_ += character.bytes;
  while (at_ < text_.size()) {
    character = Decode(text_, at_);
    kind = KindOf(character.code);
    if (kind == Kind::kApostrophe && script == Kind::kLetter && at_ + character.bytes < text_.size()) {
      kind = KindOf(Decode(text_, at_ + character.bytes).code);
      if (kind != Kind::kLetter) break;
    } else if (kind != script && kind != Kind::kJoiner) {
      break;
    }
    at_ += character.bytes;
  }
  word = {begin, at_, script == Kind::kUnspaced};
  return true;
}

std::string FoldCase(std::string_view word) {
  std::string folded;
  if (FoldAscii(word, true, folded)) return folded;
  folded.clear();
  const std::string text =
      Mapped(word, UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  for (size_t at = 0; at < text.size();) {
    const Character character = Decode(text, at);
    if (character.code == 0x2019) {
      folded += '\'';
    } else {
      folded.append(text, at, character.bytes);
    }
    at += character.bytes;
  }
  return folded;
}

std::string Fold(std::string_view word) {
  std::string folded;
  if (FoldAscii(word, false, folded)) return folded;
  folded.clear();
  std::array<int32_t, 32> codes;
  for (size_t at = 0; at < word.size();) {
    const Character character = Decode(word, at);
    at += character.bytes;
    if (character.code < 0 || KindOf(character.code) == Kind::kApostrophe) continue;
    // Korean syllables would fall into letters.
    if (character.code >= 0xAC00 && character.code <= 0xD7A3) {
      Append(character.code, folded);
      continue;
    }
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(character.code, codes.data(), static_cast<utf8proc_ssize_t>(codes.size()),
                                static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                                               UTF8PROC_CASEFOLD | UTF8PROC_IGNORE),
                                &boundary);
    for (utf8proc_ssize_t i = 0; i < std::min<utf8proc_ssize_t>(count, codes.size()); ++i) {
      const int32_t code = codes[static_cast<size_t>(i)];
      // Those of Hebrew and Arabic, too; in later scripts marks are vowels, which nobody leaves out.
      const bool accent = utf8proc_category(code) == UTF8PROC_CATEGORY_MN && code < 0x0700;
      if (accent) continue;
      if (const std::string_view plain = WithoutStroke(code); !plain.empty()) {
        folded += plain;
      } else {
        Append(code, folded);
      }
    }
  }
  return folded;
}

std::string FoldDigraphs(std::string_view word) {
  const std::string lower = FoldCase(word);
  std::string typed;
  bool any = false;
  for (size_t at = 0; at < lower.size();) {
    const Character character = Decode(lower, at);
    const std::string_view digraph = Digraph(character.code);
    any = any || !digraph.empty();
    typed += digraph.empty() ? std::string_view(lower).substr(at, character.bytes) : digraph;
    at += character.bytes;
  }
  return any ? Fold(typed) : "";
}

size_t CountWords(std::string_view text) {
  size_t count = 0;
  bool counted = false;
  for (size_t at = 0; at < text.size();) {
    const Character character = Decode(text, at);
    at += character.bytes;
    switch (KindOf(character.code)) {
      case Kind::kSpace:
        counted = false;
        break;
      case Kind::kUnspaced:
        ++count;
        counted = true;
        break;
      case Kind::kLetter:
        if (!counted) ++count;
        counted = true;
        break;
      default:
        break;
    }
  }
  return count;
}

size_t ValidUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Character character = Decode(text, at);
    if (character.code < 0) break;
    at += character.bytes;
  }
  return at;
}

size_t CharacterBytes(std::string_view text, size_t at) { return Decode(text, at).bytes; }

}  // namespace finalmile::text
