#include "libs/outbox/due_task.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/storage/transact.h"

namespace finalmile::outbox {

absl::StatusOr<absl::Duration> DueTask::Run(storage::Leadership& leadership) {
  ASSIGN_OR_RETURN(const absl::Time next,
                   storage::Transact(
                       leadership, {.deadline = clock_.Steady() + kTurnTimeout},
                       [&](storage::Transaction& transaction) { return RunDue(transaction, clock_.Now()); }));
  Committed();
  return clock_.Steady() + std::clamp(next - clock_.Now(), absl::ZeroDuration(), kLookAgain);
}

}  // namespace finalmile::outbox
