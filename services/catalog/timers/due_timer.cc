#include "services/catalog/timers/due_timer.h"

#include "libs/base/status.h"

namespace finalmile::catalog::timers {

absl::Status DueTimer::Visit(storage::Transaction& transaction, const std::vector<domain::AssetId>& ids,
                             absl::Time now) {
  changed_.clear();
  const outbox::Cause cause = outbox::CauseOf("catalog.due");
  assets::AssetBatch batch(transaction, {clock_, rng_, now, cause});
  RETURN_IF_ERROR(batch.Lock(ids));
  for (const domain::AssetId& id : ids) RETURN_IF_ERROR(batch.Visit(id));
  RETURN_IF_ERROR(batch.Write());
  changed_ = batch.changed();
  return absl::OkStatus();
}

}  // namespace finalmile::catalog::timers
