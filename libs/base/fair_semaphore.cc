#include "libs/base/fair_semaphore.h"

#include <algorithm>
#include <utility>

namespace finalmile {

bool FairSemaphore::Acquire(absl::Duration deadline) {
  {
    std::lock_guard lock(mutex_);
    if (free_ > 0) {
      --free_;
      return true;
    }
  }
  auto waiter = std::make_shared<Waiter>();
  waiter->turn = clock_.NewWaitEvent();
  {
    std::lock_guard lock(mutex_);
    if (free_ > 0) {
      --free_;
      return true;
    }
    queue_.push_back(waiter);
  }
  waiter->turn->WaitUntil(deadline);
  std::lock_guard lock(mutex_);
  if (!waiter->admitted) queue_.erase(std::find(queue_.begin(), queue_.end(), waiter));
  return waiter->admitted;
}

void FairSemaphore::Release() {
  std::shared_ptr<Waiter> next;
  {
    std::lock_guard lock(mutex_);
    if (queue_.empty()) {
      ++free_;
      return;
    }
    next = std::move(queue_.front());
    queue_.pop_front();
    next->admitted = true;
  }
  next->turn->Set();
}

}  // namespace finalmile
