#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::appointments::domain {

// What met a lead, as finalmile.appointments.v1.Touch.
struct Touch {
  std::string subject;
  int64_t version = 0;
  absl::Time time;
  std::string how;

  friend bool operator==(const Touch&, const Touch&) = default;
};

inline constexpr absl::Duration kTouchWindow = absl::Hours(24 * 90);
inline constexpr size_t kMostTouches = 100;

// What is frozen with a meeting: of `touches`, those in (max(`cycle_start`, `set` - 90 days), `until`], of
// each subject and version the first one, and of these the newest kMostTouches, in order of time, then
// subject.
std::vector<Touch> Freeze(std::vector<Touch> touches, absl::Time cycle_start, absl::Time set,
                          absl::Time until);

}  // namespace finalmile::appointments::domain
