#include "libs/text/dates.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "libs/base/text.h"
#include "libs/text/normal.h"

namespace finalmile::text {
namespace {

using Kind = DateReading::Kind;

// The names of each month, as Comparable gives them. What begins with three letters of one of them, and goes
// on as it does, is the month, too.
constexpr std::array<std::string_view, 12> kMonths = {
    "january januar janvier enero gennaio januari janeiro",
    "february februar fevrier febrero febbraio februari fevereiro",
    "march marz mars marzo maart marco mrz",
    "april avril abril aprile",
    "may mai mayo maggio mei maio",
    "june juni juin junio giugno junho",
    "july juli juillet julio luglio julho",
    "august aout agosto augustus",
    "september septembre septiembre settembre setembro",
    "october oktober octobre octubre ottobre outubro",
    "november novembre noviembre novembro",
    "december dezember decembre diciembre dicembre dezembro",
};

// 1 to 12; 0: it is none, or several begin so ("jui").
int MonthOf(std::string_view word) {
  if (word.size() < 3) return 0;
  int found = 0;
  for (size_t i = 0; i < kMonths.size(); ++i) {
    const std::string names = fmt::format(" {}", kMonths[i]);
    if (names.find(fmt::format(" {}", word)) == std::string::npos) continue;
    if (found != 0) return 0;
    found = static_cast<int>(i) + 1;
  }
  return found;
}

bool IsWeekday(std::string_view word) {
  constexpr std::string_view kDays =
      " sunday monday tuesday wednesday thursday friday saturday sonntag montag dienstag mittwoch donnerstag "
      "freitag samstag so mo di mi do fr sa ";
  return word.size() >= 2 && kDays.find(fmt::format(" {}", word)) != std::string_view::npos;
}

// A run of digits, a run of letters, or one sign. White space parts runs and counts as no sign.
struct Token {
  enum class Kind { kDigits, kWord, kSign } kind;
  std::string text;
  bool after_space = false;

  int number() const {
    int value = -1;
    if (kind == Kind::kDigits && text.size() <= 9)
      std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  bool Is(char sign) const { return kind == Kind::kSign && text[0] == sign; }
};

std::vector<Token> Cut(std::string_view cell) {
  std::vector<Token> tokens;
  bool space = false;
  for (const char c : Comparable(cell)) {
    if (c == ' ') {
      space = true;
      continue;
    }
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
    const auto kind = digit ? Token::Kind::kDigits : letter ? Token::Kind::kWord : Token::Kind::kSign;
    if (tokens.empty() || space || kind == Token::Kind::kSign || tokens.back().kind != kind) {
      tokens.push_back({kind, {}, space});
    }
    tokens.back().text += c;
    space = false;
  }
  return tokens;
}

// The three numbers of a date in the order in which they stand.
struct Date {
  std::array<int, 3> numbers = {0, 0, 0};
  // Which of them is the year and which the month, where that is plain; -1: it is not.
  int year = -1;
  int month = -1;
  // Between its numbers; 0: white space.
  char separator = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view cell) : tokens_(Cut(cell)) {}

  // Takes the whole cell: a date, maybe a time of day and an offset.
  bool Run() {
    // More is text.
    if (tokens_.size() > 24) return false;
    if (Word() && IsWeekday(At().text)) {
      ++at_;
      TakeSign('.');
      TakeSign(',');
    }
    if (!TakeDate()) return false;
    TakeSign(',');
    const bool told = Word() && (At().text == "t" || At().text == "at" || At().text == "um");
    if (told) ++at_;
    if ((told || Has()) && !TakeTime()) return false;
    return at_ == tokens_.size();
  }

  const Date& date() const { return date_; }
  absl::CivilSecond On(absl::CivilDay day) const {
    return absl::CivilSecond(day.year(), day.month(), day.day(), hour_, minute_, second_);
  }
  const std::optional<absl::Duration>& offset() const { return offset_; }
  absl::Duration fraction() const { return fraction_; }

 private:
  const Token& At(size_t ahead = 0) const { return tokens_[at_ + ahead]; }
  bool Has(size_t ahead = 0) const { return at_ + ahead < tokens_.size(); }
  bool Word() const { return Has() && At().kind == Token::Kind::kWord; }
  bool Digits(size_t ahead = 0) const { return Has(ahead) && At(ahead).kind == Token::Kind::kDigits; }
  bool TakeSign(char sign) {
    if (!Has() || !At().Is(sign)) return false;
    ++at_;
    return true;
  }

  bool TakeDate() {
    if (Digits() && At().text.size() == 8) {
      const std::string digits = At().text;
      ++at_;
      date_ = {{std::stoi(digits.substr(0, 4)), std::stoi(digits.substr(4, 2)), std::stoi(digits.substr(6))},
               0,
               1,
               false};
      return true;
    }
    char separator = 0;
    for (int i = 0; i < 3; ++i) {
      if (!Has()) return false;
      if (Word()) {
        date_.numbers[static_cast<size_t>(i)] = MonthOf(At().text);
        if (date_.month >= 0 || date_.numbers[static_cast<size_t>(i)] == 0) return false;
        date_.month = i;
      } else {
        if (!Digits() || At().text.size() > 4 || At().text.size() == 3) return false;
        if (At().text.size() == 4) {
          if (date_.year >= 0) return false;
          date_.year = i;
        }
        date_.numbers[static_cast<size_t>(i)] = At().number();
      }
      ++at_;
      if (i == 2) break;
      TakeOrdinal();
      const bool point = TakeSign('.');
      if (Has() && (At().Is('/') || At().Is('-') || At().Is(','))) {
        separator = At().text[0];
        ++at_;
      } else if (point) {
        separator = '.';
      } else if (!Has() || (!At().after_space && date_.month < 0 && !Word())) {
        return false;
      }
    }
    date_.separator = separator;
    return separator != 0 || date_.month >= 0;
  }

  void TakeOrdinal() {
    if (!Word() || At().after_space) return;
    for (const std::string_view ending : {"st", "nd", "rd", "th", "er"}) {
      if (At().text == ending) {
        ++at_;
        return;
      }
    }
  }

  bool TakeNumber(int least, int most, int& number) {
    if (!Digits() || At().text.size() > 2) return false;
    number = At().number();
    ++at_;
    return number >= least && number <= most;
  }

  bool TakeTime() {
    if (!TakeNumber(0, 24, hour_)) return false;
    const bool minutes = TakeSign(':');
    if (minutes) {
      if (!TakeNumber(0, 59, minute_)) return false;
      if (TakeSign(':')) {
        if (!TakeNumber(0, 59, second_)) return false;
        if (Has() && (At().Is('.') || At().Is(',')) && Digits(1)) {
          fraction_ = absl::Seconds(std::stod("0." + At(1).text.substr(0, 9)));
          at_ += 2;
        }
      }
    }
    const bool half = TakeHalf();
    if ((!minutes && !half) || hour_ > 23) return false;
    return !Has() || TakeOffset();
  }

  // "AM", "p.m."
  bool TakeHalf() {
    if (!Word()) return false;
    std::string half = At().text;
    size_t taken = 1;
    if (half.size() == 1 && Has(2) && At(1).Is('.') && At(2).text == "m") {
      half += "m";
      taken = Has(3) && At(3).Is('.') ? 4 : 3;
    }
    if (half == "uhr") {
      ++at_;
      return true;
    }
    if (half != "am" && half != "pm") return false;
    at_ += taken;
    if (hour_ < 1 || hour_ > 12) {
      hour_ = 24;  // "15:00 PM" is no time
    } else {
      hour_ = hour_ % 12 + (half == "pm" ? 12 : 0);
    }
    return true;
  }

  // "Z", "UTC", "+01:00", "-0330", "GMT+1".
  bool TakeOffset() {
    if (Word()) {
      if (At().text != "z" && At().text != "utc" && At().text != "gmt") return false;
      ++at_;
      offset_ = absl::ZeroDuration();
      if (!Has()) return true;
    }
    const bool west = At().Is('-');
    if (!west && !At().Is('+')) return false;
    ++at_;
    if (!Digits() || At().text.size() == 3 || At().text.size() > 4) return false;
    int hours = At().number(), minutes = 0;
    if (At().text.size() == 4) {
      minutes = hours % 100;
      hours /= 100;
      ++at_;
    } else {
      ++at_;
      if (TakeSign(':') && !TakeNumber(0, 59, minutes)) return false;
    }
    if (hours > 18 || minutes > 59) return false;
    const absl::Duration offset = absl::Hours(hours) + absl::Minutes(minutes);
    offset_ = west ? -offset : offset;
    return true;
  }

  const std::vector<Token> tokens_;
  size_t at_ = 0;
  Date date_;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  absl::Duration fraction_;
  std::optional<absl::Duration> offset_;
};

int FullYear(int year, bool two_digits) {
  if (!two_digits) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}

// The day with its numbers in the order of `form`; nullopt: there is no such day.
std::optional<absl::CivilDay> DayOf(const Date& date, DateForm form) {
  size_t year = 2, month = 1, day = 0;
  if (form == DateForm::kYearFirst) year = 0, month = 1, day = 2;
  if (form == DateForm::kMonthFirst) month = 0, day = 1;
  // A year of four digits and a named month overrule the form.
  if (date.year >= 0) {
    year = static_cast<size_t>(date.year);
    if (year == 0) month = 1, day = 2;
    if (year == 1) return std::nullopt;
  }
  if (date.month >= 0 && static_cast<size_t>(date.month) != month) {
    month = static_cast<size_t>(date.month);
    if (month == year) return std::nullopt;
    day = 3 - year - month;
  }
  const int full = FullYear(date.numbers[year], date.year < 0);
  const absl::CivilDay civil(full, date.numbers[month], date.numbers[day]);
  if (civil.month() != date.numbers[month] || civil.day() != date.numbers[day]) return std::nullopt;
  return civil;
}

// Whether it is plain which number is the day: by the year in front, or a name of the month.
bool IsPlain(const Date& date) { return date.year == 0 || date.month >= 0; }

// The forms that a date without one may have: "26-03-01" may begin with its year.
std::vector<DateForm> FormsOf(const Date& date) {
  if (IsPlain(date) || date.separator == '.') return {DateForm::kDayFirst};
  std::vector<DateForm> forms = {DateForm::kDayFirst, DateForm::kMonthFirst};
  if (date.separator == '-' && date.year < 0) forms.push_back(DateForm::kYearFirst);
  return forms;
}

DateReading ReadCount(std::string_view cell, DateForm form, absl::TimeZone zone) {
  const std::string text = ResolveForms(TrimSpace(cell));
  double count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(count) || count < 0)
    return {};
  // The end of the year 9999, in each unit.
  if (form == DateForm::kUnixSeconds)
    return count < 253402300800.0 ? DateReading{Kind::kTime, absl::FromUnixMicros(std::llround(count * 1e6))}
                                  : DateReading{};
  if (form == DateForm::kUnixMilliseconds)
    return count < 253402300800.0e3
               ? DateReading{Kind::kTime, absl::FromUnixMicros(std::llround(count * 1000))}
               : DateReading{};
  if (count >= 2958466) return {};
  const double days = std::floor(count);
  const auto seconds = static_cast<int64_t>(std::llround((count - days) * 86'400));
  const absl::CivilDay day = absl::CivilDay(1899, 12, 30) + static_cast<int64_t>(days);
  return {Kind::kTime, absl::FromCivil(absl::CivilSecond(day) + seconds, zone)};
}

}  // namespace

std::optional<DateForm> ParseDateForm(std::string_view pattern) {
  std::string letters = Lower(TrimSpace(pattern));
  if (letters == "unix") return DateForm::kUnixSeconds;
  if (letters == "unix-ms") return DateForm::kUnixMilliseconds;
  if (letters == "excel") return DateForm::kSpreadsheetDays;
  // A time of day begins with the hours, and each m in it stands for minutes.
  letters.erase(std::min(letters.find('h'), letters.size()));
  std::string order;
  for (const char c : letters) {
    const char part = c == 'b' ? 'm' : c;
    if ((part == 'd' || part == 'm' || part == 'y') && order.find(part) == std::string::npos) order += part;
  }
  if (order == "dmy") return DateForm::kDayFirst;
  if (order == "mdy") return DateForm::kMonthFirst;
  if (order == "ymd") return DateForm::kYearFirst;
  return std::nullopt;
}

DateReading ReadDate(std::string_view cell, DateForm form, absl::TimeZone zone) {
  if (form == DateForm::kUnixSeconds || form == DateForm::kUnixMilliseconds ||
      form == DateForm::kSpreadsheetDays) {
    return ReadCount(cell, form, zone);
  }
  if (cell.size() > 100) return {};
  Parser parser(cell);
  if (!parser.Run()) return {};
  const Date& date = parser.date();
  // The form of the years in front says nothing of a date with its year at the end.
  if (form == DateForm::kYearFirst && date.year == 2) form = DateForm::kUnknown;
  std::optional<absl::CivilDay> day;
  for (const DateForm one : form == DateForm::kUnknown ? FormsOf(date) : std::vector<DateForm>{form}) {
    const std::optional<absl::CivilDay> read = DayOf(date, one);
    if (day && read && *day != *read) return {Kind::kAmbiguous, absl::InfinitePast()};
    if (!day) day = read;
  }
  if (!day) return {};
  const absl::CivilSecond second = parser.On(*day);
  const absl::Time time = parser.offset() ? absl::FromCivil(second, absl::UTCTimeZone()) - *parser.offset()
                                          : absl::FromCivil(second, zone);
  return {Kind::kTime, time + parser.fraction()};
}

DateForm DateFormShownBy(std::string_view cell) {
  if (cell.size() > 100) return DateForm::kUnknown;
  Parser parser(cell);
  if (!parser.Run()) return DateForm::kUnknown;
  const std::vector<DateForm> forms = FormsOf(parser.date());
  if (forms.size() == 1) return DateForm::kUnknown;
  DateForm shown = DateForm::kUnknown;
  for (const DateForm form : forms) {
    if (!DayOf(parser.date(), form)) continue;
    if (shown != DateForm::kUnknown) return DateForm::kUnknown;
    shown = form;
  }
  return shown;
}

}  // namespace finalmile::text
