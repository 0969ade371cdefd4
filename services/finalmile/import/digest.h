#pragma once

#include <istream>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace finalmile::cli {

// SHA-256 of what is left in `input`, in hexadecimal; DATA_LOSS when it cannot be read.
absl::StatusOr<std::string> DigestOf(std::istream& input);
std::string DigestOf(std::string_view bytes);

}  // namespace finalmile::cli
