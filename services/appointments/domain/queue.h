#pragma once

#include "absl/time/time.h"
#include "services/appointments/domain/ids.h"

namespace finalmile::appointments::domain {

// The groups of the setters' queue, in its order.
enum class QueueGroup { kHandRaiseOverdue = 0, kHandRaise = 1, kOverdue = 2, kOther = 3 };

// Where a request is in the queue. Places are compared by their members in this order, the lowest first.
struct Place {
  QueueGroup group = QueueGroup::kOther;
  // 0 in the first three groups; in the others minus the probability where every one of them has one, else
  // minus the score.
  double rank = 0;
  absl::Time deadline;
  RequestId id;
};

}  // namespace finalmile::appointments::domain
