#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/moment.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// The moment to come that `text` says (ParseFuture). INVALID_ARGUMENT names `flag`.
inline absl::StatusOr<absl::Time> ReadFuture(Session& session, std::string_view flag,
                                             const std::string& text) {
  absl::Time time;
  if (ParseFuture(text, session.clock.Now(), session.output.zone(), time)) return time;
  return absl::InvalidArgumentError(
      fmt::format("{} '{}' must be a time to come: 'tomorrow 09:30', 'Thu 15:00', 2h, 3d or 2026-12-03 15:00",
                  flag, text));
}

// The same, or a moment that has passed, written with its date.
inline absl::StatusOr<absl::Time> ReadMoment(Session& session, std::string_view flag,
                                             const std::string& text) {
  absl::Time time;
  const absl::Time now = session.clock.Now();
  if (ParseFuture(text, now, session.output.zone(), time) ||
      ParseMoment(text, now, session.output.zone(), time)) {
    return time;
  }
  return absl::InvalidArgumentError(fmt::format(
      "{} '{}' must be a time: 'tomorrow 09:30', 'Thu 15:00', 2h, 3d or 2026-12-03 15:00", flag, text));
}

}  // namespace finalmile::cli
