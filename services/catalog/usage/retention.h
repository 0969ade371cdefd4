#pragma once

#include "absl/time/time.h"

namespace finalmile::catalog::usage {

// How long single uses, offers and meetings are kept; their sums stay.
inline constexpr absl::Duration kRetention = absl::Hours(24 * 400);
// After so long without a repetition an open gap of a search is declined.
inline constexpr absl::Duration kSearchPatience = absl::Hours(24 * 90);
// Open gaps of searches; further ones are not taken.
inline constexpr int64_t kMaxOpenSearches = 1'000;

}  // namespace finalmile::catalog::usage
