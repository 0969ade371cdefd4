#pragma once

#include "libs/base/violation.h"

namespace finalmile::leads::domain {

using finalmile::Violation;

}  // namespace finalmile::leads::domain
