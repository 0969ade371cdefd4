#pragma once

#include <string_view>

namespace finalmile::text {

// Whether it is an English word of four letters or more, as Fold gives it, in any form, names included (the
// list `american-english` of Debian's wamerican). Thread-safe; takes some hundred nanoseconds.
bool IsEnglishWord(std::string_view word);

}  // namespace finalmile::text
