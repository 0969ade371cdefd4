#include "services/catalog/timers/due_timer.h"

#include <algorithm>

#include "libs/base/status.h"

namespace finalmile::catalog::timers {
namespace {

constexpr int kChunk = 200;

}  // namespace

absl::StatusOr<absl::Duration> DueTimer::Run(storage::Leadership& leadership) {
  absl::Time next = absl::InfiniteFuture();
  std::vector<publishing::Changed> changed;
  outbox::Cause cause;
  cause.principal.set_name("catalog.due");
  RETURN_IF_ERROR(leadership.Transact(
      {.deadline = clock_.Steady() + leadership.heartbeat_interval()},
      [&](storage::Transaction& transaction) -> absl::Status {
        const absl::Time now = clock_.Now();
        ASSIGN_OR_RETURN(const std::vector<std::string> due, store::DueAssets(transaction, now, kChunk));
        if (!due.empty()) {
          publishing::AssetBatch batch(transaction, {clock_, rng_, now, cause});
          RETURN_IF_ERROR(batch.Lock(due));
          for (const std::string& id : due) RETURN_IF_ERROR(batch.Visit(id));
          RETURN_IF_ERROR(batch.Write());
          changed = batch.changed();
        }
        ASSIGN_OR_RETURN(next, store::NextDueTime(transaction));
        return absl::OkStatus();
      }));
  hot_.Wrote(changed);
  if (next == absl::InfiniteFuture()) return absl::InfiniteDuration();
  return clock_.Steady() + std::max(next - clock_.Now(), absl::ZeroDuration());
}

}  // namespace finalmile::catalog::timers
