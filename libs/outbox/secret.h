#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// 32 random bytes that all replicas of a service share under `name`: they lie in its store, and whoever asks
// first makes them. Blocks until `deadline` (steady) at most. Errors are the store's.
absl::StatusOr<std::string> SharedSecret(storage::Database& database, std::string_view name, Clock& clock,
                                         Rng& rng, absl::Duration deadline);

}  // namespace finalmile::outbox
