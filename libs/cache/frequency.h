#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace finalmile::cache {

// How often each of many keys was asked for of late, estimated in a few bytes a key: a count-min sketch of
// counters that stop at 15 and are halved after ten requests for each key there is room for, so that what was
// hot is forgotten. Never estimates too low but for the halving. (TinyLFU: Einziger, Friedman, Manes, ACM
// Transactions on Storage 13(4), 2017, doi:10.1145/3149371.) Not thread-safe.
class Frequency {
 public:
  // `keys` ≥ 1: about how many are worth telling apart.
  explicit Frequency(size_t keys);

  // `hash`: of all 64 bits.
  void Count(uint64_t hash);
  int Estimate(uint64_t hash) const;

 private:
  static constexpr size_t kRows = 4;
  static constexpr uint8_t kMost = 15;

  size_t Place(uint64_t hash, size_t row) const;

  // A power of two, less one.
  size_t mask_;
  std::vector<uint8_t> counters_;
  size_t counted_ = 0;
  size_t halve_at_;
};

}  // namespace finalmile::cache
