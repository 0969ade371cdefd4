#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/storage/database.h"

namespace finalmile::storage::postgres {

// Opens the store behind a libpq URI. Connects only when first used: INVALID_ARGUMENT for a URI that cannot
// be read is the only error.
absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& url, Clock& clock,
                                               const OpenOptions& options);

}  // namespace finalmile::storage::postgres
