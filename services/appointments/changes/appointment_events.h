#pragma once

#include <string>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "services/appointments/domain/appointment.h"
#include "services/appointments/store/appointment_store.h"

namespace finalmile::appointments::changes {

// Puts what a transition returned into an envelope. `row` is as the transition left it.
void FillEvent(const store::AppointmentRow& row, const domain::AppointmentEvent& event,
               v1::AppointmentEvent& envelope);

// What the history calls it, and what it says beside: "rescheduled"; "accepted to 2".
struct ChangeText {
  std::string kind;
  std::string detail;
};
ChangeText TextOf(const store::AppointmentRow& row, const domain::AppointmentEvent& event);

}  // namespace finalmile::appointments::changes
