#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace finalmile::cli {

// Columns that `text` takes on a terminal: East Asian wide characters and emoji two, combining marks none
// (Unicode Standard Annex #11). `text` comes from Printable.
size_t DisplayWidth(std::string_view text);

// `text` made safe for one line of a terminal: control characters (escape sequences among them) and those
// that change the direction of the text become spaces, bytes that are not UTF-8 become U+FFFD.
std::string Printable(std::string_view text);

// The same for a text of several lines: line breaks stay.
std::string PrintableLines(std::string_view text);

// Valid JSON with the characters that Printable replaces written as \uXXXX, which leaves its meaning as it
// is. In JSON they occur inside strings alone.
std::string PrintableJson(std::string_view json);

// At most `width` (>= 1) columns of `text`; what is cut off is shown by "…".
std::string Shorten(std::string_view text, size_t width);

}  // namespace finalmile::cli
