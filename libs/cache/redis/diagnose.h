#pragma once

#include <string_view>
#include <vector>

#include "libs/cache/address.h"
#include "libs/cache/diagnose.h"

namespace finalmile::cache::redis {

// See cache::Diagnose.
std::vector<Finding> Diagnose(const RedisAddress& address, Clock& clock, std::string_view prefix,
                              absl::Duration patience);

}  // namespace finalmile::cache::redis
