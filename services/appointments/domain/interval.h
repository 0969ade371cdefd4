#pragma once

#include "absl/time/time.h"

namespace finalmile::appointments::domain {

// Half open: `end` is the first instant that does not belong to it.
struct Interval {
  absl::Time start;
  absl::Time end;

  bool Overlaps(const Interval& other) const { return start < other.end && other.start < end; }
  bool Contains(const Interval& other) const { return start <= other.start && other.end <= end; }

  friend bool operator==(const Interval&, const Interval&) = default;
};

}  // namespace finalmile::appointments::domain
