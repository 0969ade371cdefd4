#include "services/appointments/domain/team.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base/zone.h"

namespace finalmile::appointments::domain {
namespace {

constexpr int kMinutesOfDay = 24 * 60;

// Labels of [a-z0-9-] with a dot between: what may stand behind the @ of an id.
bool IsDomain(std::string_view name) {
  if (name.size() > 253) return false;
  size_t labels = 0;
  for (;;) {
    const size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (!IsToken(label, 63, "-") || label.front() == '-' || label.back() == '-') return false;
    ++labels;
    if (dot == std::string_view::npos) return labels >= 2;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace

std::vector<Violation> CheckWeekly(const std::vector<WeeklyInterval>& weekly, std::string_view field) {
  std::vector<Violation> violations;
  if (weekly.empty() || weekly.size() > kMostWeekly) {
    violations.push_back({std::string(field),
                          fmt::format("must have 1 to {} entries; it has {}", kMostWeekly, weekly.size())});
    return violations;
  }
  for (size_t i = 0; i < weekly.size(); ++i) {
    const WeeklyInterval& one = weekly[i];
    const std::string at = fmt::format("{}[{}]", field, i);
    if (one.weekday < 1 || one.weekday > 7)
      violations.push_back({at + ".weekday", "must be 1 (Monday) to 7 (Sunday)"});
    if (one.start_minute < 0 || one.start_minute >= kMinutesOfDay)
      violations.push_back({at + ".start_minute", "must be 0 to 1439, in minutes since midnight"});
    if (one.end_minute <= one.start_minute || one.end_minute > kMinutesOfDay)
      violations.push_back({at + ".end_minute", "must be later than start_minute, and at most 1440"});
    for (size_t j = 0; j < i; ++j) {
      if (weekly[j].weekday == one.weekday && weekly[j].start_minute < one.end_minute &&
          one.start_minute < weekly[j].end_minute) {
        violations.push_back({at, fmt::format("overlaps with entry {}", j)});
        break;
      }
    }
  }
  return violations;
}

std::vector<Violation> Validate(const Team& team) {
  std::vector<Violation> violations;
  if (const absl::Status zone = LoadZone(team.zone).status(); !zone.ok())
    violations.push_back({"zone", std::string(zone.message())});
  for (Violation& violation : CheckWeekly(team.weekly_hours, "weekly_hours"))
    violations.push_back(std::move(violation));
  if (team.holidays.size() > kMostHolidays)
    violations.push_back({"holidays", fmt::format("must have at most {} days", kMostHolidays)});
  if (!IsDomain(team.organizer_domain)) {
    violations.push_back({"organizer_domain", "must be a domain name in lower case, such as example.com"});
  }
  return violations;
}

absl::StatusOr<WorkingHours> HoursOf(const Team& team) {
  ASSIGN_OR_RETURN(const absl::TimeZone zone, LoadZone(team.zone));
  return WorkingHours{zone, team.weekly_hours, team.holidays};
}

}  // namespace finalmile::appointments::domain
