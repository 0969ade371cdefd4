#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "libs/rpc/client.h"
#include "services/finalmile/output/output.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// Writes the sample's pages below `folder`, imports and publishes them through `channel`. How many there are.
absl::StatusOr<size_t> ImportContent(rpc::Channel& channel, const std::string& folder);

// What reps have of it: a search with snippets, and an e-mail to `lead`. The same for equal leads.
absl::Status ShowContent(Session& session, rpc::Channel& channel, const leads::v1::Lead& lead,
                         Output& output);

}  // namespace finalmile::cli
