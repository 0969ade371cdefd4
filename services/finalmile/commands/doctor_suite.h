#pragma once

#include "absl/time/time.h"
#include "libs/base/finding.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// Asks the processes at --address about themselves, each for `patience` at most: whether they serve,
// their versions, leaders, consumers, and what waits.
FindingGroup DiagnoseSuite(Session& session, absl::Duration patience);

}  // namespace finalmile::cli
