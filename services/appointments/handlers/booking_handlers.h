#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of AppointmentService that find and take times of hosts. Thread-safe.
class BookingHandlers {
 public:
  explicit BookingHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Hold> HoldSlot(rpc::CallContext& context, const v1::HoldSlotRequest& request);
  absl::StatusOr<v1::ReleaseHoldResponse> ReleaseHold(rpc::CallContext& context,
                                                      const v1::ReleaseHoldRequest& request);
  absl::StatusOr<v1::Appointment> BookAppointment(rpc::CallContext& context,
                                                  const v1::BookAppointmentRequest& request);
  absl::StatusOr<v1::Appointment> RescheduleAppointment(rpc::CallContext& context,
                                                        const v1::RescheduleAppointmentRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
