#pragma once

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/scoring_service.pb.h"
#include "libs/rpc/context.h"
#include "services/leads/handlers/dependencies.h"

namespace finalmile::leads::handlers {

// The methods of ScoringService, as scoring_service.proto says. Thread-safe.
class PolicyHandlers {
 public:
  explicit PolicyHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Policy> GetPolicy(rpc::CallContext& context, const v1::GetPolicyRequest& request);
  absl::StatusOr<v1::PublishPolicyResponse> PublishPolicy(rpc::CallContext& context,
                                                          const v1::PublishPolicyRequest& request);
  absl::StatusOr<v1::Rescoring> GetRescoring(rpc::CallContext& context,
                                             const v1::GetRescoringRequest& request);
  absl::StatusOr<v1::ListPoliciesResponse> ListPolicies(rpc::CallContext& context,
                                                        const v1::ListPoliciesRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::leads::handlers
