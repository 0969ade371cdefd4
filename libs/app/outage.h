#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"

namespace finalmile::app {

// Tells the log of something that this process needs and that is away: at once, then once a minute, and when
// it is back. Not thread-safe.
class Outage {
 public:
  static constexpr absl::Duration kInterval = absl::Minutes(1);

  // `what`: "the store of leads". The references outlive it.
  Outage(std::string what, Log& log, Clock& clock) : what_(std::move(what)), log_(log), clock_(clock) {}

  // How it is now.
  void Note(const absl::Status& status);

 private:
  const std::string what_;
  Log& log_;
  Clock& clock_;
  // Steady times: since when it is away, and when that was last said.
  std::optional<absl::Duration> since_;
  absl::Duration said_;
};

}  // namespace finalmile::app
