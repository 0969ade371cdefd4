#include "services/appointments/domain/working_hours.h"
#include "libs/base/zone.h"

#include <gtest/gtest.h>

#include <string>

#include "services/appointments/domain/zone.h"

namespace finalmile::appointments::domain {
namespace {

absl::TimeZone Zone(std::string_view name) {
  const auto zone = LoadZone(name);
  EXPECT_TRUE(zone.ok()) << name;
  return zone.value_or(absl::UTCTimeZone());
}

absl::Time Utc(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", text, absl::UTCTimeZone(), &time, &error)) << text;
  return time;
}

absl::Time Wall(const std::string& text, absl::TimeZone zone) {
  absl::CivilSecond civil;
  EXPECT_TRUE(absl::ParseLenientCivilTime(text, &civil)) << text;
  return FirstReached(civil, zone);
}

WorkingHours EveryDay(std::string_view zone, int start_hour_60, int end_hour_60) {
  WorkingHours hours{Zone(zone), {}, {}};
  for (int weekday = 1; weekday <= 7; ++weekday)
    hours.weekly.push_back({weekday, start_hour_60, end_hour_60});
  return hours;
}

WorkingHours Office(std::string_view zone) {
  WorkingHours hours{Zone(zone), {}, {}};
  for (int weekday = 1; weekday <= 5; ++weekday) hours.weekly.push_back({weekday, 9 * 60, 18 * 60});
  return hours;
}

// Zones whose rules for these dates are the same in every database of the last years.
TEST(WorkingHoursTest, HoursFollowTheClockOfTheZone) {
  struct Case {
    const char* zone;
    int start, end;
    absl::CivilDay day;
    const char* from;
    const char* to;
  };
  for (const Case& one : {
           Case{"America/New_York", 780, 1080, absl::CivilDay(2027, 3, 13), "2027-03-13 18:00",
                "2027-03-13 23:00"},
           Case{"America/New_York", 780, 1080, absl::CivilDay(2027, 3, 14), "2027-03-14 17:00",
                "2027-03-14 22:00"},
           Case{"America/New_York", 780, 1080, absl::CivilDay(2027, 11, 6), "2027-11-06 17:00",
                "2027-11-06 22:00"},
           Case{"America/New_York", 780, 1080, absl::CivilDay(2027, 11, 7), "2027-11-07 18:00",
                "2027-11-07 23:00"},
           Case{"Europe/Berlin", 780, 1080, absl::CivilDay(2027, 3, 27), "2027-03-27 12:00",
                "2027-03-27 17:00"},
           Case{"Europe/Berlin", 780, 1080, absl::CivilDay(2027, 3, 28), "2027-03-28 11:00",
                "2027-03-28 16:00"},
           Case{"Europe/Berlin", 780, 1080, absl::CivilDay(2027, 10, 31), "2027-10-31 12:00",
                "2027-10-31 17:00"},
           Case{"Australia/Sydney", 780, 1080, absl::CivilDay(2027, 4, 3), "2027-04-03 02:00",
                "2027-04-03 07:00"},
           Case{"Australia/Sydney", 780, 1080, absl::CivilDay(2027, 4, 4), "2027-04-04 03:00",
                "2027-04-04 08:00"},
           Case{"Australia/Sydney", 780, 1080, absl::CivilDay(2027, 10, 2), "2027-10-02 03:00",
                "2027-10-02 08:00"},
           Case{"Australia/Sydney", 780, 1080, absl::CivilDay(2027, 10, 3), "2027-10-03 02:00",
                "2027-10-03 07:00"},
           Case{"Europe/Berlin", 60, 240, absl::CivilDay(2027, 3, 28), "2027-03-28 00:00",
                "2027-03-28 02:00"},
           Case{"Europe/Berlin", 60, 240, absl::CivilDay(2027, 10, 31), "2027-10-30 23:00",
                "2027-10-31 03:00"},
           Case{"Europe/Berlin", 150, 240, absl::CivilDay(2027, 3, 28), "2027-03-28 01:00",
                "2027-03-28 02:00"},
           Case{"Europe/Berlin", 60, 150, absl::CivilDay(2027, 3, 28), "2027-03-28 00:00",
                "2027-03-28 01:00"},
           Case{"America/New_York", 60, 180, absl::CivilDay(2027, 11, 7), "2027-11-07 05:00",
                "2027-11-07 08:00"},
           Case{"Australia/Lord_Howe", 60, 180, absl::CivilDay(2027, 4, 4), "2027-04-03 14:00",
                "2027-04-03 16:30"},
           Case{"Australia/Lord_Howe", 60, 240, absl::CivilDay(2027, 10, 3), "2027-10-02 14:30",
                "2027-10-02 17:00"},
           Case{"Asia/Kathmandu", 540, 600, absl::CivilDay(2027, 3, 28), "2027-03-28 03:15",
                "2027-03-28 04:15"},
           Case{"Europe/Berlin", 540, 600, absl::CivilDay(2028, 2, 29), "2028-02-29 08:00",
                "2028-02-29 09:00"},
       }) {
    const auto found = HoursOn(EveryDay(one.zone, one.start, one.end), one.day);
    ASSERT_EQ(found.size(), 1u) << one.zone << " " << one.day;
    EXPECT_EQ(found[0], (Interval{Utc(one.from), Utc(one.to)})) << one.zone << " " << one.day;
  }
}

TEST(WorkingHoursTest, HoursThatAChangeSkipsAreNone) {
  EXPECT_TRUE(HoursOn(EveryDay("Europe/Berlin", 130, 170), absl::CivilDay(2027, 3, 28)).empty());
}

// The definition, minute by minute.
TEST(WorkingHoursTest, TheFirstInstantIsFoundAsByLooking) {
  for (const char* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"}) {
    const absl::TimeZone zone = Zone(name);
    for (const absl::CivilDay day :
         {absl::CivilDay{2027, 3, 14}, absl::CivilDay{2027, 3, 28}, absl::CivilDay{2027, 4, 4},
          absl::CivilDay{2027, 10, 3}, absl::CivilDay{2027, 10, 31}, absl::CivilDay{2027, 11, 7}}) {
      absl::Time looked = absl::FromCivil(absl::CivilSecond(day - 1), zone);
      for (int minute = 0; minute <= 1440; minute += 5) {
        const absl::CivilSecond wall = absl::CivilSecond(day) + 60 * minute;
        while (zone.At(looked).cs < wall) looked += absl::Minutes(1);
        EXPECT_EQ(FirstReached(wall, zone), looked) << name << " " << wall;
      }
    }
  }
}

TEST(WorkingHoursTest, AGivenWallTimeIsResolvedByRfc5545) {
  const absl::TimeZone berlin = Zone("Europe/Berlin");
  EXPECT_EQ(ResolveGiven(absl::CivilSecond(2027, 3, 28, 2, 30, 0), berlin), Utc("2027-03-28 01:30"));
  EXPECT_EQ(ResolveGiven(absl::CivilSecond(2027, 10, 31, 2, 30, 0), berlin), Utc("2027-10-31 00:30"));
}

TEST(WorkingTimeTest, IsCountedInHoursOfWork) {
  WorkingHours berlin = Office("Europe/Berlin");
  berlin.holidays.insert(absl::CivilDay(2026, 12, 25));
  WorkingHours lunch{berlin.zone, {}, {}};
  for (int weekday = 1; weekday <= 5; ++weekday) {
    lunch.weekly.push_back({weekday, 13 * 60, 18 * 60});
    lunch.weekly.push_back({weekday, 9 * 60, 12 * 60});
  }
  const WorkingHours always = EveryDay("Europe/Berlin", 0, 1440);
  const WorkingHours new_york = Office("America/New_York");
  const WorkingHours sydney = Office("Australia/Sydney");
  struct Case {
    const WorkingHours& hours;
    const char* start;
    absl::Duration open;
    const char* due;
  };
  for (const Case& one : {
           Case{berlin, "2026-12-01T10:00", absl::Minutes(5), "2026-12-01T10:05"},
           Case{berlin, "2026-12-04T17:58", absl::Minutes(5), "2026-12-07T09:03"},
           Case{berlin, "2026-12-04T17:55", absl::Minutes(5), "2026-12-04T18:00"},
           Case{berlin, "2026-12-04T18:00", absl::Minutes(5), "2026-12-07T09:05"},
           Case{berlin, "2026-12-05T23:30", absl::Minutes(5), "2026-12-07T09:05"},
           Case{berlin, "2026-12-04T17:30", absl::Hours(1), "2026-12-07T09:30"},
           Case{berlin, "2026-12-03T16:00", absl::Hours(4), "2026-12-04T11:00"},
           Case{berlin, "2026-12-03T16:00", absl::Hours(8), "2026-12-04T15:00"},
           Case{lunch, "2026-12-03T10:30", absl::Hours(4), "2026-12-03T15:30"},
           Case{berlin, "2026-12-24T17:00", absl::Hours(4), "2026-12-28T12:00"},
           Case{always, "2027-03-28T00:30", absl::Hours(4), "2027-03-28T05:30"},
           Case{new_york, "2027-03-12T17:30", absl::Hours(1), "2027-03-15T09:30"},
           Case{sydney, "2027-04-02T17:30", absl::Hours(1), "2027-04-05T09:30"},
       }) {
    EXPECT_EQ(AfterWorkingTime(one.hours, Wall(one.start, one.hours.zone), one.open),
              Wall(one.due, one.hours.zone))
        << one.start << " in " << one.hours.zone.name();
  }
  // The second pass of 03:30 does not exist; the hour that is repeated counts twice.
  EXPECT_EQ(AfterWorkingTime(always, Wall("2027-10-31T00:30", always.zone), absl::Hours(4)),
            Utc("2027-10-31 02:30"));
  EXPECT_EQ(AfterWorkingTime({berlin.zone, {}, {}}, Utc("2026-12-01 10:00"), absl::Minutes(5)),
            absl::InfiniteFuture());
}

TEST(WorkingTimeTest, WorkingDaysLeaveHolidaysOut) {
  WorkingHours berlin = Office("Europe/Berlin");
  EXPECT_EQ(EndOfWorkingDay(berlin, Wall("2026-12-01T10:00", berlin.zone), 12),
            Wall("2026-12-17T18:00", berlin.zone));
  berlin.holidays = {absl::CivilDay(2026, 12, 25), absl::CivilDay(2027, 1, 1)};
  EXPECT_EQ(EndOfWorkingDay(berlin, Wall("2026-12-17T10:00", berlin.zone), 12),
            Wall("2027-01-06T18:00", berlin.zone));
}

TEST(WorkingTimeTest, AWorkingDayLiesWithinWhole) {
  WorkingHours berlin = Office("Europe/Berlin");
  const auto days = [&](const char* start, const char* end) {
    return WorkingDaysWithin(berlin, {Wall(start, berlin.zone), Wall(end, berlin.zone)});
  };
  EXPECT_EQ(days("2026-12-02T09:00", "2026-12-08T18:00"), 5);
  EXPECT_EQ(days("2026-12-02T09:01", "2026-12-08T18:00"), 4);
  EXPECT_EQ(days("2026-12-02T09:00", "2026-12-08T17:59"), 4);
  EXPECT_EQ(days("2026-12-05T00:00", "2026-12-07T00:00"), 0);
  berlin.holidays = {absl::CivilDay(2026, 12, 4)};
  EXPECT_EQ(days("2026-12-02T09:00", "2026-12-08T18:00"), 4);
}

}  // namespace
}  // namespace finalmile::appointments::domain
