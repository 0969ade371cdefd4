#include "services/coaching/timers/example_timer.h"

namespace finalmile::coaching::timers {

absl::Status ExampleTimer::Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                                 absl::Time now) {
  return store::DeleteExpired(transaction, ids, now).status();
}

}  // namespace finalmile::coaching::timers
