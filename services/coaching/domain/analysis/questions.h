#pragma once

#include <cstdint>

#include "services/coaching/domain/analysis/speech.h"

namespace finalmile::coaching {

enum class Asking { kNot, kClosed, kOpen };

// Whether a sentence asks, and for more than yes or no. It asks if it ends in a question mark or begins with
// a request such as "tell me"; in English also if no sign ends it and it begins with a question word, or with
// an auxiliary and a pronoun ("do you"). Words such as "so" may come before. An open question begins with a
// question word, or has "what", "how" or "why" behind a pause.
Asking AskingOf(const Speech& speech, const Sentence& sentence);

}  // namespace finalmile::coaching
