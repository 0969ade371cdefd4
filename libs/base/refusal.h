#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace finalmile {

// A rule that says no.
struct Refusal {
  enum class Kind {
    // The state does not allow it: FAILED_PRECONDITION.
    kState,
    // Somebody was faster: ABORTED.
    kFaster,
    // It belongs to somebody else: PERMISSION_DENIED.
    kOwner,
  };
  Kind kind = Kind::kState;
  // For programs, UPPER_SNAKE_CASE.
  std::string reason;
  // For people; says what to do.
  std::string message;
};

}  // namespace finalmile
