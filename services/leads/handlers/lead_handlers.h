#pragma once

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/context.h"
#include "services/leads/handlers/dependencies.h"

namespace finalmile::leads::handlers {

// Creates, reads and updates leads, as lead_service.proto says. Thread-safe.
class LeadHandlers {
 public:
  explicit LeadHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Lead> CreateLead(rpc::CallContext& context, const v1::CreateLeadRequest& request);
  absl::StatusOr<v1::Lead> GetLead(rpc::CallContext& context, const v1::GetLeadRequest& request);
  absl::StatusOr<v1::BatchGetLeadsResponse> BatchGetLeads(rpc::CallContext& context,
                                                          const v1::BatchGetLeadsRequest& request);
  absl::StatusOr<v1::Lead> UpdateLead(rpc::CallContext& context, const v1::UpdateLeadRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::leads::handlers
