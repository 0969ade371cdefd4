#include "libs/cache/diagnose.h"

#include <string>

#include "libs/cache/address.h"
#include "libs/cache/cache.h"
#include "libs/cache/redis/diagnose.h"

namespace finalmile::cache {

std::vector<Finding> Diagnose(std::string_view url, Clock& clock, std::string_view prefix,
                              absl::Duration patience) {
  if (url == "local:") return {{Verdict::kOk, "reach", "the cache is this process's own memory"}};
  // Whatever cannot be used is said by Open.
  const absl::Status opened = Open(url, clock, {.prefix = std::string(prefix)}).status();
  const absl::StatusOr<RedisAddress> address = ParseRedisAddress(url);
  if (!opened.ok() || !address.ok()) {
    std::vector<Finding> findings = {{Verdict::kFail, "reach", std::string(opened.message())}};
    Skip({"rights", "tracking", "memory"}, "the address of the cache is not one that can be used", findings);
    return findings;
  }
  return redis::Diagnose(*address, clock, prefix, patience);
}

}  // namespace finalmile::cache
