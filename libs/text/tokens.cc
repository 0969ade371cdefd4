#include "libs/text/tokens.h"

#include <algorithm>

#include "libs/base/text.h"

namespace finalmile::text {
namespace {

// Words that lose their end before a vowel, in French, Italian and Catalan.
constexpr std::string_view kElided[] = {"agl",    "all",    "anch",   "bell",  "c",      "coll",  "d",
                                        "dagl",   "dall",   "degl",   "dell",  "entr",   "gl",    "j",
                                        "jusqu",  "l",      "lorsqu", "m",     "n",      "negl",  "nell",
                                        "presqu", "puisqu", "qu",     "quell", "quelqu", "quest", "quoiqu",
                                        "s",      "sugl",   "sull",   "t",     "tutt",   "un",    "v"};
constexpr std::string_view kApostrophe = "\u2019";
constexpr std::string_view kSharp = "\u266F";
constexpr std::string_view kHyphen = "\u2010";
// "A+" and "C#": longer words are words without their sign.
constexpr size_t kMaxSignedLetters = 2;
constexpr size_t kGroup = 3;
constexpr size_t kMaxThousands = 4;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool AllDigits(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), IsDigit);
}

size_t ApostropheBytes(std::string_view text) {
  if (text.starts_with('\'')) return 1;
  return text.starts_with(kApostrophe) ? kApostrophe.size() : 0;
}

// The bytes of what is grown onto the beginning of `word`: "l'" of "l'offre".
size_t ElidedBytes(std::string_view word) {
  for (size_t at = 0; at < word.size(); ++at) {
    const size_t apostrophe = ApostropheBytes(word.substr(at));
    if (apostrophe == 0) continue;
    const size_t rest = at + apostrophe;
    if (rest >= word.size()) return 0;
    const std::string next = Fold(word.substr(rest, CharacterBytes(word, rest)));
    const bool vowel = !next.empty() && std::string_view("aeiouyh").find(next[0]) != std::string_view::npos;
    const std::string before = Fold(word.substr(0, at));
    return vowel && std::find(std::begin(kElided), std::end(kElided), before) != std::end(kElided) ? rest : 0;
  }
  return 0;
}

std::string_view WithoutPossessive(std::string_view word) {
  if (!word.ends_with('s') && !word.ends_with('S')) return word;
  for (const std::string_view apostrophe : {std::string_view("'"), kApostrophe}) {
    const std::string_view before = word.substr(0, word.size() - 1);
    if (before.size() > apostrophe.size() && before.ends_with(apostrophe))
      return before.substr(0, before.size() - apostrophe.size());
  }
  return word;
}

bool IsLink(std::string_view between) {
  return between == kHyphen ||
         (between.size() == 1 && std::string_view("-./&'_+@(").find(between[0]) != std::string_view::npos);
}

// "10k" is 10000.
std::string WholeThousands(std::string word) {
  const std::string_view digits = std::string_view(word).substr(0, word.empty() ? 0 : word.size() - 1);
  if (word.ends_with('k') && AllDigits(digits) && digits.size() <= kMaxThousands)
    word.replace(digits.size(), 1, "000");
  return word;
}

}  // namespace

TokenReader::TokenReader(std::string_view normal) : text_(normal), words_(normal) {
  more_ = words_.Next(ahead_);
}

bool TokenReader::Next(Token& token) {
  if (!more_) return false;
  const WordSpan span = ahead_;
  more_ = words_.Next(ahead_);
  Token read;
  read.begin = span.begin;
  read.end = span.end;
  read.unspaced = span.unspaced;
  if (span.unspaced) {
    last_end_ = std::string_view::npos;
    token = std::move(read);
    return true;
  }
  const bool follows = last_end_ != std::string_view::npos;
  read.linked = follows && IsLink(text_.substr(last_end_, span.begin - last_end_));
  const std::string_view before = text_.substr(0, span.begin);
  read.begin += ElidedBytes(text_.substr(span.begin, span.end - span.begin));
  const std::string_view word = WithoutPossessive(text_.substr(read.begin, span.end - read.begin));
  read.dotted = before.ends_with('.') && !before.ends_with("..") && read.begin == span.begin &&
                !IsDigit(word[0]) && !(follows && last_end_ + 1 == span.begin);
  read.word = AllDigits(word) ? std::string(word) : WholeThousands(FoldCase(word));
  if (AllDigits(word)) {
    ReadNumber(read);
  } else {
    ReadSigns(word, read);
  }
  last_end_ = read.end;
  token = std::move(read);
  return true;
}

// Takes the groups of three digits that follow, with one sign between all: 10,000 or 10.000.
void TokenReader::ReadNumber(Token& token) {
  if (token.word.size() > kGroup || token.word[0] == '0' || token.linked) return;
  const char sign = token.end < text_.size() ? text_[token.end] : ' ';
  if (sign != ',' && sign != '.') return;
  while (more_ && !ahead_.unspaced && ahead_.begin == token.end + 1 && text_[token.end] == sign) {
    const std::string_view group = text_.substr(ahead_.begin, ahead_.end - ahead_.begin);
    if (group.size() != kGroup || !AllDigits(group)) return;
    token.word += group;
    token.end = ahead_.end;
    more_ = words_.Next(ahead_);
  }
}

void TokenReader::ReadSigns(std::string_view letters, Token& token) const {
  if (Characters(letters) > kMaxSignedLetters || std::any_of(letters.begin(), letters.end(), IsDigit)) return;
  std::string signs;
  size_t end = token.end;
  while (signs.size() < 2 && end < text_.size()) {
    const std::string_view rest = text_.substr(end);
    const bool sharp = rest.starts_with(kSharp);
    if (!sharp && rest[0] != '+' && rest[0] != '#') break;
    signs += sharp ? '#' : rest[0];
    end += sharp ? kSharp.size() : 1;
  }
  // In "a+b" it is between two words; "C++17" is C++.
  if (signs.empty() || (more_ && ahead_.begin == end && signs != "++")) return;
  token.word += signs;
  token.end = end;
}

}  // namespace finalmile::text
