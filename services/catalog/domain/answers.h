#pragma once

#include <string_view>

namespace finalmile::catalog::domain {

// Whether the text of a required field says what the field is for, or only stands there. They read English,
// and of other languages the words that people put into such fields.

// Blank, or a word that says that nothing is said yet: "-", "n/a", "TBD", "todo", "none", "?".
bool SaysNothing(std::string_view text);

// A time of day and a day: "Tuesday, 10:00", "3 March at 2 pm", "2026-03-03 14:00".
bool SaysWhen(std::string_view text);

// Neither a no nor a not yet ("no", "not granted", "denied", "pending", "asked for"), and a number: of the
// contract, or of the day on which it was permitted.
bool SaysPermitted(std::string_view text);

}  // namespace finalmile::catalog::domain
