#include "services/leads/domain/text.h"

#include <algorithm>
#include <vector>

#include "libs/text/words.h"

namespace finalmile::leads::domain {
namespace {

struct Part {
  std::string word;
  size_t begin = 0;
  size_t end = 0;
  bool letter = false;
};

// The words of `text`, cut at apostrophes.
std::vector<Part> PartsOf(std::string_view text) {
  std::vector<Part> parts;
  text::WordReader reader(text);
  for (text::WordSpan span; reader.Next(span);) {
    for (size_t begin = span.begin; begin < span.end;) {
      const size_t apostrophe = text.find('\'', begin);
      const size_t end = std::min(apostrophe, span.end);
      const std::string_view word = text.substr(begin, end - begin);
      if (!word.empty()) {
        const bool letter = text::CharacterBytes(word, 0) == word.size();
        parts.push_back({text::Comparable(word), begin, end, letter});
      }
      begin = end + 1;
    }
  }
  return parts;
}

}  // namespace

std::string SpacedWords(std::string_view text) {
  std::string plain = text::ResolveForms(text::Tidy(text));
  for (size_t at = plain.find("\u2019"); at != std::string::npos; at = plain.find("\u2019", at)) {
    plain.replace(at, 3, "'");
  }
  std::string words;
  const std::vector<Part> parts = PartsOf(plain);
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool abbreviated = i > 0 && parts[i].letter && parts[i - 1].letter &&
                             parts[i].begin == parts[i - 1].end + 1 && plain[parts[i - 1].end] == '.';
    if (!abbreviated) words += ' ';
    words += parts[i].word;
  }
  if (!words.empty()) words += ' ';
  return words;
}

}  // namespace finalmile::leads::domain
