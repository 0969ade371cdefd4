#include "libs/outbox/due_task.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/storage/transact.h"

namespace finalmile::outbox {

absl::StatusOr<absl::Duration> DueTask::Run(storage::Leadership& leadership) {
  struct Done {
    absl::Time next;
    bool full;
  };
  ASSIGN_OR_RETURN(const Done done,
                   RunChunk(leadership, clock_, chunk_,
                            [&](storage::Transaction& transaction, int rows) -> absl::StatusOr<Done> {
                              const absl::Time now = clock_.Now();
                              ASSIGN_OR_RETURN(const absl::Time next, RunDue(transaction, now, rows));
                              return Done{next, next <= now};
                            }));
  Committed();
  return clock_.Steady() + std::clamp(done.next - clock_.Now(), absl::ZeroDuration(), kLookAgain);
}

}  // namespace finalmile::outbox
