#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// The wall time `text` of --at, in the zone of --zone, else in the user's. INVALID_ARGUMENT names the flag.
absl::StatusOr<absl::Time> ReadStart(Session& session, const std::string& text, const std::string& zone_name);

// Where a time was refused: the same error, with what is free instead, and how to take the first of it.
absl::Status WithFreeTimes(const absl::Status& status, const Session& session);

}  // namespace finalmile::cli
