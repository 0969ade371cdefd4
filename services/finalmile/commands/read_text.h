#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// What the file holds that the command line names; "-" is standard input. NOT_FOUND: it cannot be opened.
// INVALID_ARGUMENT: it cannot be read, or has more than `most` bytes. Errors name it as the command line
// does: by its path, behind `flag` where a flag names it.
absl::StatusOr<std::string> ReadText(Session& session, const std::string& path, size_t most,
                                     std::string_view flag = "");

}  // namespace finalmile::cli
