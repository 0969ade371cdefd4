#include "services/coaching/timers/rep_timer.h"

#include "libs/base/status.h"
#include "services/coaching/changes/rep_batch.h"

namespace finalmile::coaching::timers {

absl::Status RepTimer::Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                             absl::Time now) {
  const outbox::Cause cause = outbox::CauseOf("coaching.reps");
  changes::RepBatch reps(transaction, {clock_, rng_, now, cause});
  RETURN_IF_ERROR(reps.LockReps(ids));
  return reps.WriteAll();
}

}  // namespace finalmile::coaching::timers
