#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// How far two spellings are apart. Pure functions.
namespace finalmile::text {

// Longer words are cut.
inline constexpr size_t kMaxLetters = 64;

// The code points of `word`, which is valid UTF-8; at most kMaxLetters.
std::u32string Letters(std::string_view word);

// The number of letters that are left out, put in, exchanged for another, or swapped with the next one
// (Damerau-Levenshtein distance, optimal string alignment), in code points. `limit` + 1 where it is more than
// `limit`, or where a word has more than kMaxLetters.
size_t EditDistance(std::u32string_view a, std::u32string_view b, size_t limit);

// How many edits are forgiven in a word of so many letters: 1 from 4, 2 from 8.
size_t ForgivenEdits(size_t letters);

}  // namespace finalmile::text
