#include "services/@name@/timers/expiry_timer.h"

#include "libs/base/status.h"
#include "services/@name@/changes/@noun@_batch.h"

namespace finalmile::@name@::timers {

absl::Status ExpiryTimer::Visit(storage::Transaction& transaction, const std::vector<domain::@Noun@Id>& ids,
                                absl::Time now) {
  const outbox::Cause cause = outbox::CauseOf("@name@.expiry");
  changes::@Noun@Batch rows(transaction, {clock_, rng_, now, cause});
  RETURN_IF_ERROR(rows.Lock(ids));
  for (auto& [id, entry] : rows.entries()) {
    // It may have been changed meanwhile.
    if (entry.row.content.expire_time <= now) rows.Delete(entry);
  }
  return rows.Write();
}

}  // namespace finalmile::@name@::timers
