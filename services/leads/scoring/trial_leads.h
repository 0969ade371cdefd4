#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/leads/domain/compiled_policy.h"
#include "services/leads/domain/course.h"
#include "services/leads/scoring/policies.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::leads::scoring {

// A lead as the trial of a policy reads it: its row, and its past under the policy in force and the tried
// one.
struct TrialLead {
  store::LeadState row;
  domain::Course before;
  domain::Course after;
};

// Leads that are read together.
struct TrialChunk {
  std::vector<TrialLead> leads;
  // The id of the last lead; more leads may follow it where the chunk is full.
  domain::LeadId last;
  bool full = false;
};

// The next leads in order of id, with their facts since `since`. Both policies outlive the chunk. `check` is
// asked between the pages of long histories; its error ends the reading.
absl::StatusOr<TrialChunk> ReadTrialChunk(storage::Transaction& transaction, Policies& policies,
                                          const domain::CompiledPolicy& before,
                                          const domain::CompiledPolicy& after,
                                          const domain::LeadId& after_lead, absl::Time since,
                                          const std::function<absl::Status()>& check);

}  // namespace finalmile::leads::scoring
