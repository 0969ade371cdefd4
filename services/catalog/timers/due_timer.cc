#include "services/catalog/timers/due_timer.h"

#include "libs/base/status.h"

namespace finalmile::catalog::timers {

absl::StatusOr<absl::Time> DueTimer::RunDue(storage::Transaction& transaction, absl::Time now, int rows) {
  changed_.clear();
  ASSIGN_OR_RETURN(const std::vector<std::string> due, store::DueAssets(transaction, now, rows));
  if (!due.empty()) {
    const outbox::Cause cause = outbox::CauseOf("catalog.due");
    assets::AssetBatch batch(transaction, {clock_, rng_, now, cause});
    RETURN_IF_ERROR(batch.Lock(due));
    for (const std::string& id : due) RETURN_IF_ERROR(batch.Visit(id));
    RETURN_IF_ERROR(batch.Write());
    changed_ = batch.changed();
  }
  return store::NextDueTime(transaction);
}

}  // namespace finalmile::catalog::timers
