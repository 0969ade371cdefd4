#pragma once

#include <string>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "services/appointments/domain/meeting_request.h"
#include "services/appointments/store/attempt_store.h"
#include "services/appointments/store/request_store.h"

namespace finalmile::appointments::changes {

// What an event says beside what the request shows.
struct EventDetails {
  // The attempt that was made; outlives the call.
  const store::AttemptRow* attempt = nullptr;
  // A return may name it: "leads/…"; may be empty.
  std::string duplicate_of;
  std::string referred_to;
};

// Puts what a transition returned into an envelope. `row` is as the transition left it; `again`: the request
// was there before.
void FillEvent(const store::RequestRow& row, bool again, const domain::RequestEvent& event,
               const EventDetails& details, v1::AppointmentEvent& envelope);

}  // namespace finalmile::appointments::changes
