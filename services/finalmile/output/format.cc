#include "services/finalmile/output/format.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

#include "absl/strings/numbers.h"

namespace finalmile::cli {

std::string FormatCount(int64_t count) {
  std::string digits = fmt::format("{}", count);
  const size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string FormatPoints(double points) {
  std::string text = fmt::format("{:.1f}", points);
  return text == "-0.0" ? "0.0" : text;
}

std::string FormatSpan(absl::Duration span) {
  struct Unit {
    absl::Duration size;
    std::string_view name;
  };
  const std::array<Unit, 3> units{{{absl::Hours(24), "d"}, {absl::Hours(1), "h"}, {absl::Minutes(1), "min"}}};
  for (const Unit& unit : units) {
    if (span >= unit.size) return fmt::format("{} {}", FormatCount(span / unit.size), unit.name);
  }
  return fmt::format("{} s", FormatCount(absl::ToInt64Seconds(span)));
}

std::string FormatAgo(absl::Time time, absl::Time now) {
  const absl::Duration distance = absl::AbsDuration(now - time);
  if (distance < absl::Seconds(1)) return "now";
  return time < now ? FormatSpan(distance) + " ago" : "in " + FormatSpan(distance);
}

std::string FormatTime(absl::Time time, absl::Time now, absl::TimeZone zone) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return "-";
  return fmt::format("{} ({})", absl::FormatTime("%Y-%m-%d %H:%M", time, zone), FormatAgo(time, now));
}

std::string FormatElapsed(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds >= 3600) return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

bool ParseMoment(const std::string& text, absl::Time now, absl::TimeZone zone, absl::Time& time) {
  if (text == "now") {
    time = now;
    return true;
  }
  if (absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return true;
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"}) {
    if (absl::ParseTime(format, text, zone, &time, nullptr)) return true;
  }
  double count;
  absl::Duration ago;
  if (text.ends_with('d') && absl::SimpleAtod(text.substr(0, text.size() - 1), &count) &&
      std::isfinite(count)) {
    ago = count * absl::Hours(24);
  } else if (!absl::ParseDuration(text, &ago)) {
    return false;
  }
  if (ago < absl::ZeroDuration() || ago == absl::InfiniteDuration()) return false;
  time = now - ago;
  return true;
}

}  // namespace finalmile::cli
