#pragma once

#include <cstdint>
#include <string_view>

#include "services/coaching/domain/analysis/speech.h"

namespace finalmile::coaching {

// Phrases of language.h: words with a space between; "*" is any negator.
inline constexpr std::string_view kAnyNegator = "*";

// Whether `phrase` is in one sentence from `token` on.
bool StandsAt(const Speech& speech, std::string_view phrase, uint32_t token);
// Whether `phrase` is in one sentence around `token`.
bool IsPartOf(const Speech& speech, std::string_view phrase, uint32_t token);

}  // namespace finalmile::coaching
