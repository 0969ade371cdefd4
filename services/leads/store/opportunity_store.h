#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/leads/domain/lead.h"

namespace finalmile::leads::store {

// The number of its state is that of the contract.
struct OpportunityRow {
  domain::LeadId lead;
  std::string id;
  int64_t state = 0;
  std::optional<double> amount;
  std::string currency;
  absl::Time update_time = absl::UnixEpoch();
};

extern const storage::Table<OpportunityRow> kOpportunities;

// The opportunities of these leads, by lead, the newest first; in halves, as DeferProfiles.
absl::StatusOr<storage::Deferred> DeferOpportunities(storage::Transaction& transaction,
                                                     const std::vector<domain::LeadId>& leads);
absl::StatusOr<std::map<domain::LeadId, std::vector<OpportunityRow>>> OpportunitiesOf(
    const storage::Result& read);

}  // namespace finalmile::leads::store
