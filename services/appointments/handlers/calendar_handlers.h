#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of AppointmentService that make calendar files. Names and addresses come with each call and are
// kept nowhere. Thread-safe.
class CalendarHandlers {
 public:
  explicit CalendarHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::GetInviteResponse> GetInvite(rpc::CallContext& context,
                                                  const v1::GetInviteRequest& request);
  absl::StatusOr<v1::GetCalendarFeedResponse> GetCalendarFeed(rpc::CallContext& context,
                                                              const v1::GetCalendarFeedRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
