#pragma once

#include <string_view>
#include <vector>

#include "libs/events/diagnose.h"

namespace finalmile::events::local {

// See events::Diagnose.
std::vector<Finding> Diagnose(std::string_view url, Clock& clock, const LogNeeds& needs,
                              absl::Duration patience);

}  // namespace finalmile::events::local
