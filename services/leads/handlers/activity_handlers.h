#pragma once

#include <optional>

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
  // The same on the network's thread: nullopt where a lead has to be looked up or the log would block.
  std::optional<absl::StatusOr<rpc::After<v1::RecordActivityResponse>>> RecordActivityInline(
      rpc::CallContext& context, const v1::RecordActivityRequest& request);
  absl::StatusOr<rpc::After<v1::RecordActivitiesResponse>> RecordActivities(
      rpc::CallContext& context, const v1::RecordActivitiesRequest& request);
  absl::StatusOr<v1::DeletedActivity> DeleteActivity(rpc::CallContext& context,
                                                     const v1::DeleteActivityRequest& request);
  absl::StatusOr<v1::ListActivitiesResponse> ListActivities(rpc::CallContext& context,
                                                            const v1::ListActivitiesRequest& request);

 private:
  // Checks `activity`, which `request` brought, and returns the message that records it.
  absl::StatusOr<events::Message> ToRecord(const rpc::CallContext& context,
                                           const v1::RecordActivityRequest& request, v1::Activity activity,
                                           v1::RecordActivityResponse& response) const;

  const Dependencies d_;
};

}  // namespace finalmile::leads::handlers
