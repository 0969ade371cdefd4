#pragma once

#include <memory>
#include <mutex>

#include "libs/base/random.h"

namespace finalmile::cli {

// The machine's randomness (also for the keys that a store is made with) until it begins anew from a seed:
// what is drawn between two such moments is the same in every run, as long as one thread draws. Thread-safe.
class ReplayRng final : public Rng {
 public:
  explicit ReplayRng(uint64_t seed) : seeds_(NewSeededRng(seed)), rng_(NewSystemRng()) {}

  uint64_t Next() override {
    std::lock_guard lock(mutex_);
    return rng_->Next();
  }
  // Goes on from the next of the seeds, which are a sequence of their own: nothing is drawn twice.
  void BeginAnew() {
    std::lock_guard lock(mutex_);
    rng_ = NewSeededRng(seeds_->Next());
  }

 private:
  std::mutex mutex_;
  const std::unique_ptr<Rng> seeds_;
  std::unique_ptr<Rng> rng_;
};

}  // namespace finalmile::cli
