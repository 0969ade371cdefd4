#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/due_task.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::timers {

// Evaluates leads whose due time has come: by fading they crossed a band edge, cooled, or may cross again.
class FadingTimer final : public outbox::DueTask {
 public:
  // The references outlive the timer.
  FadingTimer(Clock& clock, Rng& rng, scoring::Policies& policies)
      : DueTask(clock, /*most=*/200), clock_(clock), rng_(rng), policies_(policies) {}
  std::string_view name() const override { return "fading"; }

 private:
  absl::StatusOr<absl::Time> RunDue(storage::Transaction& transaction, absl::Time now, int rows) override;

  Clock& clock_;
  Rng& rng_;
  scoring::Policies& policies_;
};

// Scores leads that stand under another policy than the one in force, in chunks.
class Rescorer final : public outbox::LeaderTask {
 public:
  // The references outlive the task.
  Rescorer(Clock& clock, Rng& rng, scoring::Policies& policies)
      : clock_(clock), rng_(rng), policies_(policies) {}
  std::string_view name() const override { return "rescorer"; }
  std::string_view channel() const override;
  absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) override;

 private:
  Clock& clock_;
  Rng& rng_;
  scoring::Policies& policies_;
};

}  // namespace finalmile::leads::timers
