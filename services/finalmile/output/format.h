#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace finalmile::cli {

// "6,468".
std::string FormatCount(int64_t count);
// One digit after the point, without "-0.0": "41.3".
std::string FormatPoints(double points);
// "45 s", "3 min", "2 h", "12 d": whole units, the largest that is at least 1; "0 s".
std::string FormatSpan(absl::Duration span);
// "now", "3 min ago", "in 2 h", "12 d ago": whole units, the largest that is at least 1.
std::string FormatAgo(absl::Time time, absl::Time now);
// "2026-03-01 09:00 (3 d ago)" in `zone`; "-" for the infinite past and future.
std::string FormatTime(absl::Time time, absl::Time now, absl::TimeZone zone);
// "0:07", "12:30", "1:02:03".
std::string FormatElapsed(absl::Duration duration);

// A moment as people write it: RFC 3339, "2026-03-01", "2026-03-01 09:00" (in `zone`), "now", or so long
// before `now`: "3d", "36h", "90m". False: none of these.
bool ParseMoment(const std::string& text, absl::Time now, absl::TimeZone zone, absl::Time& time);

}  // namespace finalmile::cli
