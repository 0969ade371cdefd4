#include "services/appointments/domain/working_hours.h"

#include <algorithm>

#include "services/appointments/domain/zone.h"

namespace finalmile::appointments::domain {
namespace {

constexpr int kMostDays = 400;

int IsoWeekday(absl::CivilDay day) { return static_cast<int>(absl::GetWeekday(day)) + 1; }

}  // namespace

std::vector<Interval> HoursOn(const WorkingHours& hours, absl::CivilDay day) {
  std::vector<Interval> intervals;
  if (hours.holidays.contains(day)) return intervals;
  for (const WeeklyInterval& weekly : hours.weekly) {
    if (weekly.weekday != IsoWeekday(day)) continue;
    const absl::CivilSecond midnight(day);
    const Interval interval{FirstReached(midnight + 60 * weekly.start_minute, hours.zone),
                            FirstReached(midnight + 60 * weekly.end_minute, hours.zone)};
    // A change of the clock may skip it whole.
    if (interval.start < interval.end) intervals.push_back(interval);
  }
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& a, const Interval& b) { return a.start < b.start; });
  return intervals;
}

absl::CivilDay DayAt(const WorkingHours& hours, absl::Time time) {
  return absl::CivilDay(hours.zone.At(time).cs);
}

absl::Time AfterWorkingTime(const WorkingHours& hours, absl::Time start, absl::Duration open) {
  const absl::CivilDay first = DayAt(hours, start);
  for (absl::CivilDay day = first; day < first + kMostDays; ++day) {
    for (const Interval& interval : HoursOn(hours, day)) {
      const absl::Time from = std::max(interval.start, start);
      if (from >= interval.end) continue;
      if (open <= interval.end - from) return from + open;
      open -= interval.end - from;
    }
  }
  return absl::InfiniteFuture();
}

absl::Time EndOfWorkingDay(const WorkingHours& hours, absl::Time start, int days) {
  const absl::CivilDay first = DayAt(hours, start);
  for (absl::CivilDay day = first + 1; day < first + kMostDays; ++day) {
    const std::vector<Interval> intervals = HoursOn(hours, day);
    if (!intervals.empty() && --days == 0) return intervals.back().end;
  }
  return absl::InfiniteFuture();
}

int WorkingDaysWithin(const WorkingHours& hours, const Interval& within) {
  int days = 0;
  const absl::CivilDay last = DayAt(hours, within.end);
  for (absl::CivilDay day = DayAt(hours, within.start); day <= last; ++day) {
    const std::vector<Interval> intervals = HoursOn(hours, day);
    days +=
        !intervals.empty() && within.start <= intervals.front().start && intervals.back().end <= within.end;
  }
  return days;
}

}  // namespace finalmile::appointments::domain
