#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/rpc/context.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"

namespace finalmile::coaching::handlers {

// Whether the caller sees what belongs to other reps: a coach, a manager, an admin.
inline bool SeesOthers(const rpc::CallContext& context) {
  return context.HasRole(finalmile::v1::ROLE_COACH) || context.HasRole(finalmile::v1::ROLE_MANAGER) ||
         context.HasRole(finalmile::v1::ROLE_ADMIN);
}

// The rep that a request asks about; `name` is empty for the caller. PERMISSION_DENIED / NOT_YOURS.
inline absl::StatusOr<std::string> RepAskedFor(const rpc::CallContext& context, std::string_view name) {
  const std::string& caller = context.principal().name();
  if (name.empty()) return caller;
  std::string rep = rpc::IdIn(name);
  if (rep == caller || SeesOthers(context)) return rep;
  return rpc::Error(absl::StatusCode::kPermissionDenied, "NOT_YOURS",
                    "this is another rep's; coaches and managers see it");
}

}  // namespace finalmile::coaching::handlers
