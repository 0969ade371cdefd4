#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/meeting_request_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of MeetingRequestService that read. Thread-safe.
class QueueHandlers {
 public:
  explicit QueueHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::ListMeetingRequestsResponse> ListMeetingRequests(
      rpc::CallContext& context, const v1::ListMeetingRequestsRequest& request);
  absl::StatusOr<v1::MeetingRequest> GetMeetingRequest(rpc::CallContext& context,
                                                       const v1::GetMeetingRequestRequest& request);
  absl::StatusOr<v1::BatchGetMeetingRequestsResponse> BatchGetMeetingRequests(
      rpc::CallContext& context, const v1::BatchGetMeetingRequestsRequest& request);
  absl::StatusOr<v1::ListAttemptsResponse> ListAttempts(rpc::CallContext& context,
                                                        const v1::ListAttemptsRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
