#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "libs/rpc/client.h"
#include "services/finalmile/output/output.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// Writes the sample's pages below `folder`, imports and publishes them through `channel`, and shows what reps
// then have: a search with snippets, and an e-mail to `lead`. `rest` returns when the suite has done what
// followed from the import. Shows the same for equal leads.
absl::Status PlayContent(Session& session, rpc::Channel& channel, const std::string& folder,
                         const leads::v1::Lead& lead, const std::function<absl::Status()>& rest,
                         Output& output);

}  // namespace finalmile::cli
