#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace finalmile {

// Bounds the lines that others can cause as many of as they like: so many in each second. Thread-safe.
class LineBudget {
 public:
  // `clock` must outlive it; `per_second` >= 1.
  LineBudget(const Clock& clock, int per_second) : clock_(clock), per_second_(per_second) {}

  // How many lines were left out before this one, which may be written; nullopt: leave it out too.
  std::optional<int64_t> Take() {
    const absl::Duration now = clock_.Steady();
    std::lock_guard lock(mutex_);
    if (now - second_ >= absl::Seconds(1)) {
      second_ = now;
      written_ = 0;
    }
    if (written_ == per_second_) {
      ++left_out_;
      return std::nullopt;
    }
    ++written_;
    return std::exchange(left_out_, 0);
  }

 private:
  const Clock& clock_;
  const int per_second_;
  std::mutex mutex_;
  absl::Duration second_ = -absl::InfiniteDuration();
  int written_ = 0;
  int64_t left_out_ = 0;
};

}  // namespace finalmile
