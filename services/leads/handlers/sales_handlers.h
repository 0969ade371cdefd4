#pragma once

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/context.h"
#include "services/leads/handlers/dependencies.h"

namespace finalmile::leads::handlers {

// The methods of LeadService about what sales does with leads, and whom it may reach. Thread-safe.
class SalesHandlers {
 public:
  explicit SalesHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Lead> SetPermission(rpc::CallContext& context, const v1::SetPermissionRequest& request);
  absl::StatusOr<v1::EraseLeadResponse> EraseLead(rpc::CallContext& context,
                                                  const v1::EraseLeadRequest& request);
  absl::StatusOr<v1::Lead> MergeLeads(rpc::CallContext& context, const v1::MergeLeadsRequest& request);
  absl::StatusOr<v1::Lead> RecordOpportunity(rpc::CallContext& context,
                                             const v1::RecordOpportunityRequest& request);
  absl::StatusOr<v1::ListCrossingsResponse> ListCrossings(rpc::CallContext& context,
                                                          const v1::ListCrossingsRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::leads::handlers
