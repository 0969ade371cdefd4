#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/meeting_request_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/changes/request_batch.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of MeetingRequestService that change requests. Thread-safe.
class RequestHandlers {
 public:
  explicit RequestHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::MeetingRequest> ClaimMeetingRequest(rpc::CallContext& context,
                                                         const v1::ClaimMeetingRequestRequest& request);
  absl::StatusOr<v1::LogAttemptResponse> LogAttempt(rpc::CallContext& context,
                                                    const v1::LogAttemptRequest& request);
  absl::StatusOr<v1::MeetingRequest> SnoozeMeetingRequest(rpc::CallContext& context,
                                                          const v1::SnoozeMeetingRequestRequest& request);
  absl::StatusOr<v1::MeetingRequest> ReturnMeetingRequest(rpc::CallContext& context,
                                                          const v1::ReturnMeetingRequestRequest& request);
  absl::StatusOr<v1::ReassignMeetingRequestsResponse> ReassignMeetingRequests(
      rpc::CallContext& context, const v1::ReassignMeetingRequestsRequest& request);

 private:
  using Batch = changes::RequestBatch;

  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
