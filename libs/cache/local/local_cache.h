#pragma once

#include <cstdint>
#include <memory>

#include "libs/base/clock.h"
#include "libs/cache/cache.h"

namespace finalmile::cache {

// A cache in this process, of at most `bytes`; what was used longest ago goes first, tombstones too. Its
// clock is Clock::Steady().
std::unique_ptr<Cache> OpenLocal(Clock& clock, int64_t bytes);

}  // namespace finalmile::cache
