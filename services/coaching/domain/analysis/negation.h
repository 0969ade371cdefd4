#pragma once

#include <cstdint>
#include <optional>

#include "services/coaching/domain/analysis/speech.h"

namespace finalmile::coaching {

// The negator that denies the words [`first`, `last`] of a sentence, both counted: the nearest within 6
// tokens before them, one between them, or one within 3 behind them. Nullopt: none, or negation is not known
// in the language. After NegEx (see language.cc); its scope ends
// - at words such as "but";
// - before them where another clause begins ("we sell no boxes, we cut idle time", "… and we cut …");
// - behind them at a pause, at "and" and its like, and at a relative clause;
// - at the first pause behind an answer of at most three words ("No, …", "Not at all, …"), and behind a "no"
// that
//   a pronoun follows ("no we do that").
// In phrases such as "not only" a negator denies nothing, nor does one that asks ("won't you …?").
std::optional<uint32_t> NegatorOf(const Speech& speech, uint32_t first, uint32_t last);

}  // namespace finalmile::coaching
