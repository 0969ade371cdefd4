#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/appointments/domain/appointment.h"

namespace finalmile::appointments::domain {

// How likely it is that the guest does not come.

// Days from the booking to the start, by the host's dates, that are counted together. The rates are those of
// 110,527 real clinic appointments (the Kaggle data set of Vitória, 2016); two to seven days are
// interpolated.
struct RiskBucket {
  int first_day = 0;
  int last_day = 0;
  double rate = 0;
};
const RiskBucket& BucketOf(int days_ahead);

// What this service has seen of a bucket.
struct RiskSeen {
  int64_t no_shows = 0;
  // Held and missed by the guest.
  int64_t meetings = 0;
};
// The published rate counts as so many meetings.
inline constexpr double kPriorMeetings = 40;

struct RiskFactor {
  // For programs: "days_ahead", "reply", "earlier_no_show".
  std::string name;
  // What the odds are multiplied by; 1 for days_ahead, which makes the base.
  double odds_ratio = 1;
  // For people.
  std::string text;
};

struct NoShowRisk {
  double probability = 0;
  std::vector<RiskFactor> factors;
  // What to do about it, for people; at least one.
  std::vector<std::string> actions;
};

// p = (no-shows + 40 · rate) / (meetings + 40) of the bucket; then the odds of that × ½ for a confirmed
// meeting or an accepted invitation, × 1.5 for a tentative reply, × 2 for a lead whose guest was missing
// before.
NoShowRisk RiskOf(const Appointment& appointment, int days_ahead, const RiskSeen& seen, bool earlier_no_show);

}  // namespace finalmile::appointments::domain
