#include "libs/base/violation.h"

#include <fmt/format.h>

#include "libs/base/text.h"

namespace finalmile {

std::string ToText(const Violation& violation) {
  return fmt::format("{}: {}", violation.field, violation.description);
}

void Violations::Length(const std::string& field, std::string_view text, size_t least, size_t most) {
  const size_t length = Characters(text);
  if (length < least) {
    Add(field, "is required");
  } else if (length > most) {
    Add(field, fmt::format("at most {} characters, not {}", most, length));
  }
}

void Violations::Count(const std::string& field, size_t count, size_t most) {
  if (count > most) Add(field, fmt::format("at most {}, not {}", most, count));
}

}  // namespace finalmile
