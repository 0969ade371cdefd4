#include "services/appointments/timers/request_timer.h"

#include "libs/base/status.h"
#include "services/appointments/changes/request_batch.h"

namespace finalmile::appointments::timers {

absl::Status RequestTimer::Visit(storage::Transaction& transaction, const std::vector<domain::RequestId>& ids,
                                 absl::Time now) {
  const outbox::Cause cause = outbox::CauseOf("appointments.requests");
  changes::RequestBatch requests(transaction, {clock_, rng_, now, cause});
  RETURN_IF_ERROR(requests.LockWithLeads(ids));
  std::vector<domain::RequestId> ended;
  for (auto& [id, entry] : requests.entries()) {
    // It may have been changed before it was locked.
    if (entry.row.due_time > now) continue;
    if (domain::IsActive(entry.row.request)) {
      requests.Tell(entry, domain::Visit(entry.row.request, requests.hours(), now));
    } else {
      ended.push_back(id);
    }
  }
  RETURN_IF_ERROR(requests.WriteAll());
  return ended.empty() ? absl::OkStatus() : store::DeleteRequests(transaction, ended);
}

}  // namespace finalmile::appointments::timers
