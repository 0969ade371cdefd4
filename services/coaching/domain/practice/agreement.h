#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::coaching {

// How far coaches agree on levels: Krippendorff's α for ordinal data. 1 is perfect, 0 is as chance would have
// it. Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011),
// https://repository.upenn.edu/asc_papers/43.

// The values that raters gave to one thing: with us, one criterion of one practice. Fewer than two say
// nothing about agreement, and are passed over.
using Unit = std::vector<int>;

// Agreement over fewer units than that is not given.
inline constexpr size_t kFewestUnits = 10;
// Practices that took place longer ago say nothing about today's coaches.
inline constexpr absl::Duration kAgreementWindow = absl::Hours(24 * 365);

// The order of units and of the values in one does not matter. nullopt: all values are equal, or there are no
// two to compare.
std::optional<double> OrdinalAlpha(const std::vector<Unit>& units);

struct Agreement {
  // Units with two values or more.
  size_t units = 0;
  // Absent for fewer than kFewestUnits units, and where OrdinalAlpha is.
  std::optional<double> alpha;
};
Agreement AgreementOf(const std::vector<Unit>& units);

}  // namespace finalmile::coaching
