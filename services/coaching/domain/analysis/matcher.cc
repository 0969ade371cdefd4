#include "services/coaching/domain/analysis/matcher.h"

#include <algorithm>

#include "libs/text/edit_distance.h"

namespace finalmile::coaching {
namespace {

constexpr size_t kFewestFuzzyLetters = 6;
constexpr size_t kLettersForTwoEdits = 10;
constexpr int64_t kNone = -1;

// It answers which words of a pattern may be left out together.
struct Shape {
  explicit Shape(const Pattern& pattern) : words(pattern.words.size()), skips(pattern.most_skips) {
    fixed_before.push_back(0);
    for (const bool fixed : pattern.fixed) fixed_before.push_back(fixed_before.back() + (fixed ? 1 : 0));
  }
  // Whether words [first, last) may all be left out.
  bool Free(size_t first, size_t last) const { return fixed_before[first] == fixed_before[last]; }
  // Whether an alignment that ends with `word`, `skipped` of those before it left out, is a match.
  bool Complete(size_t word, size_t skipped) const {
    return skipped + (words - 1 - word) <= skips && Free(word + 1, words);
  }

  size_t words;
  size_t skips;
  std::vector<size_t> fixed_before;
};

// A value for each kind of alignment: by how many words of the pattern are dealt with, how many of them are
// left out, and whether one is fuzzy. The larger of two values stays; kNone: there is no such alignment.
class Table {
 public:
  explicit Table(const Shape& shape)
      : skips_(shape.skips), values_((shape.words + 1) * (shape.skips + 1) * 2, kNone) {}
  int64_t& At(size_t words, size_t skipped, size_t fuzzy) {
    return values_[(words * (skips_ + 1) + skipped) * 2 + fuzzy];
  }
  void Raise(size_t words, size_t skipped, size_t fuzzy, int64_t value) {
    int64_t& known = At(words, skipped, fuzzy);
    known = std::max(known, value);
  }

 private:
  size_t skips_;
  std::vector<int64_t> values_;
};

bool HasDigit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool MayBeFuzzy(const Word& word) {
  return !word.function && !word.negator && word.text.size() >= kFewestFuzzyLetters && !HasDigit(word.text);
}

// The better match of those that end at the same token.
bool Better(const Match& a, const Match& b) {
  if (a.words != b.words) return a.words > b.words;
  if (a.first != b.first) return a.first > b.first;
  return !a.fuzzy && b.fuzzy;
}

}  // namespace

Matcher::Matcher(const Speech& speech, Steps& steps) : speech_(speech), steps_(steps) {
  places_.resize(speech.words().size());
  const auto& tokens = speech.tokens();
  for (uint32_t token = 0; token < tokens.size(); ++token) places_[tokens[token].word].push_back(token);
  steps.Take(static_cast<int64_t>(tokens.size()));
  for (uint32_t id = 0; id < places_.size(); ++id) {
    const Word& word = speech.words()[id];
    if (places_[id].empty() || word.function) continue;
    for (const std::string& stem : word.stems) by_stem_[stem].push_back(id);
    if (!MayBeFuzzy(word)) continue;
    std::u32string letters = text::Letters(word.text);
    if (letters.size() < kFewestFuzzyLetters) continue;
    std::vector<Spelling>& alike = spellings_[letters[0]];
    alike.push_back({id, std::move(letters)});
  }
}

const Matcher::Equals& Matcher::EqualsOf(uint32_t id, bool fuzzy) {
  const Word& word = speech_.words()[id];
  const auto [known, met] = equals_.try_emplace(id);
  Equals& equals = known->second;
  if (met && word.function) {
    if (id < places_.size()) equals.exact.push_back(id);
  } else if (met) {
    for (const std::string& stem : word.stems) {
      if (const auto same = by_stem_.find(stem); same != by_stem_.end())
        equals.exact.insert(equals.exact.end(), same->second.begin(), same->second.end());
    }
    std::sort(equals.exact.begin(), equals.exact.end());
    equals.exact.erase(std::unique(equals.exact.begin(), equals.exact.end()), equals.exact.end());
  }
  if (!fuzzy || equals.fuzzy_known) return equals;
  equals.fuzzy_known = true;
  if (!MayBeFuzzy(word)) return equals;
  const std::u32string letters = text::Letters(word.text);
  if (letters.size() < kFewestFuzzyLetters) return equals;
  const auto alike = spellings_.find(letters[0]);
  if (alike == spellings_.end()) return equals;
  for (const Spelling& other : alike->second) {
    const size_t shorter = std::min(letters.size(), other.letters.size());
    const size_t longer = std::max(letters.size(), other.letters.size());
    const size_t edits = shorter >= kLettersForTwoEdits ? 2 : 1;
    const bool may = longer - shorter <= edits;
    if (!steps_.Take(may ? static_cast<int64_t>(shorter * longer) : 1)) break;
    if (may && text::EditDistance(letters, other.letters, edits) <= edits &&
        !std::binary_search(equals.exact.begin(), equals.exact.end(), other.word))
      equals.fuzzy.push_back(other.word);
  }
  return equals;
}

Matcher::Parts Matcher::PartsOf(const Pattern& pattern) {
  Parts parts;
  for (size_t word = pattern.words.size(); word-- > 0 && steps_.left();) {
    const Equals& equals = EqualsOf(pattern.words[word], pattern.fuzzy);
    steps_.Take(static_cast<int64_t>(equals.exact.size() + equals.fuzzy.size()));
    for (const uint32_t id : equals.exact) parts[id].push_back({word, false});
    if (!pattern.fuzzy) continue;
    for (const uint32_t id : equals.fuzzy) parts[id].push_back({word, true});
  }
  return parts;
}

std::vector<Match> Matcher::Find(const Pattern& pattern) {
  std::vector<Match> found;
  if (pattern.words.empty()) return found;
  const Parts parts = PartsOf(pattern);
  std::vector<uint32_t> tokens;
  for (const auto& [id, of_pattern] : parts)
    tokens.insert(tokens.end(), places_[id].begin(), places_[id].end());
  std::sort(tokens.begin(), tokens.end());
  steps_.Take(static_cast<int64_t>(tokens.size()));
  const size_t needed = pattern.words.size() - pattern.most_skips;
  for (size_t at = 0; at < tokens.size() && steps_.left();) {
    const Sentence& sentence = speech_.sentences()[speech_.tokens()[tokens[at]].sentence];
    size_t end = at;
    while (end < tokens.size() && tokens[end] < sentence.last) ++end;
    if (end - at >= needed)
      KeepBest(Candidates(pattern, parts, std::span(tokens).subspan(at, end - at)), found);
    at = end;
  }
  if (!steps_.left()) found.clear();
  return found;
}

template <typename Extend>
void Matcher::Walk(const Pattern& pattern, const Parts& parts, std::span<const uint32_t> tokens,
                   Extend extend) {
  const Shape shape(pattern);
  Table table(shape);
  for (const uint32_t token : tokens) {
    // Later words go first, so that the token is not used twice.
    for (const Part& part : parts.at(speech_.tokens()[token].word)) {
      const size_t fuzzy_part = part.fuzzy ? 1 : 0;
      const auto go_on = [&](size_t skipped, size_t fuzzy, int64_t value) {
        table.Raise(part.word + 1, skipped, fuzzy, extend(token, part, skipped, fuzzy > 0, value));
      };
      if (!steps_.Take(2 * static_cast<int64_t>(shape.skips + 1))) return;
      for (size_t skipped = 0; part.word > 0 && skipped <= shape.skips; ++skipped) {
        for (size_t fuzzy = 0; fuzzy + fuzzy_part < 2; ++fuzzy) {
          const int64_t value = table.At(part.word, skipped, fuzzy);
          if (value != kNone) go_on(skipped, fuzzy + fuzzy_part, value);
        }
      }
      if (part.word <= shape.skips && shape.Free(0, part.word)) go_on(part.word, fuzzy_part, kNone);
    }
    // Words that may be left out are dealt with without a token.
    if (!steps_.Take(2 * static_cast<int64_t>(shape.words * shape.skips))) return;
    for (size_t word = 1; word < shape.words; ++word) {
      if (pattern.fixed[word]) continue;
      for (size_t skipped = 0; skipped < shape.skips; ++skipped) {
        for (size_t fuzzy = 0; fuzzy < 2; ++fuzzy)
          table.Raise(word + 1, skipped + 1, fuzzy, table.At(word, skipped, fuzzy));
      }
    }
  }
}

std::vector<Match> Matcher::Candidates(const Pattern& pattern, const Parts& parts,
                                       std::span<const uint32_t> tokens) {
  const Shape shape(pattern);
  std::vector<Match> candidates;
  // The shortest of alignments that end alike is the one that begins last.
  Walk(pattern, parts, tokens,
       [&](uint32_t token, const Part& part, size_t skipped, bool fuzzy, int64_t begin) {
         if (begin == kNone) begin = token;
         const bool fits = token - begin + 1 <= static_cast<int64_t>(pattern.window);
         if (!fits || !shape.Complete(part.word, skipped)) return begin;
         const Match match = {static_cast<uint32_t>(begin), token, part.word + 1 - skipped, fuzzy};
         if (candidates.empty() || candidates.back().last != match.last) {
           candidates.push_back(match);
         } else if (Better(match, candidates.back())) {
           candidates.back() = match;
         }
         return begin;
       });
  return candidates;
}

void Matcher::KeepBest(std::vector<Match> candidates, std::vector<Match>& found) {
  if (candidates.empty()) return;
  std::sort(candidates.begin(), candidates.end(), [](const Match& a, const Match& b) {
    if (a.words != b.words) return a.words > b.words;
    return a.last < b.last;
  });
  const Sentence& sentence = speech_.sentences()[speech_.tokens()[candidates[0].first].sentence];
  std::vector<bool> taken(sentence.last - sentence.first);
  const size_t before = found.size();
  for (const Match& match : candidates) {
    const auto first = taken.begin() + (match.first - sentence.first);
    const auto last = taken.begin() + (match.last - sentence.first) + 1;
    if (!steps_.Take(last - first)) return;
    if (std::find(first, last, true) != last) continue;
    std::fill(first, last, true);
    found.push_back(match);
  }
  std::sort(found.begin() + static_cast<std::ptrdiff_t>(before), found.end(),
            [](const Match& a, const Match& b) { return a.first < b.first; });
}

std::vector<MatchedWord> Matcher::WordsOf(const Pattern& pattern, const Match& match) {
  const Shape shape(pattern);
  // Alignments as far as they come, each with the index of the one that it continues.
  struct Node {
    MatchedWord word;
    int64_t before = kNone;
  };
  std::vector<Node> nodes;
  int64_t end = kNone;
  const Parts parts = PartsOf(pattern);
  std::vector<uint32_t> tokens;
  for (uint32_t token = match.first; token <= match.last; ++token) {
    if (parts.contains(speech_.tokens()[token].word)) tokens.push_back(token);
  }
  Walk(pattern, parts, tokens,
       [&](uint32_t token, const Part& part, size_t skipped, bool fuzzy, int64_t before) {
         if (before == kNone && token != match.first) return kNone;
         nodes.push_back({{token, part.word}, before});
         const auto node = static_cast<int64_t>(nodes.size()) - 1;
         const bool whole = token == match.last && shape.Complete(part.word, skipped) &&
                            part.word + 1 - skipped == match.words && fuzzy == match.fuzzy;
         if (whole) end = node;
         return node;
       });
  std::vector<MatchedWord> words;
  for (; end != kNone; end = nodes[static_cast<size_t>(end)].before)
    words.push_back(nodes[static_cast<size_t>(end)].word);
  std::reverse(words.begin(), words.end());
  return words;
}

}  // namespace finalmile::coaching
