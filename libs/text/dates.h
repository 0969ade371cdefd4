#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace finalmile::text {

// Moments as people and programs write them: "2026-03-01T09:30:00Z", "2026-03-01 09:30", "01/03/2026",
// "1.3.26 9:30", "Mar 1, 2026 9:30 AM", "Sun, 1 Mar 2026 09:30:00 +0100", "20260301". Only "01/03/2026" and
// its like do not say themselves which number is the day: the other dates of their column do, or somebody who
// knows. Names of months are read in English, German, French, Spanish, Italian, Dutch and Portuguese. Pure
// functions.

// How the dates of a column are written.
enum class DateForm {
  kUnknown,
  kDayFirst,
  kMonthFirst,
  kYearFirst,
  // Seconds or milliseconds since 1970 in UTC; days since 1899-12-30 as spreadsheets count them.
  kUnixSeconds,
  kUnixMilliseconds,
  kSpreadsheetDays,
};

// The form that `pattern` describes: "dd-mm-yyyy", "DD/MM/YYYY HH:mm" and "%d.%m.%Y" are day first; "unix",
// "unix-ms" and "excel" are numbers. Only the order of day, month and year counts: signs between them and a
// time of day are read however they are written. Nullopt: it describes none.
std::optional<DateForm> ParseDateForm(std::string_view pattern);

struct DateReading {
  enum class Kind {
    kNone,       // not a moment
    kAmbiguous,  // day first or month first: "01/03/2026" where the form is not known
    kTime,
  };
  Kind kind = Kind::kNone;
  absl::Time time = absl::InfinitePast();
};

// Reads the whole of `cell`, white space at its ends aside. A moment without an offset is of `zone`; a day is
// its midnight there. A year of two digits is of 1970 to 2069. What fits several ways is told apart by `form`
// alone, but for "1.3.2026": with points the day is first wherever dates are written so; and a year of two
// digits is in front only of "26-03-01" and its like.
DateReading ReadDate(std::string_view cell, DateForm form, absl::TimeZone zone);

// The form that `cell` shows to be in use: kDayFirst of "25/03/2026", kMonthFirst of "03/25/2026"; kUnknown:
// it shows none.
DateForm DateFormShownBy(std::string_view cell);

}  // namespace finalmile::text
