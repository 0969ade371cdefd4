#include "services/coaching/domain/transcripts/times.h"

#include <algorithm>

#include "libs/base/text.h"

namespace finalmile::coaching {
namespace {

constexpr size_t kMostHourDigits = 3;
constexpr size_t kMostFractionDigits = 9;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The number at the beginning of `text`, which is then what follows it.
std::optional<int> TakeNumber(std::string_view& text, size_t most_digits) {
  size_t digits = 0;
  int number = 0;
  while (digits < text.size() && IsDigit(text[digits])) {
    if (digits == most_digits) return std::nullopt;
    number = number * 10 + (text[digits++] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

}  // namespace

std::optional<double> ReadTime(std::string_view text) {
  const auto first = TakeNumber(text, kMostHourDigits);
  if (!first) return std::nullopt;
  double seconds = *first;
  size_t parts = 1;
  for (; text.starts_with(':'); ++parts) {
    text.remove_prefix(1);
    const size_t before = text.size();
    const auto part = TakeNumber(text, 2);
    if (!part || before - text.size() != 2 || *part >= 60 || parts == 3) return std::nullopt;
    seconds = seconds * 60 + *part;
  }
  if (parts < 2) return std::nullopt;
  if (!text.starts_with('.') && !text.starts_with(','))
    return text.empty() ? std::optional(seconds) : std::nullopt;
  text.remove_prefix(1);
  if (text.empty() || text.size() > kMostFractionDigits || !std::all_of(text.begin(), text.end(), IsDigit))
    return std::nullopt;
  double unit = 1;
  double fraction = 0;
  for (const char digit : text) {
    fraction = fraction * 10 + (digit - '0');
    unit *= 10;
  }
  return seconds + fraction / unit;
}

std::optional<EndingTime> ReadEndingTime(std::string_view line) {
  line = Trim(line);
  const size_t space = line.find_last_of(" \t");
  if (space == std::string_view::npos) return std::nullopt;
  const auto seconds = ReadTime(line.substr(space + 1));
  const std::string_view before = Trim(line.substr(0, space));
  if (!seconds || before.empty()) return std::nullopt;
  return EndingTime{before, *seconds};
}

std::optional<TimeSpan> ReadTimeSpan(std::string_view line) {
  const size_t arrow = line.find(kArrow);
  if (arrow == std::string_view::npos) return std::nullopt;
  std::string_view behind = Trim(line.substr(arrow + kArrow.size()));
  behind = behind.substr(0, behind.find_first_of(" \t"));
  const auto start = ReadTime(Trim(line.substr(0, arrow)));
  const auto end = ReadTime(behind);
  if (!start || !end || *end < *start) return std::nullopt;
  return TimeSpan{*start, *end};
}

}  // namespace finalmile::coaching
