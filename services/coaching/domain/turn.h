#pragma once

#include <optional>
#include <string>

namespace finalmile::coaching {

enum class Role {
  kRep,
  kGuest,
  // Somebody else, or it is not known who.
  kOther,
};

// One uninterrupted stretch of one person's words. It is personal data: neither speaker nor text may reach
// logs, errors, events or metrics.
struct Turn {
  // The name in the transcript; empty: it names none.
  std::string speaker;
  Role role = Role::kOther;
  // UTF-8.
  std::string text;
  // Seconds since the call began; finite, 0 or more, and start <= end. Absent: the transcript has no times.
  std::optional<double> start;
  std::optional<double> end;

  friend bool operator==(const Turn&, const Turn&) = default;
};

}  // namespace finalmile::coaching
