#pragma once

#include <mutex>

#include "absl/time/time.h"

namespace finalmile::rpc {

// How many calls may wait or run at once, so that a server under more load than it can carry refuses the
// excess fast and finishes what it takes. The limit falls by a tenth when a call has waited longer than the
// target, at most once per target, and grows by one per call that found the limit nearly reached but did not
// wait long (additive increase, multiplicative decrease: Chiu and Jain 1989,
// doi:10.1016/0169-7552(89)90019-6). Thread-safe.
class Admission {
 public:
  // `least` <= limit <= `most`; `least` should exceed the number of threads that run calls.
  Admission(int least, int most, absl::Duration target_wait);

  // True: the call is in, until Leave. False: refuse it.
  bool TryEnter();
  // A call that is in begins to run at `now` (steady), `waited` after it entered.
  void Began(absl::Duration waited, absl::Duration now);
  void Leave();

  int limit() const;
  int inside() const;

 private:
  const int least_;
  const int most_;
  const absl::Duration target_;
  mutable std::mutex mutex_;
  int limit_;
  int inside_ = 0;
  absl::Duration next_decrease_ = -absl::InfiniteDuration();
};

}  // namespace finalmile::rpc
