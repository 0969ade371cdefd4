#pragma once

#include <string>

#include "absl/time/time.h"

namespace finalmile::appointments::domain {

// "2026-12-03T15:00": the wall time of an instant, as appointments keep it.
std::string WallTime(absl::Time time, absl::TimeZone zone);

// The instant that somebody means who writes this wall time, by RFC 5545, 3.3.5: the first pass of a repeated
// one; a skipped one by the offset before the gap, so that 02:30 means 03:30.
absl::Time ResolveGiven(absl::CivilSecond wall, absl::TimeZone zone);

// The first instant whose civil time has reached `wall`: the first pass of a repeated one, and of a skipped
// one the moment of the change. Hours of work begin and end so: nobody is booked beyond them.
absl::Time FirstReached(absl::CivilSecond wall, absl::TimeZone zone);

}  // namespace finalmile::appointments::domain
