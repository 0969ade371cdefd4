#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/outbox/chunk.h"
#include "libs/outbox/leader.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::timers {

// Bounds what is kept of the past: adds up activities that happened more than domain::kActivitiesKept ago
// (scoring::AgeActivities), deletes versions of facts that held only before domain::kHistory ago, and imports
// that have not moved on for as long. It goes through all leads in order of id, a chunk a second, and begins
// again ten minutes after it came to the end: there is no index by time, which every activity would pay for.
class HistorySweeper final : public outbox::LeaderTask {
 public:
  // The references outlive the sweeper.
  HistorySweeper(Clock& clock, scoring::Policies& policies) : clock_(clock), policies_(policies) {}
  std::string_view name() const override { return "history_sweeper"; }
  absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) override;

 private:
  // Something to remove of a lead: activities, or versions of facts.
  struct Work {
    domain::LeadId lead;
    bool activities = false;
  };
  absl::StatusOr<absl::Duration> Look(storage::Leadership& leadership);
  absl::StatusOr<absl::Duration> Remove(storage::Leadership& leadership);

  Clock& clock_;
  scoring::Policies& policies_;
  outbox::ChunkSize look_{1'000};
  outbox::ChunkSize remove_{1'000};
  // The last lead that was looked at; empty: begin with the first.
  domain::LeadId after_;
  std::vector<Work> work_;
};

}  // namespace finalmile::leads::timers
