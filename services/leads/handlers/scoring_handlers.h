#pragma once

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/scoring_service.pb.h"
#include "services/leads/handlers/lead_handlers.h"

namespace finalmile::leads::handlers {

// The methods of ScoringService, as scoring_service.proto says. Thread-safe.
class ScoringHandlers {
 public:
  explicit ScoringHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Policy> GetPolicy(rpc::CallContext& context, const v1::GetPolicyRequest& request);
  absl::StatusOr<v1::PublishPolicyResponse> PublishPolicy(rpc::CallContext& context,
                                                          const v1::PublishPolicyRequest& request);
  absl::StatusOr<v1::ListPoliciesResponse> ListPolicies(rpc::CallContext& context,
                                                        const v1::ListPoliciesRequest& request);

 private:
  absl::StatusOr<v1::PolicyTrial> Try(rpc::CallContext& context, const v1::PublishPolicyRequest& request);

  const Dependencies d_;
};

// Puts `policy` in force where none ever was; otherwise does nothing. Safe to call from several processes.
absl::Status EnsurePolicy(Dependencies dependencies, const v1::Policy& policy, absl::Duration deadline);

}  // namespace finalmile::leads::handlers
