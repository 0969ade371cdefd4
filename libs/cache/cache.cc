#include "libs/cache/cache.h"

#include <fmt/format.h>

#include "libs/base/address.h"
#include "libs/base/status.h"
#include "libs/cache/address.h"
#include "libs/cache/local/local_cache.h"
#include "libs/cache/redis/redis_cache.h"

namespace finalmile::cache {
namespace {

constexpr std::string_view kPrefixCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_.-";

}  // namespace

absl::StatusOr<std::unique_ptr<Cache>> Open(std::string_view url, Clock& clock, const OpenOptions& options) {
  if (options.prefix.empty() || options.prefix.find_first_not_of(kPrefixCharacters) != std::string::npos) {
    return absl::InvalidArgumentError(
        fmt::format("cache: prefix \"{}\" must be of [a-z0-9_.-] and not empty", options.prefix));
  }
  if (options.connections < 1) return absl::InvalidArgumentError("cache: at least one connection is needed");
  if (url == "local:") return OpenLocal(clock, options.local_bytes);
  ASSIGN_OR_RETURN(RedisAddress address, ParseRedisAddress(url));
  if (!address.password_file.empty()) {
    RETURN_IF_ERROR(CheckSecretFile("cache: password.file", address.password_file));
  }
  return OpenRedis(std::move(address), clock, options);
}

}  // namespace finalmile::cache
