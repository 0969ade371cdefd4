#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/leads/domain/lead.h"
#include "services/leads/scoring/lead_batch.h"

namespace finalmile::leads::scoring {

// The profiles of leads with their external ids, by id, in one round trip. Gates are not among them.
absl::StatusOr<std::map<domain::LeadId, domain::Lead>> ProfilesWithIds(
    storage::Transaction& transaction, const std::vector<domain::LeadId>& ids);

// All that callers and imports set of locked leads of `batch`, by id; those that are not created are left
// out.
absl::StatusOr<std::map<domain::LeadId, domain::Lead>> WholeProfiles(storage::Transaction& transaction,
                                                                     const LeadBatch& batch,
                                                                     const std::vector<domain::LeadId>& ids);

}  // namespace finalmile::leads::scoring
