#pragma once

#include <istream>

#include "absl/status/statusor.h"
#include "services/finalmile/session.h"
#include "services/finalmile/verb.h"

namespace finalmile::cli {

// Records a file of activities, one JSON object on each line. Every line is taken or rejected by itself.
absl::StatusOr<ExitCode> RecordLines(Session& session, std::istream& input);

}  // namespace finalmile::cli
