#pragma once

#include <algorithm>

#include "absl/time/time.h"
#include "libs/base/random.h"

namespace finalmile {

// How long to wait after the `failures`-th failure in a row (from 0): 10 ms, doubling up to a second, of
// which a random half to whole is taken so that many clients do not come back at once.
inline absl::Duration BackoffAfter(int failures, Rng& rng) {
  const absl::Duration whole =
      std::min(absl::Milliseconds(10) * (1 << std::min(failures, 10)), absl::Seconds(1));
  return whole * (0.5 + 0.5 * rng.Uniform());
}

}  // namespace finalmile
