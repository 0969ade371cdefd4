#include "libs/text/numbers.h"

#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "libs/text/normal.h"

namespace finalmile::text {
namespace {

using Kind = NumberReading::Kind;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool AllDigits(std::string_view text) { return std::all_of(text.begin(), text.end(), IsDigit); }

// The cell in ASCII: forms of digits and spaces resolved, the signs that look alike made one.
std::string Plain(std::string_view cell) {
  std::string plain;
  const std::string resolved = ResolveForms(TrimSpace(cell));
  for (size_t at = 0; at < resolved.size();) {
    int32_t code = -1;
    const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(resolved.data()) + at,
                                        static_cast<utf8proc_ssize_t>(resolved.size() - at), &code);
    at += bytes > 0 ? static_cast<size_t>(bytes) : 1;
    if (code >= 0 && code < 0x80) {
      plain += static_cast<char>(code);
    } else if (code == 0x2019) {
      plain += '\'';
    } else if (code == 0x2212 || (code >= 0x2010 && code <= 0x2015)) {
      plain += '-';
    } else if (code < 0 || utf8proc_category(code) != UTF8PROC_CATEGORY_SC) {
      plain += '?';  // no number has it
    } else {
      plain += '$';
    }
  }
  return plain;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Whether `sign` cuts `digits` into groups of three, or as in India ("12,50,000") into two and at last three.
bool IsGrouped(std::string_view digits, char sign) {
  size_t groups = 0, twos = 0, threes = 0;
  while (true) {
    const size_t end = std::min(digits.find(sign), digits.size());
    const std::string_view group = digits.substr(0, end);
    if (!AllDigits(group)) return false;
    ++groups;
    if (groups == 1) {
      if (group.empty() || group.size() > 3 || group[0] == '0') return false;
    } else {
      twos += group.size() == 2;
      threes += group.size() == 3;
    }
    if (end == digits.size())
      return groups > 1 && (threes == groups - 1 || (threes == 1 && group.size() == 3 && twos == groups - 2));
    digits.remove_prefix(end + 1);
  }
}

struct Unsigned {
  Kind kind = Kind::kNone;
  double value = 0;
  // The decimal sign that the number shows; 0: none.
  char shown = 0;
};

Unsigned Value(std::string digits, char shown) {
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) return {};
  return {Kind::kNumber, value, shown};
}

std::string Without(std::string_view text, char sign) {
  std::string rest(text);
  rest.erase(std::remove(rest.begin(), rest.end(), sign), rest.end());
  return rest;
}

// A whole part, grouped by `group` (0: by nothing), and a fraction after `decimal`.
Unsigned Fraction(std::string_view text, char group, char decimal) {
  const size_t at = text.rfind(decimal);
  const std::string_view whole = text.substr(0, at);
  const std::string_view fraction = text.substr(at + 1);
  if (group != 0 ? !IsGrouped(whole, group) : !AllDigits(whole)) return {};
  if (!AllDigits(fraction) || (whole.empty() && fraction.empty())) return {};
  return Value("0" + Without(whole, group) + "." + std::string(fraction) + "0", decimal);
}

// A number without a sign before it; `decimal` is 0 where it is not known.
Unsigned ReadUnsigned(std::string_view text, char decimal) {
  if (text.empty()) return {};
  if (AllDigits(text)) return Value(std::string(text), 0);
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    // Nobody groups the digits of an exponential number.
    std::string number(text);
    std::replace(number.begin(), number.end(), ',', '.');
    if (number[e + 1] == '+') number.erase(e + 1, 1);
    if (!IsDigit(number[0])) return {};
    const size_t sign = text.find_first_of(".,");
    return Value(std::move(number), sign == std::string_view::npos ? '\0' : text[sign]);
  }
  const auto points = std::count(text.begin(), text.end(), '.');
  const auto commas = std::count(text.begin(), text.end(), ',');
  for (const char group : {' ', '\''}) {
    if (text.find(group) == std::string_view::npos) continue;
    if (points + commas > 1) return {};
    if (points + commas == 1) return Fraction(text, group, points == 1 ? '.' : ',');
    return IsGrouped(text, group) ? Value(Without(text, group), 0) : Unsigned{};
  }
  const char last = points + commas > 0 ? text[text.find_last_of(".,")] : '\0';
  if (last == 0) return {};
  const char other = last == '.' ? ',' : '.';
  if (points > 0 && commas > 0)
    return (last == '.' ? points : commas) == 1 ? Fraction(text, other, last) : Unsigned{};
  if (points + commas > 1) return IsGrouped(text, last) ? Value(Without(text, last), other) : Unsigned{};
  if (!IsGrouped(text, last)) return Fraction(text, 0, last);
  if (decimal == 0) return {Kind::kAmbiguous, 0, 0};
  return decimal == last ? Fraction(text, 0, last) : Value(Without(text, last), 0);
}

Unsigned ReadSigned(std::string_view text, char decimal) {
  text = Trimmed(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  text = Trimmed(text);
  if (!text.empty() && text.front() == '$') text = Trimmed(text.substr(1));
  if (!text.empty() && text.back() == '$') text = Trimmed(text.substr(0, text.size() - 1));
  Unsigned number = ReadUnsigned(text, decimal);
  if (decimal != 0 && number.shown != 0 && number.shown != decimal) return {};
  if (negative) number.value = -number.value;
  return number;
}

// The ends of a range, as texts; an empty end is open. Nullopt: it is none.
struct Ends {
  std::string_view lower;
  std::string_view upper;
};
std::optional<Ends> EndsOf(std::string_view text) {
  if (text.back() == '+') return Ends{text.substr(0, text.size() - 1), {}};
  if (text.front() == '>') return Ends{text.substr(text.find_first_not_of(">= ")), {}};
  if (text.front() == '<') return Ends{{}, text.substr(text.find_first_not_of("<= "))};
  for (const std::string_view between : {" to ", "..", "-"}) {
    const size_t at = text.find(between, 1);
    if (at != std::string_view::npos && at + between.size() < text.size())
      return Ends{text.substr(0, at), text.substr(at + between.size())};
  }
  return std::nullopt;
}

NumberReading ReadRange(std::string_view text, char decimal) {
  if (text.find_first_of("0123456789") == std::string_view::npos) return {};
  const std::optional<Ends> ends = EndsOf(text);
  if (!ends || ends->lower.size() + ends->upper.size() == 0) return {};
  Unsigned lower{Kind::kNumber, 0, 0};
  Unsigned upper{Kind::kNumber, std::numeric_limits<double>::infinity(), 0};
  if (!ends->lower.empty()) lower = ReadSigned(ends->lower, decimal);
  if (!ends->upper.empty()) upper = ReadSigned(ends->upper, decimal);
  for (const Kind kind : {Kind::kNone, Kind::kAmbiguous}) {
    if (lower.kind == kind || upper.kind == kind) return {kind};
  }
  if (!(lower.value < upper.value)) return {};
  return {Kind::kRange, lower.value, upper.value};
}

}  // namespace

NumberReading ReadNumber(std::string_view cell, char decimal) {
  const std::string plain = Plain(cell);
  // Longer ones are text.
  if (plain.empty() || plain.size() > 100) return {};
  const Unsigned number = ReadSigned(plain, decimal);
  if (number.kind != Kind::kNone) return {number.kind, number.value, number.value};
  return ReadRange(plain, decimal);
}

char DecimalShownBy(std::string_view cell) {
  const std::string plain = Plain(cell);
  if (plain.empty() || plain.size() > 100) return 0;
  if (const Unsigned number = ReadSigned(plain, 0); number.kind != Kind::kNone) return number.shown;
  if (plain.find_first_of("0123456789") == std::string::npos) return 0;
  const std::optional<Ends> ends = EndsOf(plain);
  if (!ends) return 0;
  const char lower = ReadSigned(ends->lower, 0).shown;
  return lower != 0 ? lower : ReadSigned(ends->upper, 0).shown;
}

}  // namespace finalmile::text
