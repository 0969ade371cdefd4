#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace finalmile::telemetry {

// The place to post to.
struct HttpTarget {
  // Without brackets.
  std::string host;
  int port = 80;
  // With a slash in front.
  std::string path;
};

// Reads "http://host[:port][/path]". INVALID_ARGUMENT for anything else, https included, in words for whoever
// set it.
absl::StatusOr<HttpTarget> ParseHttpTarget(std::string_view url);

struct HttpReply {
  int status = 0;
  // The first kReplyBytes, as they came.
  std::string body;
};
inline constexpr size_t kReplyBytes = 64 << 10;

// The least of HTTP/1.1 that the exporter needs: one POST on a connection of its own. Blocks until
// Clock::Steady() reaches `deadline` at most, but for the look-up of a host's name, which takes as long as
// the system's resolver waits. UNAVAILABLE and DEADLINE_EXCEEDED say what was under way.
absl::StatusOr<HttpReply> HttpPost(const HttpTarget& target, std::string_view type, std::string_view body,
                                   const Clock& clock, absl::Duration deadline);

}  // namespace finalmile::telemetry
