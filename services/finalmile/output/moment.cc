#include "services/finalmile/output/moment.h"

#include <fmt/format.h>

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/time/civil_time.h"
#include "libs/base/text.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

constexpr int kMorning = 9 * 60;
constexpr std::array<std::string_view, 7> kWeekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                       "friday", "saturday", "sunday"};

// "09:30" in minutes since midnight; -1: it is no wall time.
int MinutesOf(std::string_view text) {
  const size_t colon = text.find(':');
  int hour, minute;
  if (colon == std::string_view::npos || colon == 0 || colon > 2 || text.size() != colon + 3) return -1;
  if (!absl::SimpleAtoi(absl::string_view(text.data(), colon), &hour) ||
      !absl::SimpleAtoi(absl::string_view(text.data() + colon + 1, 2), &minute)) {
    return -1;
  }
  return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 ? hour * 60 + minute : -1;
}

absl::Time At(absl::CivilDay day, int minutes, absl::TimeZone zone) {
  const absl::CivilSecond midnight(day);
  return zone.At(midnight + minutes * 60).pre;
}

// The index of a weekday by its name or at least its first three letters; -1: it is none.
int WeekdayOf(std::string_view word) {
  for (size_t i = 0; i < kWeekdays.size(); ++i) {
    if (word.size() >= 3 && kWeekdays[i].starts_with(word)) return static_cast<int>(i);
  }
  return -1;
}

bool ParseAhead(std::string_view text, absl::Time now, absl::Time& time) {
  double count;
  absl::Duration ahead;
  if (text.ends_with('d') && absl::SimpleAtod(absl::string_view(text.data(), text.size() - 1), &count)) {
    ahead = count * absl::Hours(24);
  } else if (!absl::ParseDuration(std::string(text), &ahead)) {
    return false;
  }
  time = now + ahead;
  return true;
}

bool ParseWords(std::string_view text, absl::Time now, absl::TimeZone zone, absl::Time& time) {
  const absl::CivilDay today(absl::ToCivilDay(now, zone));
  if (const int minutes = MinutesOf(text); minutes >= 0) {
    time = At(today, minutes, zone);
    if (time <= now) time = At(today + 1, minutes, zone);
    return true;
  }
  const size_t blank = text.find(' ');
  const std::string_view day = text.substr(0, blank);
  const int minutes = blank == std::string_view::npos ? kMorning : MinutesOf(Trim(text.substr(blank)));
  if (minutes < 0) return false;
  if (day == "today" || day == "tomorrow") {
    time = At(today + (day == "today" ? 0 : 1), minutes, zone);
    return true;
  }
  const int weekday = WeekdayOf(day);
  if (weekday < 0) return false;
  // absl::Weekday counts from Monday too.
  const int ahead = (weekday - static_cast<int>(absl::GetWeekday(today)) + 7) % 7;
  time = At(today + ahead, minutes, zone);
  if (time <= now) time = At(today + ahead + 7, minutes, zone);
  return true;
}

}  // namespace

bool ParseFuture(const std::string& text, absl::Time now, absl::TimeZone zone, absl::Time& time) {
  const std::string words = Lower(Trim(text));
  if (!ParseWords(words, now, zone, time) && !ParseAhead(words, now, time) &&
      !ParseMoment(std::string(Trim(text)), now, zone, time)) {
    return false;
  }
  return time > now && time < absl::InfiniteFuture();
}

std::string ClockChangeNote(const std::string& text, absl::Time time, absl::TimeZone zone) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0) return "";
  const size_t begin =
      colon >= 2 && absl::ascii_isdigit(static_cast<unsigned char>(text[colon - 2])) ? colon - 2 : colon - 1;
  const int minutes = MinutesOf(std::string_view(text).substr(begin, colon + 3 - begin));
  if (minutes < 0) return "";
  const absl::CivilSecond wall = absl::CivilSecond(absl::ToCivilDay(time, zone)) + minutes * 60;
  const absl::TimeZone::TimeInfo info = zone.At(wall);
  // Text with an offset of its own means one moment.
  if (info.pre != time) return "";
  const std::string clock =
      absl::FormatTime("%H:%M", absl::FromCivil(wall, absl::UTCTimeZone()), absl::UTCTimeZone());
  switch (info.kind) {
    case absl::TimeZone::TimeInfo::SKIPPED:
      return fmt::format("The clocks of {} skip {} on that day: {} is taken.", PlaceOf(zone, time), clock,
                         absl::FormatTime("%H:%M", time, zone));
    case absl::TimeZone::TimeInfo::REPEATED:
      return fmt::format("The clocks of {} show {} twice on that day: the first time is taken.",
                         PlaceOf(zone, time), clock);
    default:
      return "";
  }
}

std::string PlaceOf(absl::TimeZone zone, absl::Time time) {
  std::string name = zone.name();
  if (const size_t slash = name.rfind('/'); slash != std::string::npos) name.erase(0, slash + 1);
  // The zone of the machine has no name of its own.
  if (name == "localtime") return absl::FormatTime("%Z", time, zone);
  for (char& c : name) {
    if (c == '_') c = ' ';
  }
  return name;
}

std::string FormatMoment(absl::Time time, absl::Time now, absl::TimeZone zone) {
  const bool this_year = absl::ToCivilYear(time, zone) == absl::ToCivilYear(now, zone);
  const std::string day = absl::FormatTime(this_year ? "%e %b %H:%M" : "%e %b %Y %H:%M", time, zone);
  return fmt::format("{} {} {}", absl::FormatTime("%a", time, zone), Trim(day), PlaceOf(zone, time));
}

}  // namespace finalmile::cli
