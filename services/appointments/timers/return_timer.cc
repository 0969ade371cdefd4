#include "services/appointments/timers/return_timer.h"

#include <algorithm>

#include "libs/base/status.h"
#include "services/appointments/changes/host_turn.h"
#include "services/appointments/store/team_store.h"

namespace finalmile::appointments::timers {

absl::Status ReturnTimer::Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                                absl::Time now) {
  RETURN_IF_ERROR(store::LockTeam(transaction).status());
  ASSIGN_OR_RETURN(const storage::Deferred locked, store::kTimeOff.DeferLock(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<store::TimeOffRow> rows, store::kTimeOff.Records(*locked));
  // It may have been changed before it was locked.
  std::erase_if(rows, [&](const store::TimeOffRow& row) { return row.due_time > now; });
  std::sort(rows.begin(), rows.end(), [](const store::TimeOffRow& a, const store::TimeOffRow& b) {
    return std::tie(a.end_time, a.host) < std::tie(b.end_time, b.host);
  });
  std::vector<const store::TimeOffRow*> visited;
  for (store::TimeOffRow& row : rows) {
    ASSIGN_OR_RETURN(std::vector<store::HostRow> hosts, store::LockHosts(transaction, {row.host}));
    for (store::HostRow& host : hosts) {
      if (!host.host.active) continue;
      RETURN_IF_ERROR(changes::Calibrate(transaction, host, row.end_time));
      RETURN_IF_ERROR(store::kHosts.Update(transaction, {{&host}}));
    }
    row.due_time = absl::InfiniteFuture();
    visited.push_back(&row);
  }
  return visited.empty() ? absl::OkStatus() : store::kTimeOff.Update(transaction, visited);
}

}  // namespace finalmile::appointments::timers
