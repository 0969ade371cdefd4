#include "services/catalog/handlers/read_access.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/rpc/errors.h"
#include "services/catalog/assets/reps_may_read.h"

namespace finalmile::catalog::handlers {

bool ReadsAll(const rpc::CallContext& context) {
  constexpr finalmile::v1::Role kAll[] = {finalmile::v1::ROLE_ADMIN, finalmile::v1::ROLE_MARKETER,
                                          finalmile::v1::ROLE_COACH, finalmile::v1::ROLE_MANAGER,
                                          finalmile::v1::ROLE_INTEGRATION};
  return std::any_of(std::begin(kAll), std::end(kAll),
                     [&](finalmile::v1::Role role) { return context.HasRole(role); });
}

absl::Status NotForReps(std::string_view what) {
  return rpc::Error(absl::StatusCode::kPermissionDenied, "ROLE_MISSING",
                    fmt::format("{}: only marketers, coaches, managers, integrations and admins read what is "
                                "not published",
                                what),
                    {{"roles", "admin, marketer, coach, manager, integration"}});
}

absl::Status CheckMayRead(const rpc::CallContext& context, const v1::Asset& asset, absl::Time now) {
  if (ReadsAll(context) || assets::RepsMayRead(asset, now)) return absl::OkStatus();
  return NotForReps(asset.name());
}

}  // namespace finalmile::catalog::handlers
