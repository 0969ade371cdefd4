#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "finalmile/leads/v1/scoring_service.pb.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// Writes for people what a dry run found; `capacity` as it was asked for, 0: it was not. Asks for the names
// of the leads that it lists.
absl::Status ShowTrial(Session& session, const leads::v1::PublishPolicyResponse& response, int64_t capacity);

}  // namespace finalmile::cli
