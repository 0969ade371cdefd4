#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/violation.h"
#include "services/appointments/domain/interval.h"
#include "services/appointments/domain/slots.h"
#include "services/appointments/domain/team.h"
#include "services/appointments/domain/working_hours.h"

namespace finalmile::appointments::domain {

inline constexpr int kMostHosts = 200;
inline constexpr int kMostTimesOff = 200;
inline constexpr absl::Duration kLongestTimeOff = absl::Hours(24 * 400);
// Working days after whose absence a host is credited with what the others got (CalibrationOf).
inline constexpr int kLongAbsenceDays = 5;
inline constexpr absl::Duration kLongestBuffer = absl::Hours(2);
inline constexpr absl::Duration kLongestNotice = absl::Hours(24 * 7);
inline constexpr int64_t kLongestHorizonDays = 14;
inline constexpr int64_t kMostDailyCap = 50;
inline constexpr double kMostWeight = 100;
inline constexpr absl::Duration kShortestStep = absl::Minutes(5);
inline constexpr absl::Duration kLongestStep = absl::Hours(2);
inline constexpr absl::Duration kShortestMeeting = absl::Minutes(5);
inline constexpr absl::Duration kLongestMeeting = absl::Hours(8);

// Somebody who holds meetings, and when.
struct Host {
  // What guests read.
  std::string title;
  bool active = true;
  std::string zone = "UTC";
  std::vector<WeeklyInterval> weekly_hours;
  // As HostRules.
  absl::Duration buffer_before;
  absl::Duration buffer_after;
  absl::Duration notice = absl::Hours(2);
  int64_t horizon_days = 7;
  int64_t daily_cap = 5;
  absl::Duration slot_step = absl::Minutes(30);
  // The share of the meetings that name no host; 0: none of them.
  double weight = 1;

  friend bool operator==(const Host&, const Host&) = default;
};

// One who starts in the team: with its zone and hours.
Host NewHost(const Team& team);

// What is wrong with a `title`: it is too long, or may hold an e-mail address or a telephone number.
std::vector<Violation> CheckTitle(std::string_view title);

// All that is wrong with a host; reads the zone database.
std::vector<Violation> Validate(const Host& host);

// Whether the two differ in what only a manager decides: active, horizon_days, daily_cap, weight.
bool DiffersForManager(const Host& one, const Host& other);

// The host's rules. Holidays of the team do not count: a host who is away says so. INVALID_ARGUMENT: the zone
// is no more in the database of this machine.
absl::StatusOr<HostRules> RulesOf(const Host& host);

}  // namespace finalmile::appointments::domain
