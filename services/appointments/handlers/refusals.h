#pragma once

#include "absl/status/status.h"
#include "libs/base/refusal.h"
#include "libs/rpc/errors.h"
#include "services/appointments/handlers/appointment_proto.h"

namespace finalmile::appointments::handlers {

// What the caller is told of a rule that refused a change of a meeting.
inline absl::Status ToStatus(const Refusal& refusal, const store::AppointmentRow& row) {
  const std::string state =
      v1::Appointment::State_Name(static_cast<v1::Appointment::State>(row.appointment.state));
  if (refusal.kind == Refusal::Kind::kOwner) {
    return rpc::Error(absl::StatusCode::kPermissionDenied, refusal.reason, refusal.message,
                      {{"host", "hosts/" + row.appointment.host}, {"setter", row.appointment.setter}});
  }
  return rpc::Error(absl::StatusCode::kFailedPrecondition, refusal.reason, refusal.message,
                    {{"state", state}});
}

}  // namespace finalmile::appointments::handlers
