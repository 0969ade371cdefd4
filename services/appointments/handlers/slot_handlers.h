#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The method of AppointmentService about the times that can be booked. Thread-safe.
class SlotHandlers {
 public:
  explicit SlotHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::FindSlotsResponse> FindSlots(rpc::CallContext& context,
                                                  const v1::FindSlotsRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
