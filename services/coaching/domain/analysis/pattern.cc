#include "services/coaching/domain/analysis/pattern.h"

#include <algorithm>

#include "libs/text/normal.h"
#include "services/coaching/domain/analysis/cue.h"

namespace finalmile::coaching {
namespace {

constexpr std::string_view kOpening[] = {"\"", "\u201C", "\u201E", "\u00AB", "\u201D"};
constexpr std::string_view kClosing[] = {"\"", "\u201D", "\u201C", "\u00BB"};

void Fill(std::vector<uint32_t> words, const Speech& speech, Pattern& pattern) {
  pattern.words = std::move(words);
  for (const uint32_t id : pattern.words) {
    const Word& word = speech.words()[id];
    pattern.fixed.push_back(word.number || word.negator);
    pattern.negates = pattern.negates || word.negator;
  }
}

}  // namespace

bool IsQuoted(std::string_view cue) {
  const std::string_view trimmed = text::TrimSpace(cue);
  const auto any = [](const auto& signs, auto has) {
    return std::any_of(std::begin(signs), std::end(signs), has);
  };
  return trimmed.size() > 1 &&
         any(kOpening, [&](std::string_view sign) { return trimmed.starts_with(sign); }) &&
         any(kClosing, [&](std::string_view sign) { return trimmed.ends_with(sign); });
}

Pattern ExactPattern(std::string_view text, Speech& speech) {
  Pattern pattern;
  Fill(speech.Phrase(text), speech, pattern);
  pattern.window = pattern.words.size();
  pattern.exact = true;
  return pattern;
}

Pattern CuePattern(std::string_view cue, Speech& speech) {
  if (IsQuoted(cue)) return ExactPattern(cue, speech);
  std::vector<uint32_t> words = speech.Phrase(cue);
  std::erase_if(words, [&](uint32_t id) {
    const Word& word = speech.words()[id];
    return word.function && !word.negator;
  });
  // A negator alone says nothing.
  const bool content =
      std::any_of(words.begin(), words.end(), [&](uint32_t id) { return !speech.words()[id].negator; });
  Pattern pattern;
  if (!content) return pattern;
  Fill(std::move(words), speech, pattern);
  pattern.most_skips = pattern.words.size() / 4;
  pattern.window = 2 * pattern.words.size() + 3;
  pattern.fuzzy = pattern.words.size() > 1;
  return pattern;
}

Pattern NearPattern(const Pattern& pattern) {
  if (pattern.exact || pattern.words.size() <= pattern.most_skips + 1) return {};
  Pattern near = pattern;
  near.fixed.assign(near.words.size(), false);
  ++near.most_skips;
  return near;
}

CueReading ReadCue(std::string_view cue, std::string_view language) {
  Speech speech(language);
  const Pattern pattern = CuePattern(cue, speech);
  CueReading reading;
  reading.exact = pattern.exact;
  for (const uint32_t id : pattern.words) {
    const Word& word = speech.words()[id];
    reading.words.push_back(word.text);
    reading.stems.push_back(word.stems[0]);
  }
  reading.needed = pattern.words.size() - pattern.most_skips;
  return reading;
}

bool IsPublishable(const CueReading& cue) { return cue.exact ? !cue.words.empty() : cue.words.size() > 1; }

}  // namespace finalmile::coaching
