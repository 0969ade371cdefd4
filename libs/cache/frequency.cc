#include "libs/cache/frequency.h"

#include <algorithm>
#include <bit>

namespace finalmile::cache {

Frequency::Frequency(size_t keys)
    : mask_(std::bit_ceil(std::max<size_t>(keys, 16)) - 1),
      counters_(kRows * (mask_ + 1)),
      halve_at_(10 * (mask_ + 1)) {}

size_t Frequency::Place(uint64_t hash, size_t row) const {
  // Double hashing makes of one hash as many as there are rows (Kirsch, Mitzenmacher 2006).
  const uint64_t step = (hash >> 32) | 1;
  return row * (mask_ + 1) + (static_cast<size_t>(hash + row * step) & mask_);
}

void Frequency::Count(uint64_t hash) {
  for (size_t row = 0; row < kRows; ++row) {
    uint8_t& counter = counters_[Place(hash, row)];
    if (counter < kMost) ++counter;
  }
  if (++counted_ < halve_at_) return;
  for (uint8_t& counter : counters_) counter /= 2;
  counted_ /= 2;
}

int Frequency::Estimate(uint64_t hash) const {
  uint8_t least = kMost;
  for (size_t row = 0; row < kRows; ++row) least = std::min(least, counters_[Place(hash, row)]);
  return least;
}

}  // namespace finalmile::cache
