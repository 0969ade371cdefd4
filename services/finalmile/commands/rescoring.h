#pragma once

#include "absl/status/statusor.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// After a policy was published: where the suite lives only as long as this command, waits with progress until
// every lead is scored under it, and returns true. Elsewhere it returns false at once; so it does, with a
// note, where nothing has moved for a minute: the next command goes on.
absl::StatusOr<bool> FinishRescoring(Session& session);

}  // namespace finalmile::cli
