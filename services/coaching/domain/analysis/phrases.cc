#include "services/coaching/domain/analysis/phrases.h"

#include <algorithm>

namespace finalmile::coaching {
namespace {

// The first word of `left`, which is then what follows it.
std::string_view NextWord(std::string_view& left) {
  const std::string_view word = left.substr(0, left.find(' '));
  left.remove_prefix(std::min(word.size() + 1, left.size()));
  return word;
}

}  // namespace

bool StandsAt(const Speech& speech, std::string_view phrase, uint32_t token) {
  const auto& tokens = speech.tokens();
  if (token >= tokens.size()) return false;
  const uint32_t end = speech.sentences()[tokens[token].sentence].last;
  for (; !phrase.empty(); ++token) {
    const std::string_view word = NextWord(phrase);
    if (token >= end) return false;
    const Word& there = speech.words()[tokens[token].word];
    if (word == kAnyNegator ? !there.negator : word != there.text) return false;
  }
  return true;
}

bool IsPartOf(const Speech& speech, std::string_view phrase, uint32_t token) {
  const uint32_t first = speech.sentences()[speech.tokens()[token].sentence].first;
  std::string_view left = phrase;
  for (uint32_t at = token; !left.empty(); --at) {
    NextWord(left);
    if (StandsAt(speech, phrase, at)) return true;
    if (at == first) return false;
  }
  return false;
}

}  // namespace finalmile::coaching
