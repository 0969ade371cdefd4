#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "finalmile/catalog/v1/asset.pb.h"
#include "libs/rpc/context.h"

// Who may read what. Setters and hosts are reps: they read what domain::RepsMayRead says. Everybody else
// reads every version of every asset.
namespace finalmile::catalog::handlers {

bool ReadsAll(const rpc::CallContext& context);

// PERMISSION_DENIED / ROLE_MISSING, for `what` ("unpublished", "assets/a") that only those read who read all.
absl::Status NotForReps(std::string_view what);
// NotForReps where the caller may not read this version at `now`.
absl::Status CheckMayRead(const rpc::CallContext& context, const v1::Asset& asset, absl::Time now);

}  // namespace finalmile::catalog::handlers
