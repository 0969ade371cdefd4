#include "services/coaching/domain/transcripts/spoken.h"

#include <algorithm>

#include "libs/base/text.h"
#include "libs/text/normal.h"
#include "libs/text/words.h"

namespace finalmile::coaching {
namespace {

constexpr size_t kMostNameBytes = 64;
constexpr size_t kMostNameWords = 6;
constexpr std::string_view kSmallNameWords[] = {"al",  "and", "bin", "da",  "de",  "del", "den",
                                                "der", "di",  "dos", "du",  "el",  "la",  "le",
                                                "of",  "the", "und", "van", "von", "y"};

bool IsSmall(char c) { return c >= 'a' && c <= 'z'; }

bool MayBeInName(std::string_view word) {
  if (!IsSmall(word[0])) return true;
  // "iPhone" is a name that devices have.
  if (std::any_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) return true;
  return std::find(std::begin(kSmallNameWords), std::end(kSmallNameWords), word) != std::end(kSmallNameWords);
}

// "[Kim Lee]" is Kim Lee.
std::string_view WithoutBrackets(std::string_view name) {
  if (name.size() > 2 && name.starts_with('[') && name.ends_with(']'))
    return Trim(name.substr(1, name.size() - 2));
  return name;
}

}  // namespace

bool MayBeName(std::string_view text, bool small) {
  text::WordSpan first;
  if (text.empty() || text.size() > kMostNameBytes || !text::WordReader(text).Next(first) ||
      first.begin != 0 || (text[0] >= '0' && text[0] <= '9') ||
      text.find_first_of("?!;\"<>") != std::string_view::npos)
    return false;
  size_t words = 0;
  bool names = true;
  for (std::string_view left = text; !left.empty();) {
    const std::string_view word = left.substr(0, left.find(' '));
    left.remove_prefix(std::min(left.size(), word.size() + 1));
    if (word.empty()) continue;
    ++words;
    names = names && MayBeInName(word);
    // A point ends a short word of a name ("J. Ruiz", "Dr. Osei"), or a sentence.
    if (word.ends_with('.') && Characters(word) > 4) return false;
  }
  return words <= kMostNameWords && (names || (small && words == 1));
}

std::optional<Spoken> ReadSpoken(std::string_view line, bool small) {
  line = text::TrimSpace(line);
  if (line.starts_with("- ")) line.remove_prefix(2);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view behind = line.substr(colon + 1);
  const std::string_view name = WithoutBrackets(Trim(line.substr(0, colon)));
  // "https://", "9:30".
  if (!behind.empty() && behind[0] != ' ' && behind[0] != '\t') return std::nullopt;
  if (!MayBeName(name, small)) return std::nullopt;
  return Spoken{name, Trim(behind)};
}

void AddSpoken(Turn turn, std::vector<Turn>& turns) {
  turn.text = text::TrimSpace(turn.text);
  if (turn.text.empty()) return;
  if (!turns.empty()) {
    Turn& last = turns.back();
    if (last.speaker == turn.speaker && last.end && turn.start &&
        *turn.start - *last.end <= kLongestPauseInTurn && *turn.start >= *last.start) {
      Continue(turn.text, last);
      last.end = std::max(*last.end, *turn.end);
      return;
    }
  }
  turns.push_back(std::move(turn));
}

void Continue(std::string_view text, Turn& turn) {
  if (!turn.text.empty()) turn.text += ' ';
  turn.text += text;
}

}  // namespace finalmile::coaching
