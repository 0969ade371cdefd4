#pragma once

#include <string>
#include <vector>

#include "services/finalmile/errors.h"

namespace finalmile::cli {

// Runs the command line `arguments` (without the program's name) on this process's streams and environment.
ExitCode Run(const std::vector<std::string>& arguments);

}  // namespace finalmile::cli
