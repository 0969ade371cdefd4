#include "services/finalmile/demo/play_clock.h"

#include <algorithm>

namespace finalmile::cli {
namespace {

// Whoever waits looks again after so long.
constexpr absl::Duration kLongest = absl::Minutes(1);
constexpr absl::Duration kLook = absl::Milliseconds(1);

}  // namespace

// Guarded by the clock's mutex: from the moment it is set, a thread that waits for it counts as busy.
class PlayClock::PlayEvent final : public WaitEvent {
 public:
  explicit PlayEvent(PlayClock& clock) : clock_(clock) {}

  void Set() override {
    std::lock_guard lock(clock_.mutex_);
    set_ = true;
    clock_.changed_.notify_all();
  }
  void Clear() override {
    std::lock_guard lock(clock_.mutex_);
    set_ = false;
  }
  bool WaitUntil(absl::Duration deadline) override {
    std::unique_lock lock(clock_.mutex_);
    const auto wait = clock_.waits_.insert(clock_.waits_.end(), {this, deadline});
    clock_.most_idle_ = std::max(clock_.most_idle_, clock_.IdleLocked());
    while (!set_) {
      const absl::Duration left = deadline - clock_.SteadyLocked();
      if (left <= absl::ZeroDuration()) break;
      clock_.changed_.wait_for(lock, absl::ToChronoNanoseconds(std::min(left, kLongest)));
    }
    clock_.waits_.erase(wait);
    return set_;
  }

  bool set() const { return set_; }

 private:
  PlayClock& clock_;
  bool set_ = false;
};

absl::Time PlayClock::Now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

absl::Duration PlayClock::Steady() const {
  std::lock_guard lock(mutex_);
  return SteadyLocked();
}

std::unique_ptr<WaitEvent> PlayClock::NewWaitEvent() { return std::make_unique<PlayEvent>(*this); }

void PlayClock::JumpTo(absl::Time now) {
  std::lock_guard lock(mutex_);
  skipped_ += now - now_;
  now_ = now;
  changed_.notify_all();
}

size_t PlayClock::IdleLocked() const {
  const absl::Duration steady = SteadyLocked();
  return static_cast<size_t>(std::count_if(waits_.begin(), waits_.end(), [steady](const Wait& wait) {
    return !wait.event->set() && wait.deadline > steady;
  }));
}

size_t PlayClock::Idle() const {
  std::lock_guard lock(mutex_);
  return IdleLocked();
}

bool PlayClock::WaitUntilIdle(absl::Duration limit) {
  const absl::Duration deadline = system_.Steady() + limit;
  std::unique_lock lock(mutex_);
  while (IdleLocked() < most_idle_) {
    if (system_.Steady() >= deadline) return false;
    changed_.wait_for(lock, absl::ToChronoNanoseconds(kLook));
  }
  return true;
}

}  // namespace finalmile::cli
