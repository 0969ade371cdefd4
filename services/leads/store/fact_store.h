#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/leads/domain/lead.h"

namespace finalmile::leads::store {

// A version of what fit reads. Kept while it holds, and 400 days longer.
struct FactVersion {
  domain::LeadId lead;
  int64_t version = 0;
  absl::Time record_time;
  int64_t gates = 0;
  // Only what fit reads of it is stored.
  domain::Lead facts;
};
// Deferred.
absl::Status AppendFacts(storage::Transaction& transaction, const std::vector<FactVersion>& versions);
// The version that held at `time`; for an earlier time than the lead's first the first. Nullopt: the lead was
// never created.
absl::StatusOr<std::optional<FactVersion>> FactsAt(storage::Transaction& transaction,
                                                   const domain::LeadId& lead, absl::Time time);
// The versions that held at `since` or later, in order of version, at most `limit` of them.
absl::StatusOr<std::vector<FactVersion>> FactHistory(storage::Transaction& transaction,
                                                     const domain::LeadId& lead, absl::Time since, int limit);
// The same of several leads, by lead; of a lead with more than `most` of them none.
absl::StatusOr<std::map<domain::LeadId, std::vector<FactVersion>>> FactHistories(
    storage::Transaction& transaction, const std::vector<domain::LeadId>& leads, absl::Time since, int most);
// Which of `leads` have versions that held only before `time`.
absl::StatusOr<std::vector<domain::LeadId>> WithFactsBefore(storage::Transaction& transaction,
                                                            const std::vector<domain::LeadId>& leads,
                                                            absl::Time time);
// Deletes at most `limit` such versions of a lead; the number deleted.
absl::StatusOr<int64_t> DeleteFacts(storage::Transaction& transaction, const domain::LeadId& lead,
                                    absl::Time time, int limit);

}  // namespace finalmile::leads::store
