#pragma once

#include <mutex>

#include "absl/time/time.h"

namespace finalmile::cache {

// Keeps calls away from a server that fails. Closed: every call is let through. After `failures` in a row it
// opens: none is. When a pause has passed it is half open: one call, the probe, is let through, and its
// outcome closes it or opens it again for twice the pause. Thread-safe.
class Breaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };

  // `failures` ≥ 1. The pause begins with `first_pause` and grows up to `last_pause`.
  Breaker(int failures, absl::Duration first_pause, absl::Duration last_pause)
      : most_failures_(failures), first_pause_(first_pause), last_pause_(last_pause), pause_(first_pause) {}

  // Whether a call may be made at `now` (steady). Each that was let through ends with Report.
  bool Allow(absl::Duration now);
  void Report(bool ok, absl::Duration now);

  State state() const;
  // When a probe may be made; of no meaning while closed.
  absl::Duration probe_at() const;

 private:
  const int most_failures_;
  const absl::Duration first_pause_;
  const absl::Duration last_pause_;
  mutable std::mutex mutex_;
  State state_ = State::kClosed;
  int failures_ = 0;
  absl::Duration pause_;
  absl::Duration probe_at_;
};

}  // namespace finalmile::cache
