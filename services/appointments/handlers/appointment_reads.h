#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of AppointmentService that read meetings. Thread-safe.
class AppointmentReads {
 public:
  explicit AppointmentReads(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Appointment> GetAppointment(rpc::CallContext& context,
                                                 const v1::GetAppointmentRequest& request);
  absl::StatusOr<v1::ListAppointmentsResponse> ListAppointments(rpc::CallContext& context,
                                                                const v1::ListAppointmentsRequest& request);
  absl::StatusOr<v1::ListAppointmentHistoryResponse> ListAppointmentHistory(
      rpc::CallContext& context, const v1::ListAppointmentHistoryRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
