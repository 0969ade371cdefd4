#include "libs/outbox/due_task.h"

#include <algorithm>

#include "libs/base/status.h"

namespace finalmile::outbox {

absl::StatusOr<absl::Duration> DueTask::Run(storage::Leadership& leadership) {
  absl::Time next = absl::InfiniteFuture();
  RETURN_IF_ERROR(leadership.Transact({.deadline = clock_.Steady() + leadership.heartbeat_interval()},
                                      [&](storage::Transaction& transaction) -> absl::Status {
                                        ASSIGN_OR_RETURN(next, RunDue(transaction, clock_.Now()));
                                        return absl::OkStatus();
                                      }));
  Committed();
  return clock_.Steady() + std::max(next - clock_.Now(), absl::ZeroDuration());
}

}  // namespace finalmile::outbox
