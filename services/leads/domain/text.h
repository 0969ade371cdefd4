#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/text.h"

namespace finalmile::leads::domain {

// Text helpers of the rules; case and characters as in libs/base/text.h.

// The words of `text` in lower case, each with one space before and after it: "Vice-President, EMEA" gives
// " vice president emea ". Letters, digits and everything beyond ASCII make words. No word: empty.
std::string SpacedWords(std::string_view text);
// The whole of `text` as a finite decimal number.
std::optional<double> ParseNumber(std::string_view text);

}  // namespace finalmile::leads::domain
