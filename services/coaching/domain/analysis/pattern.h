#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "services/coaching/domain/analysis/speech.h"

namespace finalmile::coaching {

// A cue or a phrase as the matcher looks for it.
struct Pattern {
  // Indices of Speech::words, in order.
  std::vector<uint32_t> words;
  // Which of them may not be left out.
  std::vector<bool> fixed;
  // How many may be left out.
  size_t most_skips = 0;
  // The most tokens from the first to the last word that is found, both counted.
  size_t window = 0;
  // One word may be only nearly the one that is looked for.
  bool fuzzy = false;
  // It denies something itself, so that no negator near it does.
  bool negates = false;
  bool exact = false;
};

// Whether the cue is in double quotes, straight or curved.
bool IsQuoted(std::string_view cue);
// `text` word by word: all its words, one behind the other.
Pattern ExactPattern(std::string_view text, Speech& speech);
// A cue: exact in double quotes; else its content words in order, of which a quarter may be left out, but no
// number and no negator. No words: it has no content.
Pattern CuePattern(std::string_view cue, Speech& speech);
// A pattern for what is one word short of a match of `pattern`, whatever the word. No words: one of it is all
// of it, or it is exact.
Pattern NearPattern(const Pattern& pattern);

}  // namespace finalmile::coaching
