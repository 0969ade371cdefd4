#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/step.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// Work that one process per store does: relay, timers, rescoring.
class LeaderTask {
 public:
  virtual ~LeaderTask() = default;
  // Also the name of its lock: "relay".
  virtual std::string_view name() const = 0;
  // One bounded piece of work, in transactions of `leadership` only, none longer than its heartbeat interval.
  // Returns when it wants to run next (steady; see Step::Run). An error is logged and answered by backing
  // off; UNAVAILABLE from the leadership gives it up.
  virtual absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) = 0;
  // Channel whose notifications wake it; empty: none.
  virtual std::string_view channel() const { return {}; }
};

// Runs a task while this process holds its lock; else tries for the lock every heartbeat interval.
class LeaderStep final : public Step {
 public:
  // The references outlive the step. `prefix` is the service's name, for logs: "leads".
  LeaderStep(std::string_view prefix, storage::Database& database, Clock& clock, Log& log,
             std::unique_ptr<LeaderTask> task);
  ~LeaderStep() override;

  std::string_view name() const override { return name_; }
  absl::Duration Run() override;
  Event& wake() override { return *wake_; }

  // Whether this process leads now. Thread-safe.
  bool leads() const;

 private:
  absl::Duration Fail(std::string_view what, const absl::Status& status);
  void Follow();

  const std::string name_;
  storage::Database& database_;
  Clock& clock_;
  Log& log_;
  const std::unique_ptr<Event> wake_;
  const std::unique_ptr<LeaderTask> task_;
  std::unique_ptr<storage::Subscription> subscription_;
  std::unique_ptr<storage::Leadership> leadership_;
  // When the leadership's next heartbeat is due.
  absl::Duration beat_due_ = absl::ZeroDuration();
  int failures_ = 0;
  mutable std::mutex mutex_;
  bool leads_ = false;
};

}  // namespace finalmile::outbox
