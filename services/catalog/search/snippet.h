#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "libs/text/analyzer.h"

namespace finalmile::catalog::search {

// Around the words that were found.
inline constexpr char kMarkBegin = '\x02';
inline constexpr char kMarkEnd = '\x03';
inline constexpr size_t kSnippetCharacters = 200;
// How much of a text is looked at.
inline constexpr size_t kSnippetBytes = 128 << 10;

// What a snippet shows of the query, as it is indexed; each group is for one word of it.
struct Wanted {
  struct Group {
    std::vector<std::string> terms;
    // Terms side by side; none is empty.
    std::vector<std::vector<std::string>> phrases;
  };
  std::vector<Group> groups;
  // The last word of the query, as a prefix of words; empty: none. It belongs to the last group.
  std::string prefix;
};

// At most 200 characters of `text` (marks not counted), on one line, where most words of the query are near
// each other, with these between kMarkBegin and kMarkEnd and an ellipsis where something is left out. The
// beginning of the text where none occurs.
std::string MakeSnippet(std::string_view text, std::string_view language, const Wanted& wanted,
                        text::Analyzer& analyzer);

}  // namespace finalmile::catalog::search
