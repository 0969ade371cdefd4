#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/context.h"
#include "libs/storage/database.h"
#include "services/leads/domain/readiness.h"
#include "services/leads/handlers/dependencies.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::leads::handlers {

// Explains scores, as lead_service.proto says. Thread-safe.
class ScoreHandlers {
 public:
  explicit ScoreHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::ExplainScoreResponse> ExplainScore(rpc::CallContext& context,
                                                        const v1::ExplainScoreRequest& request);
  absl::StatusOr<v1::ListScoreChangesResponse> ListScoreChanges(rpc::CallContext& context,
                                                                const v1::ListScoreChangesRequest& request);
  absl::StatusOr<v1::SimulateScoreResponse> SimulateScore(rpc::CallContext& context,
                                                          const v1::SimulateScoreRequest& request);

 private:
  // A lead as it was at `time`; nullopt: its history is too long to be played again.
  absl::StatusOr<std::optional<store::LeadState>> StateAt(rpc::CallContext& context,
                                                          storage::Transaction& transaction,
                                                          const domain::LeadId& id, absl::Time time);

  const Dependencies d_;
};

}  // namespace finalmile::leads::handlers
