#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "services/coaching/domain/turn.h"

namespace finalmile::coaching {

// Whether `text` may be the name of a speaker: 1 to 6 words and 64 bytes, no digit in front, no sentence, and
// words in small letters only where names have them ("van"). A single word in small letters is one where
// `small` says so.
bool MayBeName(std::string_view text, bool small);

// "Kim Lee: we cut idle time". Views into the line.
struct Spoken {
  std::string_view speaker;
  std::string_view text;
};
// Nullopt: the line begins with no name and colon ("10:30 Meeting: prices"). `small` as in MayBeName.
std::optional<Spoken> ReadSpoken(std::string_view line, bool small);

// Adds what a speaker says, or continues the last turn if it is the same speaker's and ended at most
// kLongestPauseInTurn seconds before. Without words it adds nothing.
inline constexpr double kLongestPauseInTurn = 2;
void AddSpoken(Turn turn, std::vector<Turn>& turns);

// Adds a further line of what the last turn says.
void Continue(std::string_view text, Turn& turn);

}  // namespace finalmile::coaching
