#include "libs/base/clock.h"

#include <ctime>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace finalmile {
namespace {

absl::Duration Read(clockid_t id) {
  timespec value{};
  clock_gettime(id, &value);
  return absl::DurationFromTimespec(value);
}

class SystemEvent final : public WaitEvent {
 public:
  explicit SystemEvent(const Clock& clock) : clock_(clock) {}

  void Set() override {
    {
      std::lock_guard lock(mutex_);
      set_ = true;
    }
    changed_.notify_all();
  }

  void Clear() override {
    std::lock_guard lock(mutex_);
    set_ = false;
  }

  bool WaitUntil(absl::Duration deadline) override {
    std::unique_lock lock(mutex_);
    while (!set_) {
      if (deadline == absl::InfiniteDuration()) {
        changed_.wait(lock);
        continue;
      }
      const absl::Duration left = deadline - clock_.Steady();
      if (left <= absl::ZeroDuration()) break;
      // The condition variable's own clock stops while the machine is suspended; a bounded wait looks again.
      changed_.wait_for(lock, absl::ToChronoMicroseconds(std::min(left, absl::Minutes(1))));
    }
    return set_;
  }

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch() + Read(CLOCK_REALTIME); }
  absl::Duration Steady() const override { return Read(CLOCK_BOOTTIME); }
  std::unique_ptr<WaitEvent> NewWaitEvent() override { return std::make_unique<SystemEvent>(*this); }
};

}  // namespace

std::unique_ptr<Clock> NewSystemClock() { return std::make_unique<SystemClock>(); }

int64_t ToMicros(absl::Time time) { return absl::ToUnixMicros(time); }
absl::Time FromMicros(int64_t micros) { return absl::FromUnixMicros(micros); }

}  // namespace finalmile
