#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace finalmile::rpc {

// Bounds what the large messages of all calls take at once, in bytes. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t most) : most_(most) {}

  // False: not so much is left, beside the `reserve`, and nothing is taken.
  bool TryTake(int64_t bytes, int64_t reserve = 0);
  // Also beyond the bound.
  void Take(int64_t bytes) { taken_ += bytes; }
  void GiveBack(int64_t bytes) { taken_ -= bytes; }

  int64_t most() const { return most_; }
  int64_t taken() const { return taken_; }

 private:
  const int64_t most_;
  std::atomic<int64_t> taken_{0};
};

// A part of a budget, given back at its end. One thread at a time.
class MemoryShare {
 public:
  explicit MemoryShare(MemoryBudget& budget) : budget_(budget) {}
  ~MemoryShare() { Release(); }
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;

  // False: there is not so much left, and nothing more is taken.
  bool Take(int64_t bytes) {
    if (!budget_.TryTake(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  void Release() {
    if (bytes_ > 0) budget_.GiveBack(std::exchange(bytes_, 0));
  }

 private:
  MemoryBudget& budget_;
  int64_t bytes_ = 0;
};

}  // namespace finalmile::rpc
