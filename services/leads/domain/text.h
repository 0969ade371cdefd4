#pragma once

#include <string>
#include <string_view>

#include "libs/base/text.h"
#include "libs/text/normal.h"

namespace finalmile::leads::domain {

// The words of `text` as text::Comparable gives them, each with one space before and after it:
// "Vice-President, ＥＭＥＡ" gives " vice president emea ". An apostrophe parts words, and letters with
// points between them are one: "C.E.O." gives " ceo ". No word: empty.
std::string SpacedWords(std::string_view text);

}  // namespace finalmile::leads::domain
