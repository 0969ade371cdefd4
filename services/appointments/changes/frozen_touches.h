#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/appointments/domain/touch.h"
#include "services/appointments/store/appointment_store.h"
#include "services/appointments/store/request_store.h"

namespace finalmile::appointments::changes {

// What met the lead of a meeting up to `until`: what the catalog says was used and viewed, the talk tracks of
// the attempts at its request, and the request's campaign. The cycle begins when the last meeting of an
// earlier cycle was set. `request`: the one that the meeting answers; null: none. `meetings`: all of the
// lead.
absl::StatusOr<std::vector<domain::Touch>> FrozenTouches(storage::Transaction& transaction,
                                                         const store::AppointmentRow& row,
                                                         const store::RequestRow* request,
                                                         const std::vector<store::AppointmentRow>& meetings,
                                                         absl::Time until);

}  // namespace finalmile::appointments::changes
