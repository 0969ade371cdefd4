#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/leads/domain/activity.h"

namespace finalmile::leads::store {

// The audit line of an activity that was deleted.
struct Deletion {
  // Without seconds and properties.
  domain::Activity activity;
  absl::Time delete_time;
  std::string caller;
  std::string reason;
};

// Deletes an activity of a locked lead: a mark stays in its place, so that a repeat of it is known. Deferred.
absl::Status DeleteActivity(storage::Transaction& transaction, const Deletion& deletion);
// The newest `limit` of a lead.
absl::StatusOr<std::vector<Deletion>> DeletionsOf(storage::Transaction& transaction,
                                                  const domain::LeadId& lead, int limit);
// Forgets at most `limit` deletions of activities that happened before `time`, and returns how many.
absl::StatusOr<int64_t> ForgetDeletions(storage::Transaction& transaction, absl::Time time, int limit);

}  // namespace finalmile::leads::store
