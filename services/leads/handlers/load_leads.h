#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "libs/rpc/context.h"
#include "libs/storage/database.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::handlers {

// The id in "leads/{lead}", or of the lead that it was merged into, and of `leads/-` the lead that `identity`
// says: NOT_FOUND / LEAD_NOT_FOUND, FAILED_PRECONDITION / LEAD_AMBIGUOUS for an e-mail that several leads
// have.
absl::StatusOr<domain::LeadId> LeadOf(rpc::CallContext& context, storage::Database& database,
                                      const std::string& name, const v1::LeadIdentity& identity);
// The lead, or for an external id perhaps the stub, that an identity says, inside a transaction.
absl::StatusOr<domain::LeadId> LeadBy(storage::Transaction& transaction, const v1::LeadIdentity& identity);

// Leads as the wire shows them at `now`, in the order of `ids`; in place of one that was merged the lead that
// it was merged into. NOT_FOUND names the first that is absent.
absl::StatusOr<std::vector<v1::Lead>> LoadLeads(storage::Transaction& transaction,
                                                scoring::Policies& policies,
                                                const std::vector<domain::LeadId>& ids, absl::Time now);

}  // namespace finalmile::leads::handlers
