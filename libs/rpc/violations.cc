#include "libs/rpc/violations.h"

#include <fmt/format.h>

#include "absl/strings/cord.h"
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

absl::Status WithViolations(absl::Status status, const std::vector<Violation>& violations,
                            std::string_view prefix) {
  ToStatus(violations, prefix).ForEachPayload([&](absl::string_view url, const absl::Cord& detail) {
    // The status says its own reason.
    if (!status.GetPayload(url)) status.SetPayload(url, detail);
  });
  return status;
}

}  // namespace finalmile::rpc
