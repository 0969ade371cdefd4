#pragma once

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/context.h"
#include "services/leads/handlers/dependencies.h"

namespace finalmile::leads::handlers {

// The lists of leads, as lead_service.proto says. Thread-safe.
class ListHandlers {
 public:
  explicit ListHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::ListLeadsResponse> ListLeads(rpc::CallContext& context,
                                                  const v1::ListLeadsRequest& request);
  absl::StatusOr<v1::FindLeadsResponse> FindLeads(rpc::CallContext& context,
                                                  const v1::FindLeadsRequest& request);
  absl::StatusOr<v1::ListTopLeadsResponse> ListTopLeads(rpc::CallContext& context,
                                                        const v1::ListTopLeadsRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::leads::handlers
