#pragma once

#include <memory>

#include "libs/base/step.h"
#include "libs/events/local/catalog.h"
#include "libs/storage/database.h"

namespace finalmile::events {

// Deletes records older than their topic's retention, from the start of each partition, at most 1,000 a run;
// looks again each minute. All arguments must outlive the step.
std::unique_ptr<Step> NewRetention(storage::Database& database, Catalog& catalog, Clock& clock);

}  // namespace finalmile::events
