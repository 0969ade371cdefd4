#pragma once

#include <optional>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/random.h"
#include "libs/outbox/chunk.h"
#include "libs/outbox/due_rows.h"
#include "libs/telemetry/metrics.h"
#include "services/leads/scoring/long_recount.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::timers {

// Evaluates leads whose due time has come: by fading they crossed a band edge, cooled, or may cross again.
class FadingTimer final : public outbox::DueRowsTask<store::LeadState> {
 public:
  // The references outlive the timer.
  FadingTimer(Clock& clock, Rng& rng, scoring::Policies& policies)
      : DueRowsTask(clock, store::kLeads, /*most=*/200), clock_(clock), rng_(rng), policies_(policies) {}
  std::string_view name() const override { return "fading"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<domain::LeadId>& leads,
                     absl::Time now) override;

  Clock& clock_;
  Rng& rng_;
  scoring::Policies& policies_;
};

// Scores leads that are under another policy than the one in force, in chunks; between the chunks it counts
// the activities of those that were set aside because they have too many (LeadState::recount), one lead after
// the other and a page at a time, for at most half of its time.
//   finalmile_leads_counted_alone_total{result}: begun, begun_again (something came between), done. More
//   begun than done for long: a lead is not scored as it should be; the log names it.
class Rescorer final : public outbox::LeaderTask {
 public:
  // The references outlive the task.
  Rescorer(Clock& clock, Rng& rng, scoring::Policies& policies, Log& log, telemetry::Metrics& metrics);
  std::string_view name() const override { return "rescorer"; }
  std::string_view channel() const override { return scoring::kRescoreChannel; }
  absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) override;

 private:
  // Whether a lead waits to be counted alone.
  absl::StatusOr<bool> CountAlone(storage::Leadership& leadership);

  Clock& clock_;
  Rng& rng_;
  scoring::Policies& policies_;
  Log& log_;
  const telemetry::Counter begun_;
  const telemetry::Counter begun_again_;
  const telemetry::Counter done_;
  outbox::ChunkSize chunk_{200};
  outbox::ChunkSize page_{10'000};
  std::optional<scoring::LongRecount> alone_;
};

}  // namespace finalmile::leads::timers
