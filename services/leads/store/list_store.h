#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/storage/condition.h"
#include "libs/storage/database.h"
#include "services/leads/domain/top.h"

namespace finalmile::leads::store {

// Over leads AS l joined with profiles AS p.
using storage::Condition;

// Ids of created leads that meet `condition`, after `after` in order of id.
absl::StatusOr<std::vector<domain::LeadId>> ListLeads(storage::Transaction& transaction,
                                                      const Condition& condition, const domain::LeadId& after,
                                                      int limit);

// Leads that a person may mean by `text`, at most `limit`, in order of id: by e-mail, by external id
// ("crm=7", or "7" of any source), or by the first 4 characters or more of their id.
absl::StatusOr<std::vector<domain::LeadId>> FindLeads(storage::Transaction& transaction,
                                                      std::string_view text, int limit);

// Begins to read the next rows of a band (domain::TopSearch), which leaves out gated leads.
absl::StatusOr<storage::Deferred> DeferBand(storage::Transaction& transaction,
                                            const domain::TopSearch::Fetch& fetch,
                                            const Condition& condition);
// What DeferBand has read.
std::vector<domain::RankedLead> BandOf(const storage::Result& result);

}  // namespace finalmile::leads::store
