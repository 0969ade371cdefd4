#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "libs/base/violation.h"
#include "services/appointments/domain/working_hours.h"

namespace finalmile::appointments::domain {

// "teams/default": there is one.
inline constexpr std::string_view kDefaultTeam = "teams/default";

inline constexpr size_t kMostWeekly = 50;
inline constexpr size_t kMostHolidays = 1000;

// Whose hours the time to answer a lead counts in.
struct Team {
  std::string zone = "UTC";
  // Monday to Friday, 9 to 18.
  std::vector<WeeklyInterval> weekly_hours = {
      {1, 540, 1080}, {2, 540, 1080}, {3, 540, 1080}, {4, 540, 1080}, {5, 540, 1080}};
  std::set<absl::CivilDay> holidays;
  // What the ids of invitations end in: "example.com".
  std::string organizer_domain = "finalmile.invalid";

  friend bool operator==(const Team&, const Team&) = default;
};

// What is wrong with intervals of a week, below `field`: at least one, at most kMostWeekly, within a day,
// not empty, and not overlapping.
std::vector<Violation> CheckWeekly(const std::vector<WeeklyInterval>& weekly, std::string_view field);

// All that is wrong with a team; reads the zone database.
std::vector<Violation> Validate(const Team& team);

// INVALID_ARGUMENT for a zone that the database of this machine has no more.
absl::StatusOr<WorkingHours> HoursOf(const Team& team);

}  // namespace finalmile::appointments::domain
