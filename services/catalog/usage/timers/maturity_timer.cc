#include "services/catalog/usage/timers/maturity_timer.h"

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "services/catalog/usage/credit.h"
#include "services/catalog/usage/store/credit_store.h"
#include "services/catalog/usage/store/lead_store.h"

namespace finalmile::catalog::usage::timers {

absl::StatusOr<absl::Time> MaturityTimer::RunDue(storage::Transaction& transaction, absl::Time now,
                                                 int rows) {
  const absl::Time old = now - domain::kMaturity;
  ASSIGN_OR_RETURN(const std::vector<domain::LeadName> leads, store::LeadsToCount(transaction, old, rows));
  RETURN_IF_ERROR(store::LockLeads(transaction, leads));
  CreditBook book(transaction);
  RETURN_IF_ERROR(book.Read(leads));
  book.Mature(old);
  RETURN_IF_ERROR(book.Write());
  ASSIGN_OR_RETURN(const absl::Time first, store::FirstToCount(transaction));
  return first + domain::kMaturity;
}

}  // namespace finalmile::catalog::usage::timers
