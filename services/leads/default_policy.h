#pragma once

#include <string_view>

namespace finalmile::leads {

// The text of policies/b2b-software-1.yaml, which a new store begins with.
extern const std::string_view kDefaultPolicy;

}  // namespace finalmile::leads
