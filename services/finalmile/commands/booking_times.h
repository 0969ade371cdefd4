#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// The wall time `text` of --at, in the zone of --zone, else in the user's. INVALID_ARGUMENT names the flag.
absl::StatusOr<absl::Time> ReadStart(Session& session, const std::string& text, const std::string& zone_name);

// The same error, in the user's zone: where a time was refused, with what is free instead and how to take the
// first of it; where it is too early for an outcome, from when on it can be said.
absl::Status WithTimes(const absl::Status& status, const Session& session);

}  // namespace finalmile::cli
