#pragma once

#include "finalmile/appointments/v1/appointment.pb.h"
#include "services/appointments/store/appointment_store.h"
#include "services/appointments/store/claim_store.h"

namespace finalmile::appointments::handlers {

// As callers see them.
v1::Appointment ToProto(const store::AppointmentRow& row);
v1::AppointmentChange ToProto(const store::ChangeRow& row);
v1::Hold ToProto(const store::ClaimRow& hold);

}  // namespace finalmile::appointments::handlers
