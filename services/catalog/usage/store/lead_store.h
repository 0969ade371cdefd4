#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"

namespace finalmile::catalog::usage::store {

// The catalog keeps of leads, which are named "leads/{lead}", what they permit and that they were erased.

// Inserts the rows of `leads` (sorted, unique) that are absent, locks all of them, and notes that they are
// named at `now`. Whether each was erased.
absl::StatusOr<std::map<std::string, bool>> InsertAndLockLeads(storage::Transaction& transaction,
                                                               const std::vector<std::string>& leads,
                                                               absl::Time now);
// Locks the rows of `leads` (sorted, unique) that are there.
absl::Status LockLeads(storage::Transaction& transaction, const std::vector<std::string>& leads);
// Deletes the rows of leads that were not erased and last named on a day before `time`, at most `limit`; how
// many. Without its row a lead is as if it had never been named: whatever names it next makes the row again.
absl::StatusOr<int64_t> DeleteIdleLeads(storage::Transaction& transaction, absl::Time time, int limit);
// Deletes everything that names these leads, which are locked, and marks them as erased.
absl::Status EraseLeads(storage::Transaction& transaction, const std::vector<std::string>& leads);

// A lead passes through sales in cycles, which count from 0. A new one begins when it becomes sales-ready
// after the one before has ended; becoming sales-ready again meanwhile changes nothing, nor does ending
// twice. The leads have rows.
absl::Status BeginCycle(storage::Transaction& transaction, const std::string& lead);
absl::Status EndCycle(storage::Transaction& transaction, const std::string& lead);
absl::StatusOr<int64_t> LeadCycle(storage::Transaction& transaction, const std::string& lead);

// From `since` on a lead permits contact over a channel (finalmile.leads.v1.Channel), or does not; absent: it
// is not known.
struct PermissionRow {
  std::string lead;
  int64_t channel = 0;
  std::optional<bool> allowed;
  absl::Time since;
};
absl::Status SetPermission(storage::Transaction& transaction, const PermissionRow& permission);
// The permission that held at `time`.
absl::StatusOr<std::optional<bool>> Permitted(storage::Transaction& transaction, const std::string& lead,
                                              int64_t channel, absl::Time time);

}  // namespace finalmile::catalog::usage::store
