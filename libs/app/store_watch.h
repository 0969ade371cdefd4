#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/step.h"
#include "libs/events/event_log.h"
#include "libs/outbox/consumer_group.h"
#include "libs/outbox/leader.h"
#include "libs/outbox/parked.h"
#include "libs/storage/database.h"
#include "libs/telemetry/metrics.h"

namespace finalmile::app {

// What waits in a module's store.
struct Backlog {
  int64_t outbox = 0;
  outbox::ParkedDepth parked;
};
absl::StatusOr<Backlog> ReadBacklog(storage::Database& database, absl::Duration deadline);

// Looks at a module's store, and at where the log ends, every kInterval: keeps the metrics of its backlog, of
// its consumers and of its leadership, and whether the store answers. Metrics of what does not answer stay as
// they are.
//   finalmile_outbox_depth{service}, finalmile_parked_depth{service,state},
//   finalmile_parked_oldest_age_seconds{service} finalmile_leader{task}: 1 on the process that does the work
//   finalmile_consumer_records_total, …_batches_total, …_parked_total, …_duplicates_total,
//   …_skipped_offsets_total, …_fenced_batches_total {consumer};
//   finalmile_consumer_truncated_partitions{consumer}; finalmile_consumer_lag{consumer,topic}: see
//   outbox::Lag
class StoreWatch final : public Step {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(10);
  static constexpr absl::Duration kTimeout = absl::Seconds(2);

  // Everything outlives the watch.
  StoreWatch(std::string_view service, storage::Database& database, events::EventLog& log,
             std::vector<const outbox::ConsumerGroup*> consumers,
             std::vector<const outbox::LeaderStep*> leaders, Clock& clock, telemetry::Metrics& metrics);
  ~StoreWatch() override;

  std::string_view name() const override { return name_; }
  absl::Duration Run() override;
  Event& wake() override { return *wake_; }

  // How the last look went; OK before the first. Thread-safe.
  absl::Status last() const;

 private:
  struct ConsumerMetrics;

  const std::string name_;
  storage::Database& database_;
  events::EventLog& log_;
  const std::vector<const outbox::ConsumerGroup*> watched_;
  const std::vector<const outbox::LeaderStep*> leaders_;
  Clock& clock_;
  const std::unique_ptr<Event> wake_;
  const telemetry::Gauge outbox_;
  const telemetry::Gauge failed_;
  const telemetry::Gauge waiting_;
  const telemetry::Gauge oldest_;
  std::vector<telemetry::Gauge> leading_;
  std::vector<std::unique_ptr<ConsumerMetrics>> consumers_;
  // One for each topic of each consumer, in their order.
  std::vector<telemetry::Gauge> lags_;
  mutable std::mutex mutex_;
  absl::Status last_;
};

}  // namespace finalmile::app
