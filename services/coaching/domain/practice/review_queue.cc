#include "services/coaching/domain/practice/review_queue.h"

#include <tuple>

namespace finalmile::coaching {

bool ReviewedBefore(const WaitingPractice& a, const WaitingPractice& b) {
  return std::tie(a.next_meeting, a.submit_time, a.id) < std::tie(b.next_meeting, b.submit_time, b.id);
}

}  // namespace finalmile::coaching
