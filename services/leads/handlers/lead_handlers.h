#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/events/event_log.h"
#include "libs/rpc/context.h"
#include "libs/rpc/service.h"
#include "libs/rpc/violations.h"
#include "libs/storage/database.h"
#include "services/leads/scoring/late_activities.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::handlers {

// What the handlers of this service work on; everything outlives them.
struct Dependencies {
  Clock& clock;
  Rng& rng;
  storage::Database& database;
  events::EventLog& events;
  scoring::Policies& policies;
  scoring::LateActivities late;
};

// The methods of LeadService, as lead_service.proto says. Thread-safe.
class LeadHandlers {
 public:
  explicit LeadHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Lead> CreateLead(rpc::CallContext& context, const v1::CreateLeadRequest& request);
  absl::StatusOr<v1::Lead> GetLead(rpc::CallContext& context, const v1::GetLeadRequest& request);
  absl::StatusOr<v1::BatchGetLeadsResponse> BatchGetLeads(rpc::CallContext& context,
                                                          const v1::BatchGetLeadsRequest& request);
  absl::StatusOr<v1::Lead> UpdateLead(rpc::CallContext& context, const v1::UpdateLeadRequest& request);

  absl::StatusOr<v1::ListLeadsResponse> ListLeads(rpc::CallContext& context,
                                                  const v1::ListLeadsRequest& request);
  absl::StatusOr<v1::ListTopLeadsResponse> ListTopLeads(rpc::CallContext& context,
                                                        const v1::ListTopLeadsRequest& request);

  absl::StatusOr<rpc::After<v1::RecordActivityResponse>> RecordActivity(
      rpc::CallContext& context, const v1::RecordActivityRequest& request);
  absl::StatusOr<rpc::After<v1::RecordActivitiesResponse>> RecordActivities(
      rpc::CallContext& context, const v1::RecordActivitiesRequest& request);
  absl::StatusOr<v1::ListActivitiesResponse> ListActivities(rpc::CallContext& context,
                                                            const v1::ListActivitiesRequest& request);

  absl::StatusOr<v1::ExplainScoreResponse> ExplainScore(rpc::CallContext& context,
                                                        const v1::ExplainScoreRequest& request);
  absl::StatusOr<v1::ListScoreChangesResponse> ListScoreChanges(rpc::CallContext& context,
                                                                const v1::ListScoreChangesRequest& request);
  absl::StatusOr<v1::SimulateScoreResponse> SimulateScore(rpc::CallContext& context,
                                                          const v1::SimulateScoreRequest& request);

 private:
  // Leads as the wire shows them, in the order of `ids`; NOT_FOUND names the first that is absent.
  absl::StatusOr<std::vector<v1::Lead>> Load(storage::Transaction& transaction,
                                             const std::vector<std::string>& ids, absl::Time now);

  const Dependencies d_;
};

// LeadService with its handlers and the import's sessions.
std::unique_ptr<rpc::Service> NewLeadService(Dependencies dependencies);
// ScoringService.
std::unique_ptr<rpc::Service> NewScoringService(Dependencies dependencies);

// The id in "leads/{lead}"; INVALID_ARGUMENT naming `field`.
absl::StatusOr<std::string> LeadId(const std::string& name, std::string_view field);
using outbox::CauseOf;
using rpc::ToStatus;

}  // namespace finalmile::leads::handlers
