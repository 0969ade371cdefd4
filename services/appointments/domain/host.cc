#include "services/appointments/domain/host.h"

#include <algorithm>
#include <cmath>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base/zone.h"

namespace finalmile::appointments::domain {
namespace {

constexpr size_t kMostOfTitle = 200;
constexpr int64_t kDigitsOfTelephone = 7;

// It may be an e-mail address or a telephone number.
bool MayContact(std::string_view text) {
  const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return text.find('@') != std::string_view::npos || digits >= kDigitsOfTelephone;
}

bool IsWhole(absl::Duration span, absl::Duration unit) { return span % unit == absl::ZeroDuration(); }

}  // namespace

Host NewHost(const Team& team) {
  Host host;
  host.zone = team.zone;
  host.weekly_hours = team.weekly_hours;
  return host;
}

std::vector<Violation> CheckTitle(std::string_view title) {
  std::vector<Violation> violations;
  if (Characters(title) > kMostOfTitle) violations.push_back({"title", "must have at most 200 characters"});
  if (MayContact(title))
    violations.push_back({"title", "must not hold an e-mail address or a telephone number: guests read it"});
  return violations;
}

std::vector<Violation> Validate(const Host& host) {
  std::vector<Violation> violations = CheckTitle(host.title);
  const auto within = [&](const char* field, absl::Duration span, absl::Duration least, absl::Duration most,
                          const char* text) {
    if (span < least || span > most || !IsWhole(span, absl::Minutes(1))) violations.push_back({field, text});
  };
  if (const absl::Status zone = LoadZone(host.zone).status(); !zone.ok())
    violations.push_back({"zone", std::string(zone.message())});
  for (Violation& violation : CheckWeekly(host.weekly_hours, "weekly_hours"))
    violations.push_back(std::move(violation));
  const absl::Duration none;
  within("buffer_before", host.buffer_before, none, kLongestBuffer, "must be 0 to 120 whole minutes");
  within("buffer_after", host.buffer_after, none, kLongestBuffer, "must be 0 to 120 whole minutes");
  within("notice", host.notice, none, kLongestNotice, "must be 0 to 7 days, in whole minutes");
  within("slot_step", host.slot_step, kShortestStep, kLongestStep, "must be 5 to 120 whole minutes");
  if (host.horizon_days < 1 || host.horizon_days > kLongestHorizonDays)
    violations.push_back({"horizon_days", "must be 1 to 14"});
  if (host.daily_cap < 1 || host.daily_cap > kMostDailyCap)
    violations.push_back({"daily_cap", "must be 1 to 50"});
  if (!(host.weight >= 0 && host.weight <= kMostWeight))
    violations.push_back({"weight", "must be 0 to 100; 0: only meetings that name the host"});
  return violations;
}

bool DiffersForManager(const Host& one, const Host& other) {
  return one.active != other.active || one.horizon_days != other.horizon_days ||
         one.daily_cap != other.daily_cap || one.weight != other.weight;
}

absl::StatusOr<HostRules> RulesOf(const Host& host) {
  ASSIGN_OR_RETURN(const absl::TimeZone zone, LoadZone(host.zone));
  HostRules rules;
  rules.hours = {zone, host.weekly_hours, {}};
  rules.buffer_before = host.buffer_before;
  rules.buffer_after = host.buffer_after;
  rules.notice = host.notice;
  rules.horizon_days = static_cast<int>(host.horizon_days);
  rules.daily_cap = static_cast<int>(host.daily_cap);
  rules.step = host.slot_step;
  return rules;
}

}  // namespace finalmile::appointments::domain
