#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace finalmile::cli {

// An error that says that the caller's roles do not allow a method of the contracts, in the words of the
// command line: who may not run which verb ("tracks publish"). Every other status as it is.
absl::Status InWordsOf(std::string_view verb, const absl::Status& status);

}  // namespace finalmile::cli
