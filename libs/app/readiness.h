#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/random.h"

namespace finalmile::app {

// Whether a process serves, and what it waits for until it does. Thread-safe, but for Await.
class Readiness {
 public:
  // `patience`: for how long Await tries; zero: once. `stop` ends it when it is set; null: nothing does. The
  // references outlive it.
  Readiness(Log& log, Clock& clock, Rng& rng, absl::Duration patience, WaitEvent* stop)
      : log_(log), clock_(clock), rng_(rng), patience_(patience), stop_(stop) {}

  // Whether waiting may mend it: a store does not answer, or still has to be migrated.
  static bool MayPass(const absl::Status& status) {
    return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  }

  // Tries until `attempt` succeeds or says what waiting does not mend, every few seconds, and lets Check and
  // the log say what it waits for ("the store of leads"). Else the last error when patience has run out;
  // CANCELLED when it is stopped.
  absl::Status Await(const std::string& what, const std::function<absl::Status()>& attempt);

  // Why the process does not serve; empty: it does.
  void Set(std::string reason);
  // UNAVAILABLE with that reason.
  absl::Status Check() const;

 private:
  Log& log_;
  Clock& clock_;
  Rng& rng_;
  const absl::Duration patience_;
  WaitEvent* const stop_;
  mutable std::mutex mutex_;
  std::string reason_ = "starting";
};

}  // namespace finalmile::app
