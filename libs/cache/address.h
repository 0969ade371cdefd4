#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace finalmile::cache {

// Where a Redis is and who we are there.
struct RedisAddress {
  // A Unix socket when not empty; else host and port.
  std::string path;
  std::string host;
  int port = 6379;
  // Empty: the default user.
  std::string user;
  // Empty: without a password.
  std::string password_file;
};

// Parameters may be percent-encoded. Reads `redis://host[:port]` or `redis+unix:PATH`, either with
// `?user=NAME&password.file=PATH`; an IPv6 host stands in brackets. INVALID_ARGUMENT says what to write
// instead; it never repeats what may be a password.
absl::StatusOr<RedisAddress> ParseRedisAddress(std::string_view url);

}  // namespace finalmile::cache
