#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/envelope.h"
#include "libs/outbox/handler.h"
#include "libs/telemetry/metrics.h"
#include "services/leads/domain/activity.h"
#include "services/leads/scoring/erasures.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::consumers {

inline constexpr std::string_view kActivityConsumer = "leads.activities";

// Takes activities off their topic into the store and the scores. Parks what is no valid activity, what
// repeats a (source, activity_id) with another body, and what came too late: more than domain::kHistory after
// it happened when the topic got it, or after the time from which the lead's activities are kept. Those of
// erased leads are counted and dropped.
class ActivityConsumer final : public outbox::Handler {
 public:
  // The references outlive the consumer.
  ActivityConsumer(Clock& clock, Rng& rng, scoring::Policies& policies, const scoring::Erasures& erasures,
                   telemetry::Counter late, telemetry::Counter erased)
      : clock_(clock), rng_(rng), policies_(policies), erasures_(erasures), late_(late), erased_(erased) {}

  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  // Gives the activities that were stored under the names of merged leads to the others.
  absl::Status MoveToMerged(storage::Transaction& transaction,
                            const std::map<domain::LeadId, domain::LeadId>& merged,
                            const outbox::Cause& cause, absl::Time now);
  // Fills in the leads of activities that name an external id; one that no lead has gets a stub, and of one
  // whose lead was erased the lead stays empty.
  absl::Status FindLeads(storage::Transaction& transaction, std::vector<domain::Activity>& activities);

  Clock& clock_;
  Rng& rng_;
  scoring::Policies& policies_;
  const scoring::Erasures& erasures_;
  const telemetry::Counter late_;
  const telemetry::Counter erased_;
};

}  // namespace finalmile::leads::consumers
