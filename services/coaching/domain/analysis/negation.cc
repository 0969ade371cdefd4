#include "services/coaching/domain/analysis/negation.h"

#include <algorithm>

#include "services/coaching/domain/analysis/phrases.h"

namespace finalmile::coaching {
namespace {

constexpr uint32_t kTokensBefore = 6;
constexpr uint32_t kTokensBehind = 3;
// The answer "no" denies what was said before it, when a comma follows.
constexpr std::string_view kAnswer = "no";

class Scope {
 public:
  Scope(const Speech& speech, const Sentence& sentence) : speech_(speech), sentence_(sentence) {}

  bool Ends(uint32_t token) const { return WordAt(token).ends_scope; }
  bool Denies(uint32_t token) const { return WordAt(token).negator && !IsPseudo(token); }

 private:
  const Word& WordAt(uint32_t token) const { return speech_.words()[speech_.tokens()[token].word]; }

  bool IsPseudo(uint32_t token) const {
    const uint32_t next = token + 1;
    if (WordAt(token).text == kAnswer && next < sentence_.last && speech_.tokens()[next].after_comma)
      return true;
    const auto phrases = speech_.language()->pseudo_negations;
    return std::any_of(phrases.begin(), phrases.end(),
                       [&](std::string_view phrase) { return IsPartOf(speech_, phrase, token); });
  }

  const Speech& speech_;
  const Sentence& sentence_;
};

}  // namespace

std::optional<uint32_t> NegatorOf(const Speech& speech, uint32_t first, uint32_t last) {
  if (speech.language() == nullptr) return std::nullopt;
  const Sentence& sentence = speech.sentences()[speech.tokens()[first].sentence];
  const Scope scope(speech, sentence);
  const uint32_t reach = std::min(first - sentence.first, kTokensBefore);
  for (uint32_t back = 1; back <= reach && !scope.Ends(first - back); ++back) {
    if (scope.Denies(first - back)) return first - back;
  }
  for (uint32_t token = first; token <= last; ++token) {
    if (scope.Denies(token)) return token;
  }
  const uint32_t end = std::min(sentence.last, last + 1 + kTokensBehind);
  for (uint32_t token = last + 1; token < end; ++token) {
    if (speech.tokens()[token].after_comma || scope.Ends(token)) break;
    if (scope.Denies(token)) return token;
  }
  return std::nullopt;
}

}  // namespace finalmile::coaching
