#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/cache/address.h"
#include "libs/cache/cache.h"

namespace finalmile::cache {

// A cache in Redis 7 (6.0's tracking and 6.2's PXAT are needed). Its clock is Redis's: an answer's age is
// right but for what that clock is set back. A user needs `~PREFIX:*`, `&__redis__:invalidate` and
// `+eval +evalsha +script|load +time +mget +get +getrange +set +unlink +client|id +client|tracking +subscribe
// +ping`.
absl::StatusOr<std::unique_ptr<Cache>> OpenRedis(RedisAddress address, Clock& clock,
                                                 const OpenOptions& options);

}  // namespace finalmile::cache
