#include "services/finalmile/commands/weekly_hours.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace finalmile::cli {
namespace {

using appointments::v1::WeeklyInterval;

constexpr const char* kDays[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

std::string WallText(int minutes) { return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60); }

}  // namespace

absl::Status ParseHours(const std::string& text, WeeklyHours& weekly) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(fmt::format(
        "--hours '{}' must be days and a span, such as 'Mon-Fri 09:00-18:00' or 'Sat 10:00-14:00'", text));
  };
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() != 2) return wrong();
  const auto day = [](std::string_view word) {
    for (int i = 1; i <= 7; ++i) {
      if (word == kDays[i]) return i;
    }
    return 0;
  };
  const size_t dash = words[0].find('-');
  const int first = day(std::string_view(words[0]).substr(0, dash));
  const int last = dash == std::string::npos ? first : day(std::string_view(words[0]).substr(dash + 1));
  int from_hour, from_minute, to_hour, to_minute;
  const std::vector<std::string> span = absl::StrSplit(words[1], absl::ByAnyChar("-:"));
  if (first == 0 || last < first || span.size() != 4 || !absl::SimpleAtoi(span[0], &from_hour) ||
      !absl::SimpleAtoi(span[1], &from_minute) || !absl::SimpleAtoi(span[2], &to_hour) ||
      !absl::SimpleAtoi(span[3], &to_minute) || from_minute > 59 || to_minute > 59) {
    return wrong();
  }
  for (int weekday = first; weekday <= last; ++weekday) {
    WeeklyInterval& one = *weekly.Add();
    one.set_weekday(weekday);
    one.set_start_minute(from_hour * 60 + from_minute);
    one.set_end_minute(to_hour * 60 + to_minute);
  }
  return absl::OkStatus();
}

void ShowHours(const WeeklyHours& weekly, Output& output) {
  for (const WeeklyInterval& one : weekly) {
    output.Line(fmt::format("  {}  {}-{}", kDays[std::clamp(one.weekday(), 0, 7)],
                            WallText(one.start_minute()), WallText(one.end_minute())));
  }
}

}  // namespace finalmile::cli
