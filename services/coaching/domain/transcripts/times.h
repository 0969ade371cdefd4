#pragma once

#include <optional>
#include <string_view>

namespace finalmile::coaching {

// Seconds of a time as captions have it: hours, which may be missing, minutes and seconds, each but the first
// of two digits and below 60, and perhaps milliseconds behind a point or a comma: "01:02:03.500", "2:03",
// "00:02:03,5". Nullopt: it is none. Hours have three digits at most.
std::optional<double> ReadTime(std::string_view text);

// The time at the end of `line`, and the text before it, without white space: "Kim Lee  0:03".
struct EndingTime {
  std::string_view before;
  double seconds = 0;
};
std::optional<EndingTime> ReadEndingTime(std::string_view line);

struct TimeSpan {
  double start = 0;
  double end = 0;
};
// "00:01.000 --> 00:02.000 align:start"; settings behind it are passed over. Nullopt: it is none, or it ends
// before it starts.
std::optional<TimeSpan> ReadTimeSpan(std::string_view line);
inline constexpr std::string_view kArrow = "-->";

}  // namespace finalmile::coaching
