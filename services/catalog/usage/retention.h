#pragma once

#include "absl/time/time.h"

namespace finalmile::catalog::usage {

// How long single uses, offers, meetings and leads are kept; their sums stay.
inline constexpr absl::Duration kRetention = absl::Hours(24 * 400);
// After so long without a repetition an open gap of a search is declined.
inline constexpr absl::Duration kSearchPatience = absl::Hours(24 * 90);
// How long after a gap was closed its words are kept.
inline constexpr absl::Duration kWordsKept = absl::Hours(24 * 90);
// How long the sketch of a rep's own message is kept.
inline constexpr absl::Duration kSketchesKept = absl::Hours(24 * 90);
// Open gaps of searches; further ones are not taken.
inline constexpr int64_t kMaxOpenSearches = 1'000;
// Open and accepted gaps that were reported or are rep-made messages; there are no further ones. Transactions
// beside each other may make a few more.
inline constexpr int64_t kMaxOpenGaps = 10'000;

}  // namespace finalmile::catalog::usage
