#include "services/coaching/domain/analysis/negation.h"

#include <algorithm>

#include "services/coaching/domain/analysis/phrases.h"

namespace finalmile::coaching {
namespace {

constexpr uint32_t kTokensBefore = 6;
constexpr uint32_t kTokensBehind = 3;
constexpr uint32_t kMostTokensOfAnAnswer = 3;
// It is an answer without a pause, too, where a pronoun follows: "no we do that".
constexpr std::string_view kAnswer = "no";

class Scope {
 public:
  Scope(const Speech& speech, const Sentence& sentence)
      : speech_(speech), language_(*speech.language()), sentence_(sentence) {}

  std::optional<uint32_t> Before(uint32_t first) const {
    const uint32_t reach = std::min(first - sentence_.first, kTokensBefore);
    for (uint32_t token = first; token-- > first - reach;) {
      if (WordAt(token).ends_scope || BeginsClause(token + 1)) break;
      if (Denies(token) && !IsAnswer(token, first)) return token;
    }
    return std::nullopt;
  }

  std::optional<uint32_t> Between(uint32_t first, uint32_t last) const {
    for (uint32_t token = first; token <= last; ++token) {
      if (Denies(token)) return token;
    }
    return std::nullopt;
  }

  std::optional<uint32_t> Behind(uint32_t last) const {
    const uint32_t end = std::min(sentence_.last, last + 1 + kTokensBehind);
    for (uint32_t token = last + 1; token < end; ++token) {
      const Word& word = WordAt(token);
      if (AfterPause(token) || word.ends_scope || HasWord(language_.coordinators, word.text) ||
          HasWord(language_.relatives, word.text))
        break;
      if (Denies(token)) return token;
    }
    return std::nullopt;
  }

 private:
  const Word& WordAt(uint32_t token) const { return speech_.words()[speech_.tokens()[token].word]; }
  bool AfterPause(uint32_t token) const { return speech_.tokens()[token].after_pause; }

  bool Denies(uint32_t token) const {
    if (!WordAt(token).negator || Asks(token)) return false;
    const auto phrases = language_.pseudo_negations;
    return std::none_of(phrases.begin(), phrases.end(),
                        [&](std::string_view phrase) { return IsPartOf(speech_, phrase, token); });
  }

  // "Won't you give it a try?"
  bool Asks(uint32_t token) const {
    return sentence_.question && token + 1 < sentence_.last &&
           HasWord(language_.auxiliaries, WordAt(token).text) &&
           HasWord(language_.pronouns, WordAt(token + 1).text);
  }

  // "…, we prove it", "…, would you", "… and we prove it"; but not "…, you know, …".
  bool BeginsClause(uint32_t token) const {
    if (token + 1 >= sentence_.last) return false;
    const std::string_view word = WordAt(token).text;
    const std::string_view next = WordAt(token + 1).text;
    if (HasWord(language_.coordinators, word)) return HasWord(language_.subjects, next);
    if (!AfterPause(token)) return false;
    const bool filler =
        std::any_of(language_.fillers.begin(), language_.fillers.end(),
                    [&](std::string_view phrase) { return StandsAt(speech_, phrase, token); });
    return !filler && (HasWord(language_.subjects, word) ||
                       (HasWord(language_.auxiliaries, word) && HasWord(language_.pronouns, next)));
  }

  // Whether the negator begins the sentence as an answer to another, which ends no later than at `first`.
  bool IsAnswer(uint32_t token, uint32_t first) const {
    for (uint32_t lead = sentence_.first; lead < token; ++lead) {
      if (!HasWord(language_.question_leads, WordAt(lead).text)) return false;
    }
    if (WordAt(token).text == kAnswer && HasWord(language_.pronouns, WordAt(token + 1).text)) return true;
    const uint32_t end = std::min(first, token + kMostTokensOfAnAnswer);
    for (uint32_t next = token + 1; next <= end; ++next) {
      if (AfterPause(next)) return true;
    }
    return false;
  }

  const Speech& speech_;
  const Language& language_;
  const Sentence& sentence_;
};

}  // namespace

std::optional<uint32_t> NegatorOf(const Speech& speech, uint32_t first, uint32_t last) {
  if (speech.language() == nullptr) return std::nullopt;
  const Scope scope(speech, speech.sentences()[speech.tokens()[first].sentence]);
  if (const auto before = scope.Before(first)) return before;
  if (const auto between = scope.Between(first, last)) return between;
  return scope.Behind(last);
}

}  // namespace finalmile::coaching
