#include "libs/text/dates.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace finalmile::text {
namespace {

absl::TimeZone Berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  return zone;
}

// The moment in UTC, "ambiguous" or "none".
std::string Read(std::string_view cell, DateForm form = DateForm::kUnknown,
                 absl::TimeZone zone = absl::UTCTimeZone()) {
  const DateReading date = ReadDate(cell, form, zone);
  if (date.kind == DateReading::Kind::kNone) return "none";
  if (date.kind == DateReading::Kind::kAmbiguous) return "ambiguous";
  return absl::FormatTime("%Y-%m-%d %H:%M:%E*S", date.time, absl::UTCTimeZone());
}

TEST(Dates, ThatSayThemselvesWhatTheyMean) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"2026-03-01T09:30:00Z", "2026-03-01 09:30:00"},
      {"2026-03-01T09:30:00.25+01:00", "2026-03-01 08:30:00.25"},
      {"2026-03-01T09:30:00+0100", "2026-03-01 08:30:00"},
      {"2026-03-01 09:30:00 -05", "2026-03-01 14:30:00"},
      {"2026-03-01 09:30:00 UTC", "2026-03-01 09:30:00"},
      {"2026-03-01T09:30:00", "2026-03-01 09:30:00"},
      {"2026-03-01 09:30", "2026-03-01 09:30:00"},
      {"\u00A02026-03-01 ", "2026-03-01 00:00:00"},
      {"2026/3/1", "2026-03-01 00:00:00"},
      {"20260301", "2026-03-01 00:00:00"},
      {"25/03/2026", "2026-03-25 00:00:00"},
      {"03/25/2026", "2026-03-25 00:00:00"},
      {"03-25-2026 3:30 PM", "2026-03-25 15:30:00"},
      {"03/03/2026", "2026-03-03 00:00:00"},
      {"1.3.2026 09:30", "2026-03-01 09:30:00"},
      {"01.03.26", "2026-03-01 00:00:00"},
      {"1. März 2026, 9:30 Uhr", "2026-03-01 09:30:00"},
      {"1 mars 2026", "2026-03-01 00:00:00"},
      {"1er août 2026", "2026-08-01 00:00:00"},
      {"Mar 1 2026 9:30 AM", "2026-03-01 09:30:00"},
      {"March 1st, 2026 at 9:30 p.m.", "2026-03-01 21:30:00"},
      {"12 Dec 2026 12:05 am", "2026-12-12 00:05:00"},
      {"01-Mar-26", "2026-03-01 00:00:00"},
      {"Sun, 1 Mar 2026 09:30:00 +0000", "2026-03-01 09:30:00"},
      {"Sunday, March 1, 2026", "2026-03-01 00:00:00"},
      {"２０２６-03-01", "2026-03-01 00:00:00"},
  };
  for (const auto& [cell, time] : cases) EXPECT_EQ(Read(cell), time) << cell;
}

TEST(Dates, NoOneGuessesDayOrMonth) {
  for (const std::string_view cell : {"01/03/2026", "1-3-2026", "01/03/26 09:30", "01-03-26"}) {
    EXPECT_EQ(Read(cell), "ambiguous") << cell;
    EXPECT_EQ(Read(cell, DateForm::kDayFirst).substr(0, 10), "2026-03-01") << cell;
    EXPECT_EQ(Read(cell, DateForm::kMonthFirst).substr(0, 10), "2026-01-03") << cell;
  }
  EXPECT_EQ(Read("01.03.2026", DateForm::kMonthFirst), "2026-01-03 00:00:00");
  EXPECT_EQ(Read("26-03-01", DateForm::kYearFirst), "2026-03-01 00:00:00");
  EXPECT_EQ(Read("26-03-01"), "ambiguous");
  EXPECT_EQ(Read("99-03-13"), "1999-03-13 00:00:00");
  EXPECT_EQ(Read("26/03/31"), "2031-03-26 00:00:00");
  EXPECT_EQ(Read("01/03/2026", DateForm::kYearFirst), "ambiguous");
  // A form that does not fit is not left for another.
  EXPECT_EQ(Read("03/25/2026", DateForm::kDayFirst), "none");
  EXPECT_EQ(Read("25/03/2026", DateForm::kMonthFirst), "none");
  // A date that has one meaning alone is read whatever the form.
  EXPECT_EQ(Read("2026-03-01", DateForm::kMonthFirst), "2026-03-01 00:00:00");
  EXPECT_EQ(Read("1 Mar 2026", DateForm::kMonthFirst), "2026-03-01 00:00:00");
}

TEST(Dates, DaysAreOfTheZone) {
  EXPECT_EQ(Read("2026-03-01", DateForm::kUnknown, Berlin()), "2026-02-28 23:00:00");
  EXPECT_EQ(Read("2026-07-01 09:30", DateForm::kUnknown, Berlin()), "2026-07-01 07:30:00");
  EXPECT_EQ(Read("2026-07-01T09:30Z", DateForm::kUnknown, Berlin()), "2026-07-01 09:30:00");
  EXPECT_EQ(Read("46082.5", DateForm::kSpreadsheetDays, Berlin()), "2026-03-01 11:00:00");
}

TEST(Dates, Counts) {
  EXPECT_EQ(Read("1772357400", DateForm::kUnixSeconds), "2026-03-01 09:30:00");
  EXPECT_EQ(Read("1772357400250", DateForm::kUnixMilliseconds), "2026-03-01 09:30:00.25");
  EXPECT_EQ(Read("46082.395833333", DateForm::kSpreadsheetDays), "2026-03-01 09:30:00");
  EXPECT_EQ(Read("2026-03-01", DateForm::kUnixSeconds), "none");
  EXPECT_EQ(Read("-1", DateForm::kUnixSeconds), "none");
  EXPECT_EQ(Read("1e300", DateForm::kSpreadsheetDays), "none");
}

TEST(Dates, OthersAreNone) {
  for (const std::string_view cell : {"",
                                      "-",
                                      "soon",
                                      "2026",
                                      "2026-13-01",
                                      "2026-02-30",
                                      "31/02/2026",
                                      "2026-03-01 25:00",
                                      "2026-03-01 24:00",
                                      "2026-03-01 09:60",
                                      "2026-03-01 13:30 PM",
                                      "2026-03-01 09",
                                      "01 03 2026",
                                      "1/2",
                                      "1/2/3/4",
                                      "2026-03-01 CET",
                                      "jui 1 2026",
                                      "1772357400",
                                      "46082",
                                      "2026-03-01 x",
                                      "2026-03-01T",
                                      "1-1-1-1",
                                      "mar mar 2026",
                                      "\xFF",
                                      "Fri",
                                      "2026-2027-01"}) {
    EXPECT_EQ(Read(cell), "none") << cell;
  }
}

TEST(Dates, ShowTheirForm) {
  EXPECT_EQ(DateFormShownBy("25/03/2026"), DateForm::kDayFirst);
  EXPECT_EQ(DateFormShownBy("03-25-26"), DateForm::kMonthFirst);
  EXPECT_EQ(DateFormShownBy("99-12-31"), DateForm::kYearFirst);
  for (const std::string_view cell :
       {"", "01/03/2026", "2026-03-25", "26-03-25", "25.03.2026", "25 Mar 2026", "soon", "45/45/2026"}) {
    EXPECT_EQ(DateFormShownBy(cell), DateForm::kUnknown) << cell;
  }
}

TEST(Dates, FormsAreDescribedByPatterns) {
  for (const std::string_view pattern :
       {"dd-mm-yyyy", "DD/MM/YYYY HH:mm", "%d.%m.%Y %H:%M", "d MMM yy", "dmy", "%d %b %Y"}) {
    EXPECT_EQ(ParseDateForm(pattern), DateForm::kDayFirst) << pattern;
  }
  EXPECT_EQ(ParseDateForm("mm/dd/yyyy hh:mm"), DateForm::kMonthFirst);
  EXPECT_EQ(ParseDateForm("yyyy-mm-dd"), DateForm::kYearFirst);
  EXPECT_EQ(ParseDateForm("unix"), DateForm::kUnixSeconds);
  EXPECT_EQ(ParseDateForm("unix-ms"), DateForm::kUnixMilliseconds);
  EXPECT_EQ(ParseDateForm("excel"), DateForm::kSpreadsheetDays);
  for (const std::string_view pattern : {"", "date", "dd-mm", "yyyy-dd-mm", "hh:mm"}) {
    EXPECT_EQ(ParseDateForm(pattern), std::nullopt) << pattern;
  }
}

RC_GTEST_PROP(Dates, EveryDayIsReadAsItIsWritten, ()) {
  const absl::CivilDay day = absl::CivilDay(2000, 1, 1) + *rc::gen::inRange(0, 36'525);
  const absl::Time midnight = absl::FromCivil(day, absl::UTCTimeZone());
  const auto read = [&](const char* pattern, DateForm form) {
    return ReadDate(absl::FormatTime(pattern, midnight, absl::UTCTimeZone()), form, absl::UTCTimeZone());
  };
  const std::pair<const char*, DateForm> forms[] = {
      {"%Y-%m-%d", DateForm::kUnknown},    {"%d-%m-%Y", DateForm::kDayFirst},
      {"%m/%d/%Y", DateForm::kMonthFirst}, {"%d.%m.%Y", DateForm::kUnknown},
      {"%d %b %Y", DateForm::kUnknown},    {"%A, %B %d, %Y", DateForm::kUnknown}};
  for (const auto& [pattern, form] : forms) {
    const DateReading date = read(pattern, form);
    RC_ASSERT(date.kind == DateReading::Kind::kTime);
    RC_ASSERT(date.time == midnight);
  }
  // Without a form it is the same or not decided, never another day.
  const DateReading open = read("%d/%m/%Y", DateForm::kUnknown);
  RC_ASSERT(open.kind == DateReading::Kind::kAmbiguous || open.time == midnight);
}

RC_GTEST_PROP(Dates, AnyBytesAreReadOrNot, (const std::string& bytes)) {
  for (const DateForm form : {DateForm::kUnknown, DateForm::kYearFirst, DateForm::kSpreadsheetDays}) {
    const DateReading date = ReadDate(bytes, form, absl::UTCTimeZone());
    RC_ASSERT(date.kind == DateReading::Kind::kTime || date.time == absl::InfinitePast());
  }
}

}  // namespace
}  // namespace finalmile::text
