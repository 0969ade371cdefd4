#include "libs/app/step_runner.h"

#include <fmt/format.h>

#include <atomic>
#include <limits>
#include <thread>

#include "libs/app/run_catching.h"

namespace finalmile::app {
namespace {

constexpr int64_t kIdle = std::numeric_limits<int64_t>::max();

telemetry::Labels LabelsOf(const Step& step) { return {{"step", std::string(step.name())}}; }

}  // namespace

class StepRunner::Runner {
 public:
  Runner(Step& step, Clock& clock, Log& log, telemetry::Metrics& metrics)
      : step_(step),
        clock_(clock),
        log_(log),
        runs_(metrics.Counter("finalmile_step_runs_total", "Runs of background steps.", LabelsOf(step))),
        failures_(metrics.Counter("finalmile_step_failures_total", "Runs of background steps that threw.",
                                  LabelsOf(step))),
        seconds_(metrics.Histogram("finalmile_step_seconds", "Duration of runs of background steps.",
                                   telemetry::LatencyBuckets(), LabelsOf(step))),
        last_run_(metrics.Gauge("finalmile_step_last_run_timestamp_seconds",
                                "When a background step last ended a run.", LabelsOf(step))),
        thread_([this] { Loop(); }) {}

  void Tell() {
    stopping_ = true;
    step_.wake().Set();
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  std::string_view name() const { return step_.name(); }
  // How long the current Run has taken; zero between runs.
  absl::Duration Running() const {
    const int64_t since = since_micros_;
    return since == kIdle ? absl::ZeroDuration() : clock_.Steady() - absl::Microseconds(since);
  }

 private:
  void Loop() {
    while (true) {
      // A wake that comes after this is seen by the wait; one for stopping, by the look behind it.
      step_.wake().Clear();
      if (stopping_) return;
      step_.wake().WaitUntil(RunOnce());
    }
  }

  absl::Duration RunOnce() {
    const absl::Duration start = clock_.Steady();
    since_micros_ = absl::ToInt64Microseconds(start);
    absl::Duration next = absl::ZeroDuration();
    const bool ran = RunCatching(log_, "a background step threw an exception", [&] { next = step_.Run(); });
    since_micros_ = kIdle;
    const absl::Duration end = clock_.Steady();
    runs_.Add();
    seconds_.Observe(absl::ToDoubleSeconds(end - start));
    last_run_.Set(absl::ToDoubleSeconds(clock_.Now() - absl::UnixEpoch()));
    if (ran) return next;
    failures_.Add();
    return end + kPause;
  }

  Step& step_;
  Clock& clock_;
  Log& log_;
  const telemetry::Counter runs_;
  const telemetry::Counter failures_;
  const telemetry::Histogram seconds_;
  const telemetry::Gauge last_run_;
  std::atomic<int64_t> since_micros_ = kIdle;
  std::atomic<bool> stopping_ = false;
  // Last: it uses the others.
  std::thread thread_;
};

StepRunner::StepRunner(Clock& clock, Log& log, telemetry::Metrics& metrics)
    : clock_(clock), log_(log), metrics_(metrics) {}

StepRunner::~StepRunner() { Stop(); }

void StepRunner::Add(Step& step) {
  auto runner = std::make_unique<Runner>(step, clock_, log_, metrics_);
  std::lock_guard lock(mutex_);
  runners_.push_back(std::move(runner));
}

void StepRunner::Stop() {
  std::vector<std::unique_ptr<Runner>> runners;
  {
    std::lock_guard lock(mutex_);
    runners.swap(runners_);
  }
  for (const auto& runner : runners) runner->Tell();
  for (const auto& runner : runners) runner->Join();
}

absl::Status StepRunner::CheckProgress(absl::Duration limit) const {
  std::lock_guard lock(mutex_);
  for (const auto& runner : runners_) {
    if (const absl::Duration running = runner->Running(); running > limit) {
      return absl::UnavailableError(
          fmt::format("step {} has been running for {}", runner->name(),
                      absl::FormatDuration(absl::Trunc(running, absl::Milliseconds(1)))));
    }
  }
  return absl::OkStatus();
}

}  // namespace finalmile::app
