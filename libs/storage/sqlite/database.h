#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/storage/database.h"

namespace finalmile::storage::sqlite {

// Opens the store in the file `path`, making it (but no folder) when it is absent.
absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path, Clock& clock,
                                               const OpenOptions& options);

}  // namespace finalmile::storage::sqlite
