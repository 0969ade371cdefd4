#include "services/appointments/domain/no_show_risk.h"

#include <fmt/format.h>

namespace finalmile::appointments::domain {
namespace {

constexpr RiskBucket kBuckets[] = {{0, 0, .05}, {1, 1, .21}, {2, 7, .26}, {8, 400, .31}};
// From here on somebody should do something.
constexpr double kHigh = .2;

std::string DaysText(int days) {
  if (days == 0) return "booked for the same day";
  return days == 1 ? "booked for the next day" : fmt::format("booked {} days ahead", days);
}

}  // namespace

const RiskBucket& BucketOf(int days_ahead) {
  for (const RiskBucket& bucket : kBuckets) {
    if (days_ahead <= bucket.last_day) return bucket;
  }
  return kBuckets[std::size(kBuckets) - 1];
}

NoShowRisk RiskOf(const Appointment& appointment, int days_ahead, const RiskSeen& seen,
                  bool earlier_no_show) {
  NoShowRisk risk;
  const double base = (static_cast<double>(seen.no_shows) + kPriorMeetings * BucketOf(days_ahead).rate) /
                      (static_cast<double>(seen.meetings) + kPriorMeetings);
  risk.factors.push_back({"days_ahead", 1, fmt::format("{}: {:.0f} %", DaysText(days_ahead), 100 * base)});
  const bool accepted =
      appointment.state == AppointmentState::kConfirmed || appointment.partstat == PartStat::kAccepted;
  if (accepted) risk.factors.push_back({"reply", .5, "the guest accepted"});
  if (!accepted && appointment.partstat == PartStat::kTentative)
    risk.factors.push_back({"reply", 1.5, "the guest replied tentatively"});
  if (earlier_no_show) risk.factors.push_back({"earlier_no_show", 2, "the guest did not come before"});
  double odds = base / (1 - base);
  for (const RiskFactor& factor : risk.factors) odds *= factor.odds_ratio;
  risk.probability = odds / (1 + odds);
  if (appointment.partstat == PartStat::kDeclined)
    risk.actions.emplace_back("the guest declined: call, and reschedule or cancel");
  if (!accepted) risk.actions.emplace_back("ask the guest to accept the invitation, or confirm by telephone");
  if (days_ahead > 1 && risk.probability >= kHigh) risk.actions.emplace_back("offer an earlier time");
  if (earlier_no_show) risk.actions.emplace_back("call on the day before");
  if (risk.actions.empty())
    risk.actions.emplace_back("nothing more to do: the reminders go out by themselves");
  return risk;
}

}  // namespace finalmile::appointments::domain
