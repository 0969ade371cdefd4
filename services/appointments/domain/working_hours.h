#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/appointments/domain/interval.h"

namespace finalmile::appointments::domain {

// Hours of work on one day of the week, in wall time.
struct WeeklyInterval {
  // 1 is Monday, 7 Sunday (ISO 8601).
  int weekday = 1;
  // Minutes since midnight: 0 to 1439, and up to 1440, which is the midnight that follows.
  int start_minute = 0;
  int end_minute = 0;

  friend bool operator==(const WeeklyInterval&, const WeeklyInterval&) = default;
};

// When somebody works: intervals of the week, which do not overlap, less whole days.
struct WorkingHours {
  absl::TimeZone zone;
  std::vector<WeeklyInterval> weekly;
  std::set<absl::CivilDay> holidays;
};

// The hours of work of a day of the zone, in their order; a wall time that the zone skips or repeats on that
// day counts as FirstReached (zone.h) says. None is empty.
std::vector<Interval> HoursOn(const WorkingHours& hours, absl::CivilDay day);

// The day of the zone that `time` belongs to.
absl::CivilDay DayAt(const WorkingHours& hours, absl::Time time);

// The instant at which `open` of working time has passed since `start`; one that falls on the end of an
// interval stays there. InfiniteFuture: not within 400 days, which takes hours of work that are almost never.
absl::Time AfterWorkingTime(const WorkingHours& hours, absl::Time start, absl::Duration open);

// The end of the last hours of the `days`-th working day after the day of `start`; `days` >= 1.
// InfiniteFuture as above.
absl::Time EndOfWorkingDay(const WorkingHours& hours, absl::Time start, int days);

// How many days have hours of work, all of which lie within the interval.
int WorkingDaysWithin(const WorkingHours& hours, const Interval& within);

}  // namespace finalmile::appointments::domain
