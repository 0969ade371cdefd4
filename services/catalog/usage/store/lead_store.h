#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/domain/lead.h"

namespace finalmile::catalog::usage::store {

// The catalog keeps of leads what their events say of them, and that they were erased or merged.

// The rows of leads, by name.
using Leads = std::map<domain::LeadName, domain::Lead>;

// Inserts the rows of `leads` (sorted, unique) that are absent, locks all of them, and notes that they are
// named at `now`. Where one was merged into another, so is the other's. All rows that were locked.
absl::StatusOr<Leads> InsertAndLockLeads(storage::Transaction& transaction,
                                         const std::vector<domain::LeadName>& leads, absl::Time now);
// The name under which everything of a lead is kept: its own, or that of the lead it was merged into.
// InsertAndLockLeads gave `leads` for it.
const domain::LeadName& CurrentName(const Leads& leads, const domain::LeadName& lead);
// The same without a lock.
absl::StatusOr<domain::LeadName> CurrentName(storage::Transaction& transaction, const domain::LeadName& lead);
// Overwrites rows that are locked.
absl::Status WriteLeads(storage::Transaction& transaction, const Leads& leads);
// Locks the rows of `leads` (sorted, unique) that are there.
absl::Status LockLeads(storage::Transaction& transaction, const std::vector<domain::LeadName>& leads);
// Deletes the rows of leads that were neither erased nor merged and last named on a day before `time`, at
// most `limit`; how many. Without its row a lead is as if it had never been named: whatever names it next
// makes the row again.
absl::StatusOr<int64_t> DeleteIdleLeads(storage::Transaction& transaction, absl::Time time, int limit);
// Deletes everything that names a lead, which is locked, but for its row.
absl::Status DeleteAllOf(storage::Transaction& transaction, const domain::LeadName& lead);
// Gives everything that names the lead `from`, but for its row, to the lead `into`; both are locked. A
// message that was recorded with both is one use. Denials become those of `into` from `time` on.
absl::Status MoveAllOf(storage::Transaction& transaction, const domain::LeadName& from,
                       const domain::LeadName& into, absl::Time time);

// From `since` on a lead denies contact over a channel (finalmile.leads.v1.Channel), or does not.
struct PermissionRow {
  domain::LeadName lead;
  int64_t channel = 0;
  bool denied = false;
  absl::Time since;
};
// Says nothing new where `since` is before the lead took a denial over from one that was merged into it: a
// denial wins, whichever event comes first.
absl::Status SetPermission(storage::Transaction& transaction, const PermissionRow& permission);
// Whether the lead, by its current name, denied the channel at `time`, as far as it is known. Needs no lock.
absl::StatusOr<bool> Denied(storage::Transaction& transaction, const domain::LeadName& lead, int64_t channel,
                            absl::Time time);

}  // namespace finalmile::catalog::usage::store
