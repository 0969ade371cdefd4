#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "libs/storage/database.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::handlers {

// Leads as the wire shows them at `now`, in the order of `ids`; NOT_FOUND names the first that is absent.
absl::StatusOr<std::vector<v1::Lead>> LoadLeads(storage::Transaction& transaction,
                                                scoring::Policies& policies,
                                                const std::vector<std::string>& ids, absl::Time now);

}  // namespace finalmile::leads::handlers
