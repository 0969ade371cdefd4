#include "services/finalmile/output/moment.h"

#include <gtest/gtest.h>

namespace finalmile::cli {
namespace {

absl::TimeZone Zone(const std::string& name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

// Tuesday 2026-12-01, 10:00 in Berlin.
const absl::Time kNow = absl::FromCivil(absl::CivilMinute(2026, 12, 1, 9, 0), absl::UTCTimeZone());

std::string Read(const std::string& text, const std::string& zone = "Europe/Berlin", absl::Time now = kNow) {
  absl::Time time;
  if (!ParseFuture(text, now, Zone(zone), time)) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M %Ez", time, Zone(zone));
}

TEST(Moment, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(Read("10:30"), "2026-12-01 10:30 +01:00");
  EXPECT_EQ(Read("10:00"), "2026-12-02 10:00 +01:00") << "the next one";
  EXPECT_EQ(Read("today 16:00"), "2026-12-01 16:00 +01:00");
  EXPECT_EQ(Read("tomorrow 09:30"), "2026-12-02 09:30 +01:00");
  EXPECT_EQ(Read("Tomorrow"), "2026-12-02 09:00 +01:00");
  EXPECT_EQ(Read("Thu 15:00"), "2026-12-03 15:00 +01:00");
  EXPECT_EQ(Read("tuesday 10:01"), "2026-12-01 10:01 +01:00");
  EXPECT_EQ(Read("tue 9:59"), "2026-12-08 09:59 +01:00");
  EXPECT_EQ(Read("monday"), "2026-12-07 09:00 +01:00");
  EXPECT_EQ(Read("2h"), "2026-12-01 12:00 +01:00");
  EXPECT_EQ(Read("3d"), "2026-12-04 10:00 +01:00");
  EXPECT_EQ(Read("2026-12-03 15:00"), "2026-12-03 15:00 +01:00");
  EXPECT_EQ(Read("2026-12-03T15:00:00Z"), "2026-12-03 16:00 +01:00");
}

TEST(Moment, WhatIsNotAheadIsRefused) {
  for (const char* text : {"", "soon", "today 09:59", "2026-11-30", "now", "0h", "-2h", "24:00", "9:5",
                           "1:060", "we 10:00", "inf"}) {
    EXPECT_EQ(Read(text), "-") << text;
  }
}

TEST(Moment, AWallTimeThatTheZoneSkipsOrRepeatsIsTheFirst) {
  const absl::Time before = absl::FromCivil(absl::CivilDay(2027, 3, 27), absl::UTCTimeZone());
  EXPECT_EQ(Read("tomorrow 02:30", "Europe/Berlin", before), "2027-03-28 03:30 +02:00");
  const absl::Time autumn = absl::FromCivil(absl::CivilDay(2027, 10, 30), absl::UTCTimeZone());
  EXPECT_EQ(Read("tomorrow 02:30", "Europe/Berlin", autumn), "2027-10-31 02:30 +02:00");
}

TEST(Moment, IsShownWithItsCity) {
  EXPECT_EQ(FormatMoment(kNow, kNow, Zone("Europe/Berlin")), "Tue 1 Dec 10:00 Berlin");
  EXPECT_EQ(FormatMoment(kNow, kNow, Zone("America/New_York")), "Tue 1 Dec 04:00 New York");
  EXPECT_EQ(FormatMoment(kNow + absl::Hours(24 * 40), kNow, absl::UTCTimeZone()),
            "Sun 10 Jan 2027 09:00 UTC");
}

TEST(Moment, AChangeOfTheClockIsSaid) {
  absl::TimeZone berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  const absl::Time now = absl::FromCivil(absl::CivilSecond(2026, 12, 1), berlin);
  const auto note = [&](const std::string& text) {
    absl::Time time;
    EXPECT_TRUE(ParseFuture(text, now, berlin, time)) << text;
    return ClockChangeNote(text, time, berlin);
  };
  EXPECT_EQ(note("2027-03-28 02:30"), "The clocks of Berlin skip 02:30 on that day: 03:30 is taken.");
  EXPECT_EQ(note("2027-10-31 02:30"),
            "The clocks of Berlin show 02:30 twice on that day: the first time is taken.");
  EXPECT_EQ(note("2027-03-28 03:30"), "");
  EXPECT_EQ(note("2027-03-28 01:59"), "");
  EXPECT_EQ(note("2027-10-31 03:00"), "");
  EXPECT_EQ(note("2027-03-28T02:30:00Z"), "") << "it has an offset";
  EXPECT_EQ(note("Thu 15:00"), "");
  EXPECT_EQ(note("2h"), "");
}

}  // namespace
}  // namespace finalmile::cli
