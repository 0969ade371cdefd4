#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/step.h"
#include "libs/telemetry/metrics.h"

namespace finalmile::app {

// Runs steps, each on a thread of its own, as libs/base/step.h says. A Run that throws is logged and tried
// again after kPause. Counts finalmile_step_runs_total{step}, finalmile_step_failures_total{step}
// (exceptions), finalmile_step_seconds{step} and finalmile_step_last_run_timestamp_seconds{step}.
// Thread-safe.
class StepRunner {
 public:
  static constexpr absl::Duration kPause = absl::Seconds(1);

  // The references outlive the runner.
  StepRunner(Clock& clock, Log& log, telemetry::Metrics& metrics);
  // Stop().
  ~StepRunner();
  StepRunner(const StepRunner&) = delete;
  StepRunner& operator=(const StepRunner&) = delete;

  // Starts the step's thread. `step` outlives the runner, or its Stop. Not after Stop.
  void Add(Step& step);

  // Tells every step to end and returns when each has ended its current Run.
  void Stop();

  // OK, or UNAVAILABLE naming a step whose current Run has taken longer than `limit`.
  absl::Status CheckProgress(absl::Duration limit) const;

 private:
  class Runner;

  Clock& clock_;
  Log& log_;
  telemetry::Metrics& metrics_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Runner>> runners_;
};

}  // namespace finalmile::app
