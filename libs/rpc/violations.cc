#include "libs/rpc/violations.h"

#include <fmt/format.h>

#include "libs/rpc/errors.h"

namespace finalmile::rpc {

absl::Status ToStatus(const std::vector<Violation>& violations, std::string_view prefix) {
  FieldViolations all;
  for (const Violation& violation : violations) {
    all.Add(prefix.empty() ? violation.field : fmt::format("{}.{}", prefix, violation.field),
            violation.description);
  }
  return all.ToStatus();
}

}  // namespace finalmile::rpc
