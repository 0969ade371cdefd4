#include "services/appointments/domain/slots.h"
#include "libs/base/zone.h"

#include <gtest/gtest.h>

#include "services/appointments/domain/zone.h"

namespace finalmile::appointments::domain {
namespace {

constexpr absl::Duration kHalfHour = absl::Minutes(30);

class SlotsTest : public ::testing::Test {
 protected:
  static HostRules Rules(std::string_view zone, int start_minute, int end_minute) {
    HostRules rules;
    rules.hours.zone = *LoadZone(zone);
    for (int weekday = 1; weekday <= 7; ++weekday)
      rules.hours.weekly.push_back({weekday, start_minute, end_minute});
    return rules;
  }
  absl::Time Wall(int year, int month, int day, int hour, int minute) const {
    return ResolveGiven(absl::CivilSecond(year, month, day, hour, minute, 0), rules_.hours.zone);
  }
  std::vector<std::string> WallsOn(absl::CivilDay day) const {
    const Interval within{absl::FromCivil(absl::CivilSecond(day), rules_.hours.zone),
                          absl::FromCivil(absl::CivilSecond(day + 1), rules_.hours.zone)};
    std::vector<std::string> walls;
    for (const absl::Time start :
         FreeStarts(rules_, load_, kHalfHour, within, within.start - absl::Hours(24), 200))
      walls.push_back(absl::FormatTime("%H:%M%Ez", start, rules_.hours.zone));
    return walls;
  }
  std::optional<SlotProblem> At(absl::Time start, absl::Time now) const {
    return ProblemOf(rules_, load_, start, kHalfHour, now);
  }

  HostRules rules_ = Rules("Europe/Berlin", 9 * 60, 18 * 60);
  HostLoad load_;
};

TEST_F(SlotsTest, FollowTheChangesOfTheClock) {
  rules_ = Rules("Europe/Berlin", 60, 240);
  EXPECT_EQ(WallsOn(absl::CivilDay(2027, 3, 28)),
            (std::vector<std::string>{"01:00+01:00", "01:30+01:00", "03:00+02:00", "03:30+02:00"}));
  EXPECT_EQ(WallsOn(absl::CivilDay(2027, 10, 31)),
            (std::vector<std::string>{"01:00+02:00", "01:30+02:00", "02:00+02:00", "02:30+02:00",
                                      "02:00+01:00", "02:30+01:00", "03:00+01:00", "03:30+01:00"}));
  rules_ = Rules("America/New_York", 780, 1080);
  for (const absl::CivilDay day : {absl::CivilDay{2027, 3, 13}, absl::CivilDay{2027, 3, 14},
                                   absl::CivilDay{2027, 3, 15}, absl::CivilDay{2027, 11, 7}})
    EXPECT_EQ(WallsOn(day).size(), 10u) << day;
}

TEST_F(SlotsTest, BeginOnTheStepsOfAnInterval) {
  const absl::Time now = Wall(2026, 12, 1, 6, 0);
  EXPECT_EQ(At(Wall(2026, 12, 1, 9, 0), now), std::nullopt);
  EXPECT_EQ(At(Wall(2026, 12, 1, 9, 15), now), SlotProblem::kOutsideHours);
  EXPECT_EQ(At(Wall(2026, 12, 1, 8, 30), now), SlotProblem::kOutsideHours);
  EXPECT_EQ(At(Wall(2026, 12, 1, 17, 30), now), std::nullopt);
  EXPECT_EQ(At(Wall(2026, 12, 1, 18, 0), now), SlotProblem::kOutsideHours);
}

TEST_F(SlotsTest, NoticeIsElapsedTime) {
  const absl::Time start = Wall(2026, 12, 1, 11, 0);
  EXPECT_EQ(At(start, start - absl::Hours(2) - absl::Microseconds(1)), std::nullopt);
  EXPECT_EQ(At(start, start - absl::Hours(2)), std::nullopt);
  EXPECT_EQ(At(start, start - absl::Hours(2) + absl::Microseconds(1)), SlotProblem::kNoticeTooShort);
  // Two hours from 01:30 on the night of the change are 04:30.
  rules_ = Rules("Europe/Berlin", 0, 1440);
  const absl::Time now = absl::FromCivil(absl::CivilSecond(2027, 3, 28, 0, 30, 0), absl::UTCTimeZone());
  EXPECT_EQ(FreeStarts(rules_, load_, kHalfHour, {now, now + absl::Hours(9)}, now, 1),
            (std::vector<absl::Time>{now + absl::Hours(2)}));
}

TEST_F(SlotsTest, TheHorizonIsInDaysOfTheHost) {
  const absl::Time now = Wall(2026, 12, 1, 23, 30);
  EXPECT_EQ(At(Wall(2026, 12, 7, 9, 0), now), std::nullopt);
  EXPECT_EQ(At(Wall(2026, 12, 8, 17, 30), now), std::nullopt);
  EXPECT_EQ(At(Wall(2026, 12, 9, 9, 0), now), SlotProblem::kBeyondHorizon);
}

TEST_F(SlotsTest, TheCapIsOfTheHostsOwnDay) {
  rules_ = Rules("America/Los_Angeles", 540, 1080);
  rules_.daily_cap = 1;
  const absl::Time friday = Wall(2026, 12, 4, 16, 30);
  load_.busy.push_back(ClaimOf(rules_, friday, kHalfHour));
  load_.claims_on[DayAt(rules_.hours, friday)] = 1;
  const absl::Time now = Wall(2026, 12, 3, 8, 0);
  EXPECT_EQ(At(Wall(2026, 12, 4, 9, 0), now), SlotProblem::kCapReached);
  EXPECT_EQ(At(Wall(2026, 12, 5, 9, 0), now), std::nullopt);
  rules_.daily_cap = 2;
  EXPECT_EQ(At(Wall(2026, 12, 4, 9, 0), now), std::nullopt);
  EXPECT_EQ(At(friday, now), SlotProblem::kTaken);
}

TEST_F(SlotsTest, BuffersAdd) {
  rules_.step = absl::Minutes(5);
  const absl::Time now = Wall(2026, 12, 1, 6, 0);
  const absl::Time taken = Wall(2026, 12, 1, 10, 0);
  const auto next = [&](absl::Duration before, absl::Duration after) {
    rules_.buffer_before = before;
    rules_.buffer_after = after;
    load_.busy = {ClaimOf(rules_, taken, kHalfHour)};
    return FreeStarts(rules_, load_, kHalfHour, {taken, taken + absl::Hours(8)}, now, 1).at(0) - taken;
  };
  EXPECT_EQ(next(absl::Minutes(5), absl::Minutes(5)), absl::Minutes(40));
  EXPECT_EQ(next(absl::ZeroDuration(), absl::Minutes(5)), absl::Minutes(35));
  EXPECT_EQ(next(absl::ZeroDuration(), absl::ZeroDuration()), absl::Minutes(30));
  rules_.step = kHalfHour;
  EXPECT_EQ(next(absl::Minutes(5), absl::Minutes(5)), absl::Minutes(60));
}

TEST_F(SlotsTest, WhatIsOfferedCanBeBooked) {
  const absl::Time now = Wall(2026, 12, 1, 6, 0);
  load_.busy = {{Wall(2026, 12, 1, 9, 10), Wall(2026, 12, 1, 12, 0)}};
  const auto starts = FreeStarts(rules_, load_, kHalfHour, {now, now + absl::Hours(24 * 30)}, now, 200);
  // There are 18 a day on eight days; those at 9:00 to 11:30 on the first are taken.
  EXPECT_EQ(starts.size(), 8u * 18u - 6u);
  for (const absl::Time start : starts) EXPECT_EQ(At(start, now), std::nullopt);
  EXPECT_EQ(FreeStarts(rules_, load_, kHalfHour, {now, now + absl::Hours(24 * 30)}, now, 5).size(), 5u);
}

}  // namespace
}  // namespace finalmile::appointments::domain
