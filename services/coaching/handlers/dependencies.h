#pragma once

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/storage/database.h"

namespace finalmile::coaching::handlers {

// The handlers of this service work on these; everything outlives them.
struct Dependencies {
  Clock& clock;
  Rng& rng;
  storage::Database& database;
};

}  // namespace finalmile::coaching::handlers
