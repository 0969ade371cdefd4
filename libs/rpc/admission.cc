#include "libs/rpc/admission.h"

#include <algorithm>

namespace finalmile::rpc {

Admission::Admission(int least, int most, absl::Duration target_wait)
    : least_(std::min(least, most)), most_(most), target_(target_wait), limit_(most) {}

bool Admission::TryEnter() {
  std::lock_guard lock(mutex_);
  if (inside_ >= limit_) return false;
  ++inside_;
  return true;
}

void Admission::Began(absl::Duration waited, absl::Duration now) {
  std::lock_guard lock(mutex_);
  if (waited > target_) {
    if (now < next_decrease_) return;
    limit_ = std::max(least_, limit_ - std::max(1, limit_ / 10));
    next_decrease_ = now + target_;
  } else if (limit_ < most_ && waited < target_ / 2 && inside_ >= limit_ - limit_ / 10) {
    ++limit_;
  }
}

void Admission::Leave() {
  std::lock_guard lock(mutex_);
  --inside_;
}

int Admission::limit() const {
  std::lock_guard lock(mutex_);
  return limit_;
}

int Admission::inside() const {
  std::lock_guard lock(mutex_);
  return inside_;
}

}  // namespace finalmile::rpc
