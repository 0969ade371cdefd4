#pragma once

#include <string_view>

namespace finalmile::app {

// The project's version: "0.1.0".
std::string_view Version();

}  // namespace finalmile::app
