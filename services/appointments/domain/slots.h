#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/appointments/domain/interval.h"
#include "services/appointments/domain/working_hours.h"

namespace finalmile::appointments::domain {

// When a host can be booked.
struct HostRules {
  WorkingHours hours;
  // Kept free before and after each meeting; they may lie outside the hours.
  absl::Duration buffer_before;
  absl::Duration buffer_after;
  // The least time between now and the start of a meeting.
  absl::Duration notice = absl::Hours(2);
  // How many of the host's days after today can be booked.
  int horizon_days = 7;
  // Most meetings that begin on one of the host's days.
  int daily_cap = 5;
  // Meetings begin at the start of an interval of work, and at every step from there.
  absl::Duration step = absl::Minutes(30);
};

// What a host has already.
struct HostLoad {
  // Meetings and holds with their buffers, and time off.
  std::vector<Interval> busy;
  // Meetings and holds by the host's day on which they begin.
  std::map<absl::CivilDay, int> claims_on;
};

// Why a meeting cannot be booked; the first that applies, in this order.
enum class SlotProblem {
  kOutsideHours,
  kNoticeTooShort,
  kBeyondHorizon,
  kCapReached,
  kTaken,
};

// Whether a meeting at [`start`, `start` + `length`) can be booked at `now`; nullopt: it can. What is offered
// and what is booked is decided here alone.
std::optional<SlotProblem> ProblemOf(const HostRules& rules, const HostLoad& load, absl::Time start,
                                     absl::Duration length, absl::Time now);

// What a meeting at [`start`, `start` + `length`) takes of the host's time: with its buffers.
Interval ClaimOf(const HostRules& rules, absl::Time start, absl::Duration length);

// The starts of meetings of `length` that begin in `within` and can be booked at `now`, soonest first, at
// most `limit`.
std::vector<absl::Time> FreeStarts(const HostRules& rules, const HostLoad& load, absl::Duration length,
                                   const Interval& within, absl::Time now, size_t limit);

}  // namespace finalmile::appointments::domain
