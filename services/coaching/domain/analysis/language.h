#pragma once

#include <span>
#include <string_view>

namespace finalmile::coaching {

// The analysis knows this of a language beside its stems and function words (libs/text). Lists are words as
// text::Fold writes them, without apostrophes, with a space between; phrases are such lists.
struct Language {
  // The first part of a BCP 47 tag: "en".
  std::string_view code;
  // Words that deny the words near them.
  std::string_view negators;
  // A negation does not reach over these.
  std::string_view scope_ends;
  // Behind the words that are denied a negation does not reach over these either; and before them not over
  // one of `coordinators` with one of `subjects` behind it.
  std::string_view coordinators;
  std::string_view relatives;
  std::string_view subjects;
  // Phrases in which a negator denies nothing; "*" is any negator.
  std::span<const std::string_view> pseudo_negations;
  // "percent" where it is one word in this language.
  std::string_view percent;
  std::span<const std::string_view> fillers;
  // Words that are fillers between two pauses (Token).
  std::string_view fillers_between_pauses;
  // Words that may come before the first word of a question: "so".
  std::string_view question_leads;
  // Words that begin an open question, and phrases that begin one whatever the sign at its end.
  std::string_view open_words;
  // Those of them that begin no relative clause.
  std::string_view open_words_inside;
  std::span<const std::string_view> open_requests;
  // A pair of them begins a question: "do you".
  std::string_view auxiliaries;
  std::string_view pronouns;
  // A point behind one of these ends no sentence.
  std::string_view abbreviations;
};

// Null: nothing is known of the language of this BCP 47 tag.
const Language* FindLanguage(std::string_view tag);

// Whether `word` is on the list.
bool HasWord(std::string_view list, std::string_view word);

}  // namespace finalmile::coaching
