#pragma once

#include <string>

#include "absl/time/time.h"

namespace finalmile::cli {

// A moment to come, as people write it, in `zone`: what ParseMoment reads, if it is ahead; "10:30" (the next
// one), "today 16:00", "tomorrow 09:30", "Thu 15:00" and "thursday 15:00" (the next one); a day alone means
// 09:00; so long from `now`: "2h", "3d", "45m". False: none of these, or not ahead. A wall time that the zone
// skips or repeats is read as RFC 5545, 3.3.5, has it.
bool ParseFuture(const std::string& text, absl::Time now, absl::TimeZone zone, absl::Time& time);

// What to say where `time`, which ParseFuture has read in `text`, is not the only one that the text may mean:
// the clock of `zone` skips the wall time that stands there, or shows it twice. Empty: it is.
std::string ClockChangeNote(const std::string& text, absl::Time time, absl::TimeZone zone);

// "Thu 3 Dec 15:00 Madrid" in `zone`; another year than that of `now` is said.
std::string FormatMoment(absl::Time time, absl::Time now, absl::TimeZone zone);
// The city of a zone, else its name: "New York" of America/New_York, "UTC"; of the machine's own zone what it
// is called at `time`: "CET".
std::string PlaceOf(absl::TimeZone zone, absl::Time time);

}  // namespace finalmile::cli
