#pragma once

#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/finding.h"

namespace finalmile::cache {

// Looks at the cache at `url`, where a service keeps keys under `prefix`, and changes nothing there. Redis:
// "reach" with the login, "rights" of the user to the commands that the cache sends, "tracking", and "memory"
// with the policy of eviction, where the user may ask for it. Of a cache in process there is nothing to look
// at. Blocks for some times `patience` at most, which bounds each question.
std::vector<Finding> Diagnose(std::string_view url, Clock& clock, std::string_view prefix,
                              absl::Duration patience);

}  // namespace finalmile::cache
