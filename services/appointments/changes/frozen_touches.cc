#include "services/appointments/changes/frozen_touches.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "services/appointments/store/attempt_store.h"
#include "services/appointments/store/touch_store.h"

namespace finalmile::appointments::changes {
namespace {

constexpr int kMostAttempts = 1000;

}  // namespace

absl::StatusOr<HistoryReading> DeferHistory(storage::Transaction& transaction, const domain::LeadName& lead) {
  ASSIGN_OR_RETURN(storage::Deferred meetings, store::DeferAppointmentsOf(transaction, lead));
  ASSIGN_OR_RETURN(storage::Deferred touches, store::DeferTouchesOf(transaction, lead));
  return HistoryReading{std::move(meetings), std::move(touches)};
}

absl::StatusOr<LeadHistory> HistoryIn(const HistoryReading& reading) {
  LeadHistory history;
  ASSIGN_OR_RETURN(history.meetings, store::kAppointments.Records(*reading.meetings));
  ASSIGN_OR_RETURN(history.touches, store::TouchesIn(*reading.touches));
  return history;
}

absl::StatusOr<LeadHistory> ReadHistory(storage::Transaction& transaction, const domain::LeadName& lead) {
  ASSIGN_OR_RETURN(const HistoryReading reading, DeferHistory(transaction, lead));
  RETURN_IF_ERROR(transaction.Settle());
  return HistoryIn(reading);
}

absl::StatusOr<std::vector<domain::Touch>> FrozenTouches(storage::Transaction& transaction,
                                                         const store::AppointmentRow& row,
                                                         const store::RequestRow* request,
                                                         LeadHistory history, absl::Time until) {
  std::vector<domain::Touch> touches = std::move(history.touches);
  if (request != nullptr) {
    ASSIGN_OR_RETURN(const std::vector<store::AttemptRow> attempts,
                     store::ListAttempts(transaction, request->id, 0, kMostAttempts));
    for (const store::AttemptRow& attempt : attempts) {
      if (!attempt.talk_track.empty())
        touches.push_back({attempt.talk_track, 0, attempt.attempt_time, "used"});
    }
    const domain::Crossing& crossing = request->request.crossing;
    if (!crossing.campaign.empty())
      touches.push_back({"campaigns/" + crossing.campaign, 0, crossing.ready_time, "used"});
  }
  absl::Time cycle_start = absl::InfinitePast();
  for (const store::AppointmentRow& meeting : history.meetings) {
    if (meeting.cycle < row.cycle) cycle_start = std::max(cycle_start, meeting.set_time);
  }
  return domain::Freeze(std::move(touches), cycle_start, row.set_time, until);
}

}  // namespace finalmile::appointments::changes
