#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace finalmile::catalog::domain {

// A rule that says no: FAILED_PRECONDITION with a stable reason (UPPER_SNAKE_CASE, for programs) and a
// message for people that says what to do.
absl::Status Refuse(std::string_view reason, std::string_view message);

// The reason of a status made by Refuse; empty for any other.
std::string RefusalReason(const absl::Status& status);

}  // namespace finalmile::catalog::domain
