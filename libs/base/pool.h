#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/fair_semaphore.h"

namespace finalmile {

// The connections of a pool: lent out, open and not lent out, and the most there may be.
struct PoolUse {
  int in_use = 0;
  int idle = 0;
  int most = 0;
};

// At most `size` connections of type T, opened when first needed and lent out in order of arrival.
// T::Usable(), asked when a connection is lent and when it comes back, tells whether to keep it. Thread-safe;
// outlives its leases.
template <typename T>
class Pool {
 public:
  using Opener = std::function<absl::StatusOr<std::unique_ptr<T>>(absl::Duration deadline)>;

  // A borrowed connection, given back by the destructor.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<T> connection) : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept = default;
    ~Lease() {
      if (connection_ != nullptr) pool_->Return(std::move(connection_));
    }
    T& operator*() const { return *connection_; }
    T* operator->() const { return connection_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<T> connection_;
  };

  // `what` names the connections in messages: "writer". `waited` is told how long each Acquire took, unless
  // it is empty.
  Pool(Clock& clock, int size, std::string what, Opener open, std::function<void(absl::Duration)> waited = {})
      : clock_(clock),
        semaphore_(clock, size),
        size_(size),
        what_(std::move(what)),
        open_(std::move(open)),
        waited_(std::move(waited)) {}

  // DEADLINE_EXCEEDED when none was free before `deadline` (steady); else what opening one says.
  absl::StatusOr<Lease> Acquire(absl::Duration deadline) {
    const absl::Duration start = waited_ ? clock_.Steady() : absl::ZeroDuration();
    absl::StatusOr<Lease> lease = Take(deadline);
    if (waited_) waited_(clock_.Steady() - start);
    return lease;
  }

  PoolUse use() const {
    std::lock_guard lock(mutex_);
    return {in_use_, static_cast<int>(idle_.size()), size_};
  }

  // Closes the connections that nobody holds.
  void CloseIdle() {
    while (TakeIdle() != nullptr) {
    }
  }

 private:
  absl::StatusOr<Lease> Take(absl::Duration deadline) {
    if (!semaphore_.Acquire(deadline)) {
      return absl::DeadlineExceededError(
          fmt::format("no {} of {} became free before the deadline", what_, size_));
    }
    Count(1);
    while (std::unique_ptr<T> idle = TakeIdle()) {
      if (idle->Usable()) return Lease(*this, std::move(idle));
    }
    absl::StatusOr<std::unique_ptr<T>> opened = open_(deadline);
    if (!opened.ok()) {
      Count(-1);
      semaphore_.Release();
      return opened.status();
    }
    return Lease(*this, *std::move(opened));
  }

  void Count(int change) {
    std::lock_guard lock(mutex_);
    in_use_ += change;
  }

  std::unique_ptr<T> TakeIdle() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<T> last = std::move(idle_.back());
    idle_.pop_back();
    return last;
  }

  void Return(std::unique_ptr<T> connection) {
    if (connection->Usable()) {
      std::lock_guard lock(mutex_);
      idle_.push_back(std::move(connection));
    }
    connection.reset();
    Count(-1);
    semaphore_.Release();
  }

  Clock& clock_;
  FairSemaphore semaphore_;
  const int size_;
  const std::string what_;
  const Opener open_;
  const std::function<void(absl::Duration)> waited_;
  mutable std::mutex mutex_;
  int in_use_ = 0;
  // The one used last is lent first: its memory is warm.
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace finalmile
