#include "libs/testing/manual_clock.h"

namespace finalmile::testing {

class ManualClock::ManualEvent final : public WaitEvent {
 public:
  explicit ManualEvent(ManualClock& clock) : clock_(clock) {}

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
    clock_.changed_.wait(lock, [&] { return set_ || clock_.steady_ >= deadline; });
    return set_;
  }

 private:
  ManualClock& clock_;
  bool set_ = false;
};

absl::Time ManualClock::Now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

absl::Duration ManualClock::Steady() const {
  std::lock_guard lock(mutex_);
  return steady_;
}

std::unique_ptr<WaitEvent> ManualClock::NewWaitEvent() { return std::make_unique<ManualEvent>(*this); }

void ManualClock::Advance(absl::Duration by) {
  std::lock_guard lock(mutex_);
  now_ += by;
  steady_ += by;
  changed_.notify_all();
}

void ManualClock::SetNow(absl::Time now) {
  std::lock_guard lock(mutex_);
  now_ = now;
}

}  // namespace finalmile::testing
