#pragma once

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/storage/database.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::scoring {

// Takes back what an import did to at most `limit` of its identities, in one transaction.
absl::StatusOr<v1::UndoImportResponse> UndoImport(storage::Transaction& transaction, Policies& policies,
                                                  const outbox::EventContext& context, int64_t number,
                                                  int limit);

}  // namespace finalmile::leads::scoring
