#include "services/appointments/domain/slots.h"

#include <algorithm>

namespace finalmile::appointments::domain {
namespace {

// As ProblemOf, of a meeting that fits the hours.
std::optional<SlotProblem> ProblemWithinHours(const HostRules& rules, const HostLoad& load, absl::Time start,
                                              absl::Duration length, absl::Time now) {
  if (start < now + rules.notice) return SlotProblem::kNoticeTooShort;
  const absl::CivilDay day = DayAt(rules.hours, start);
  if (day > DayAt(rules.hours, now) + rules.horizon_days) return SlotProblem::kBeyondHorizon;
  const auto claims = load.claims_on.find(day);
  if (claims != load.claims_on.end() && claims->second >= rules.daily_cap) return SlotProblem::kCapReached;
  const Interval claim = ClaimOf(rules, start, length);
  const bool taken = std::any_of(load.busy.begin(), load.busy.end(),
                                 [&](const Interval& busy) { return busy.Overlaps(claim); });
  return taken ? std::optional(SlotProblem::kTaken) : std::nullopt;
}

bool FitsHours(const HostRules& rules, const Interval& meeting) {
  // An interval that ends at midnight holds starts of the day before alone, so the start's own day is enough.
  for (const Interval& interval : HoursOn(rules.hours, DayAt(rules.hours, meeting.start))) {
    if (interval.Contains(meeting) && (meeting.start - interval.start) % rules.step == absl::ZeroDuration())
      return true;
  }
  return false;
}

}  // namespace

Interval ClaimOf(const HostRules& rules, absl::Time start, absl::Duration length) {
  return {start - rules.buffer_before, start + length + rules.buffer_after};
}

std::optional<SlotProblem> ProblemOf(const HostRules& rules, const HostLoad& load, absl::Time start,
                                     absl::Duration length, absl::Time now) {
  if (!FitsHours(rules, {start, start + length})) return SlotProblem::kOutsideHours;
  return ProblemWithinHours(rules, load, start, length, now);
}

std::vector<absl::Time> FreeStarts(const HostRules& rules, const HostLoad& load, absl::Duration length,
                                   const Interval& within, absl::Time now, size_t limit) {
  std::vector<absl::Time> starts;
  const absl::CivilDay last =
      std::min(DayAt(rules.hours, within.end), DayAt(rules.hours, now) + rules.horizon_days);
  for (absl::CivilDay day = DayAt(rules.hours, std::max(within.start, now)); day <= last; ++day) {
    for (const Interval& interval : HoursOn(rules.hours, day)) {
      for (absl::Time start = interval.start; start + length <= interval.end; start += rules.step) {
        if (start < within.start || start >= within.end) continue;
        if (ProblemWithinHours(rules, load, start, length, now)) continue;
        starts.push_back(start);
        if (starts.size() == limit) return starts;
      }
    }
  }
  return starts;
}

}  // namespace finalmile::appointments::domain
