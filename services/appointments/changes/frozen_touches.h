#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/appointments/domain/touch.h"
#include "services/appointments/store/appointment_store.h"
#include "services/appointments/store/request_store.h"

namespace finalmile::appointments::changes {

// The meetings of a lead, and what met it.
struct LeadHistory {
  // They are in order of set_time.
  std::vector<store::AppointmentRow> meetings;
  // The catalog says that these were used or viewed; they are in any order.
  std::vector<domain::Touch> touches;
};

// DeferHistory returns it, and HistoryIn reads it once the transaction has settled.
struct HistoryReading {
  storage::Deferred meetings;
  storage::Deferred touches;
};
absl::StatusOr<HistoryReading> DeferHistory(storage::Transaction& transaction, const domain::LeadName& lead);
absl::StatusOr<LeadHistory> HistoryIn(const HistoryReading& reading);
// It does both at once.
absl::StatusOr<LeadHistory> ReadHistory(storage::Transaction& transaction, const domain::LeadName& lead);

// What met the lead of a meeting up to `until`: the touches of its history, the talk tracks of the attempts
// at its request, and the request's campaign. The cycle begins when the last meeting of an earlier cycle was
// set. `request`: the one that the meeting answers; null: none.
absl::StatusOr<std::vector<domain::Touch>> FrozenTouches(storage::Transaction& transaction,
                                                         const store::AppointmentRow& row,
                                                         const store::RequestRow* request,
                                                         LeadHistory history, absl::Time until);

}  // namespace finalmile::appointments::changes
