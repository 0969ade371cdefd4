#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace finalmile::catalog::domain {

// Bytes [first, second) of a text.
using Stretch = std::pair<size_t, size_t>;

// What of a Markdown text stands for itself: fenced code, code spans, the elements <code> and <pre>, and what
// stands between {% raw %} and {% endraw %}. In order, none touches another. Indented text is no code: mails
// are indented too.
std::vector<Stretch> LiteralStretches(std::string_view markdown);

// Whether `at` is in one of `stretches`, or an odd number of backslashes stands before it.
bool StandsForItself(std::string_view text, size_t at, const std::vector<Stretch>& stretches);

}  // namespace finalmile::catalog::domain
