#include "libs/cache/breaker.h"

#include <algorithm>

namespace finalmile::cache {

bool Breaker::Allow(absl::Duration now) {
  std::lock_guard lock(mutex_);
  if (state_ == State::kClosed) return true;
  if (now < probe_at_) return false;
  // A probe that never reports is replaced after another pause.
  state_ = State::kHalfOpen;
  probe_at_ = now + pause_;
  return true;
}

void Breaker::Report(bool ok, absl::Duration now) {
  std::lock_guard lock(mutex_);
  if (ok) {
    state_ = State::kClosed;
    failures_ = 0;
    pause_ = first_pause_;
    return;
  }
  ++failures_;
  if (state_ == State::kHalfOpen) {
    pause_ = std::min(pause_ * 2, last_pause_);
  } else if (state_ == State::kOpen || failures_ < most_failures_) {
    // Calls that began before it opened tell nothing new.
    return;
  }
  state_ = State::kOpen;
  probe_at_ = now + pause_;
}

Breaker::State Breaker::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

absl::Duration Breaker::probe_at() const {
  std::lock_guard lock(mutex_);
  return probe_at_;
}

}  // namespace finalmile::cache
