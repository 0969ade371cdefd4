#pragma once

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/context.h"
#include "libs/rpc/service.h"
#include "services/leads/handlers/dependencies.h"

namespace finalmile::leads::handlers {

// Records and lists activities, as lead_service.proto says. Thread-safe.
class ActivityHandlers {
 public:
  explicit ActivityHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<rpc::After<v1::RecordActivityResponse>> RecordActivity(
      rpc::CallContext& context, const v1::RecordActivityRequest& request);
  absl::StatusOr<rpc::After<v1::RecordActivitiesResponse>> RecordActivities(
      rpc::CallContext& context, const v1::RecordActivitiesRequest& request);
  absl::StatusOr<v1::DeletedActivity> DeleteActivity(rpc::CallContext& context,
                                                     const v1::DeleteActivityRequest& request);
  absl::StatusOr<v1::ListActivitiesResponse> ListActivities(rpc::CallContext& context,
                                                            const v1::ListActivitiesRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::leads::handlers
