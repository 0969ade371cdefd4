#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/coaching/domain/analysis/pattern.h"
#include "services/coaching/domain/analysis/speech.h"

namespace finalmile::coaching {

// Counts work, so that no input takes more than it may.
class Steps {
 public:
  explicit Steps(int64_t most) : most_(most) {}
  // False: they are used up.
  bool Take(int64_t steps) {
    taken_ += steps;
    return taken_ <= most_;
  }
  bool left() const { return taken_ <= most_; }
  int64_t taken() const { return taken_; }

 private:
  const int64_t most_;
  int64_t taken_ = 0;
};

// A pattern found in one sentence.
struct Match {
  // Tokens of the speech: from the first to the last that is found, both counted.
  uint32_t first = 0;
  uint32_t last = 0;
  // How many words of the pattern are found.
  size_t words = 0;
  bool fuzzy = false;

  friend bool operator==(const Match&, const Match&) = default;
};

// A word of the pattern at the token where it is found.
struct MatchedWord {
  uint32_t token = 0;
  // Its index in the pattern.
  size_t word = 0;
};

// Finds patterns in what was said. A pattern matches tokens of one sentence, in order and within its window.
// Matches of a pattern do not overlap: that with the most words goes first; of several the one that is
// complete first, then the shortest, then one without a fuzzy word. A word is fuzzily another one if both
// have 6 letters or more and no digit, begin alike, and are one edit apart, two from 10 letters (optimal
// string alignment, libs/text/edit_distance.h). Not thread-safe.
class Matcher {
 public:
  // Its arguments must outlive it. What is said may not change any more; further phrases may be read.
  Matcher(const Speech& speech, Steps& steps);

  // All matches in order, or none once the steps are used up. With k words of the pattern, s of which may be
  // left out, it takes at most 2 · k · (2 · s + 1) + 2 · k + 4 steps for each token that is a word of the
  // pattern, and once for each word what it takes to hold its letters against those of the speech.
  std::vector<Match> Find(const Pattern& pattern);
  // The words that make a match of Find.
  std::vector<MatchedWord> WordsOf(const Pattern& pattern, const Match& match);

 private:
  // A word of the speech as a part of a pattern.
  struct Part {
    // Its index in the pattern.
    size_t word = 0;
    bool fuzzy = false;
  };
  // By words of the speech; the later words of the pattern go first.
  using Parts = std::unordered_map<uint32_t, std::vector<Part>>;
  struct Spelling {
    uint32_t word = 0;
    std::u32string letters;
  };
  // The words of the speech that equal one of a pattern, rising.
  struct Equals {
    std::vector<uint32_t> exact;
    std::vector<uint32_t> fuzzy;
    bool fuzzy_known = false;
  };

  const Equals& EqualsOf(uint32_t word, bool fuzzy);
  Parts PartsOf(const Pattern& pattern);
  // Goes through tokens of one sentence that are parts of the pattern. `extend` (token, its part, words left
  // out before it, whether a word is fuzzy, value of the alignment that it continues; kNone: none) gives the
  // value of the alignment that there is then; kNone: there is none.
  template <typename Extend>
  void Walk(const Pattern& pattern, const Parts& parts, std::span<const uint32_t> tokens, Extend extend);
  // Matches that end at different tokens, and may overlap.
  std::vector<Match> Candidates(const Pattern& pattern, const Parts& parts, std::span<const uint32_t> tokens);
  void KeepBest(std::vector<Match> candidates, std::vector<Match>& found);

  const Speech& speech_;
  Steps& steps_;
  // The tokens of each word of the speech.
  std::vector<std::vector<uint32_t>> places_;
  std::unordered_map<std::string, std::vector<uint32_t>> by_stem_;
  // Words that may be fuzzy, by first letter.
  std::unordered_map<char32_t, std::vector<Spelling>> spellings_;
  std::unordered_map<uint32_t, Equals> equals_;
};

}  // namespace finalmile::coaching
