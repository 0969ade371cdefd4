#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "libs/base/clock.h"
#include "libs/base/line_budget.h"
#include "libs/base/log.h"

namespace finalmile {

// Where a library that is not ours writes, of which a process has one: to the log that a Hold names last,
// else nowhere, and at most so many lines each second. The library's threads may write until the very end, so
// that a target is never destroyed. Thread-safe.
class LogTarget {
 public:
  // While it lives, lines go to `log`, which outlives it, unless a later Hold takes them.
  class Hold {
   public:
    Hold(LogTarget& target, Log& log) : target_(target), log_(log) {
      std::lock_guard lock(target_.mutex_);
      target_.log_ = &log_;
    }
    ~Hold() {
      std::lock_guard lock(target_.mutex_);
      if (target_.log_ == &log_) target_.log_ = nullptr;
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    LogTarget& target_;
    Log& log_;
  };

  // `per_second` >= 1.
  explicit LogTarget(int per_second) : lines_(*clock_, per_second) {}

  // Calls `write` with the log and how many lines were left out before this one, unless it is left out too.
  template <class Write>
  void WriteLine(const Write& write) {
    std::lock_guard lock(mutex_);
    if (log_ == nullptr) return;
    if (const std::optional<int64_t> left_out = lines_.Take()) write(*log_, *left_out);
  }

 private:
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  LineBudget lines_;
  std::mutex mutex_;
  Log* log_ = nullptr;
};

}  // namespace finalmile
