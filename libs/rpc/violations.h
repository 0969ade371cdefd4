#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/violation.h"

namespace finalmile::rpc {

// OK where there are none; else INVALID_ARGUMENT / INVALID_FIELDS with all of them, their fields below
// `prefix` ("lead"; empty: as they are).
absl::Status ToStatus(const std::vector<Violation>& violations, std::string_view prefix);

// `status`, an error of another code, with all of them as well: what keeps a thing from being done that is
// itself in order.
absl::Status WithViolations(absl::Status status, const std::vector<Violation>& violations,
                            std::string_view prefix);

}  // namespace finalmile::rpc
