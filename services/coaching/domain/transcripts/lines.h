#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace finalmile::coaching {

struct Line {
  // Counted from 1.
  size_t number = 0;
  // Without its end.
  std::string_view text;

  friend bool operator==(const Line&, const Line&) = default;
};

// The bytes of a file as UTF-8 without a byte order mark; of UTF-16 where its mark says so.
// INVALID_ARGUMENT: they are neither; names the line.
absl::StatusOr<std::string> Decode(std::string_view bytes);

// The lines of `text`, which ends lines with LF, CRLF or CR, and must outlive them.
std::vector<Line> SplitLines(std::string_view text);

// INVALID_ARGUMENT: "line 12: `problem`".
absl::Status LineError(size_t line, std::string_view problem);

}  // namespace finalmile::coaching
