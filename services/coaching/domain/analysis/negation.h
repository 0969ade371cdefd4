#pragma once

#include <cstdint>
#include <optional>

#include "services/coaching/domain/analysis/speech.h"

namespace finalmile::coaching {

// The negator that denies the words [`first`, `last`] of a sentence, both counted: the nearest within 6
// tokens before them, one between them, or one within 3 behind them, where a comma ends it. Words such as
// "but" end it too, and in phrases such as "not only", or before a comma ("no, …"), a negator denies nothing.
// After NegEx (Chapman and others 2001, see language.cc). Nullopt: none, or negation is not known in the
// language.
std::optional<uint32_t> NegatorOf(const Speech& speech, uint32_t first, uint32_t last);

}  // namespace finalmile::coaching
