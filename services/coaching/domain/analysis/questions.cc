#include "services/coaching/domain/analysis/questions.h"

#include <algorithm>

#include "services/coaching/domain/analysis/phrases.h"

namespace finalmile::coaching {

Asking AskingOf(const Speech& speech, const Sentence& sentence) {
  const Language* language = speech.language();
  if (language == nullptr) return sentence.question ? Asking::kClosed : Asking::kNot;
  const auto word = [&](uint32_t token) -> std::string_view {
    return token < sentence.last ? std::string_view(speech.words()[speech.tokens()[token].word].text)
                                 : std::string_view();
  };
  // The last clause asks: "in the last year, how many stood idle?"
  uint32_t begin = sentence.first;
  for (uint32_t token = begin; sentence.question && token < sentence.last; ++token) {
    if (speech.tokens()[token].after_pause && HasWord(language->open_words_inside, word(token)))
      begin = token;
  }
  while (begin + 1 < sentence.last && HasWord(language->question_leads, word(begin))) ++begin;
  const auto& requests = language->open_requests;
  if (std::any_of(requests.begin(), requests.end(),
                  [&](std::string_view phrase) { return StandsAt(speech, phrase, begin); }))
    return Asking::kOpen;
  const bool open = HasWord(language->open_words, word(begin));
  const bool english_form =
      !language->auxiliaries.empty() &&
      (open || (HasWord(language->auxiliaries, word(begin)) && HasWord(language->pronouns, word(begin + 1))));
  if (!sentence.question && (sentence.punctuated || !english_form)) return Asking::kNot;
  return open ? Asking::kOpen : Asking::kClosed;
}

}  // namespace finalmile::coaching
