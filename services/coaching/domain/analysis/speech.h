#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/text/analyzer.h"
#include "services/coaching/domain/analysis/analysis.h"
#include "services/coaching/domain/analysis/language.h"

namespace finalmile::coaching {

// A distinct word of a transcript or a cue.
struct Word {
  // In lower case, without accents and apostrophes; a number word as digits.
  std::string text;
  // Its stem, and those of its other ways to be written (text::Term).
  std::vector<std::string> stems;
  // It says nothing by itself, and equals nothing but itself.
  bool function = false;
  bool negator = false;
  // A negation does not reach over it.
  bool ends_scope = false;
  // It begins with a digit.
  bool number = false;
};

// A word at its place.
struct Token {
  // Its index in Speech::words.
  uint32_t word = 0;
  uint32_t sentence = 0;
  // Bytes of the turn's text.
  Range range;
  // There is a comma, a dash, a colon or a bracket before it.
  bool after_pause = false;
};

struct Sentence {
  size_t turn = 0;
  // Tokens [first, last), at least one.
  uint32_t first = 0;
  uint32_t last = 0;
  bool question = false;
  // A sign ends it, rather than a new line or the end of the turn.
  bool punctuated = false;
};

// Speech is what was said, cut into sentences and words. Sentences end at . ? ! … ; and at line ends. "thirty
// five" and "35" are one word, and so are "%", "percent" and "per cent". Not thread-safe.
class Speech {
 public:
  // `language` is a BCP 47 tag.
  explicit Speech(std::string_view language);

  // Adds the sentences of a turn's text.
  void Add(std::string_view text, size_t turn);
  // The words of a phrase, one behind the other, as indices of words(); nothing is added to what was said.
  std::vector<uint32_t> Phrase(std::string_view text);

  const std::vector<Word>& words() const { return words_; }
  const std::vector<Token>& tokens() const { return tokens_; }
  const std::vector<Sentence>& sentences() const { return sentences_; }
  const std::string& language_tag() const { return tag_; }
  // Null: nothing is known of the language.
  const Language* language() const { return language_; }
  bool has_stems() { return analyzer_.HasStems(tag_); }

 private:
  // Cuts one text.
  class Reader;

  uint32_t Meet(std::string text, std::vector<std::string> stems);

  std::string tag_;
  const Language* language_;
  text::Analyzer analyzer_;
  std::vector<Word> words_;
  std::unordered_map<std::string, uint32_t> index_;
  std::vector<Token> tokens_;
  std::vector<Sentence> sentences_;
};

}  // namespace finalmile::coaching
