#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "libs/base/clock.h"

namespace finalmile {

// The only source of randomness. Thread-safe.
class Rng {
 public:
  virtual ~Rng() = default;
  // Uniform over all 64-bit values.
  virtual uint64_t Next() = 0;

  // Uniform in [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  // Uniform in [0, bound); `bound` > 0. The bias, below bound / 2^64, is accepted.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
};

// Drawn from the operating system, some kilobytes at a time.
std::unique_ptr<Rng> NewSystemRng();
// The same sequence for the same seed on every platform (SplitMix64, Steele et al. 2014,
// doi:10.1145/2660193.2660195).
std::unique_ptr<Rng> NewSeededRng(uint64_t seed);

// A version 7 UUID (RFC 9562 §5.7) in canonical text form, 36 characters: ordered by the clock's millisecond.
std::string NewUuid(const Clock& clock, Rng& rng);

}  // namespace finalmile
