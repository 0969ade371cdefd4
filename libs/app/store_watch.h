#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/app/outage.h"
#include "libs/base/clock.h"
#include "libs/base/step.h"
#include "libs/events/event_log.h"
#include "libs/outbox/consumer_group.h"
#include "libs/outbox/lag.h"
#include "libs/outbox/leader.h"
#include "libs/outbox/parked.h"
#include "libs/outbox/sender.h"
#include "libs/storage/database.h"
#include "libs/telemetry/metrics.h"

namespace finalmile::app {

// What waits in a module's store.
struct Backlog {
  int64_t outbox = 0;
  // When the event that is to be sent next happened; InfinitePast: none waits.
  absl::Time oldest_event = absl::InfinitePast();
  outbox::ParkedDepth parked;
};
absl::StatusOr<Backlog> ReadBacklog(storage::Database& database, absl::Duration deadline);

// Looks at a module's store, and at where the log ends, every kInterval: keeps the metrics of its backlog, of
// its consumers and of its leadership, and whether the store answers, for which its schema is read. What is
// not known because the store or the log does not answer is NaN.
//   finalmile_store_up{service}: 1 or 0, whether the store answered at the last look
//   finalmile_schema_version{component}: the version that the store has
//   finalmile_outbox_depth{service}, finalmile_parked_depth{service,state}: at most outbox::kDepthCap
//   finalmile_outbox_oldest_age_seconds{service}, finalmile_parked_oldest_age_seconds{service}: 0 when there
//   is none finalmile_outbox_left_total{service}: see outbox::Sender::left finalmile_leader{task}: 1 on the
//   process that does the work finalmile_consumer_records_total, …_batches_total, …_parked_total,
//   …_duplicates_total, …_skipped_offsets_total, …_fenced_batches_total, finalmile_kafka_rebalances_total
//   {consumer}; finalmile_consumer_held_seconds{consumer}, finalmile_consumer_truncated_partitions{consumer}:
//   of this process now, see outbox::ConsumerStats; finalmile_consumer_lag{consumer,topic}: see outbox::Lag
//   finalmile_consumer_stalled_seconds{consumer}: Stalled finalmile_consumer_oldest_age_seconds{consumer}:
//   since when, at the earliest, the record to be consumed next waits: the last look at which the log ended
//   before it, or the first look of all. So it is at most kInterval too much, and counts from the start of
//   the process at the earliest.
class StoreWatch final : public Step {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(10);
  static constexpr absl::Duration kTimeout = absl::Seconds(2);
  // Between two looks while the store does not answer.
  static constexpr absl::Duration kRetryInterval = absl::Seconds(1);
  // A partition with records to consume that has not moved for so long is taken for one that stands still.
  static constexpr absl::Duration kStalledAfter = absl::Seconds(60);

  // Everything outlives the watch. `sender` may be null.
  StoreWatch(std::string_view service, storage::Database& database, events::EventLog& log,
             const outbox::Sender* sender, std::vector<const outbox::ConsumerGroup*> consumers,
             std::vector<const outbox::LeaderStep*> leaders, Clock& clock, Log& logger,
             telemetry::Metrics& metrics);
  ~StoreWatch() override;

  std::string_view name() const override { return name_; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

  // Whether the store answered at the last look; OK before the first. Thread-safe.
  absl::Status last() const;
  // For how long a partition of the consumer with records to consume has not moved, whoever owns it; the
  // longest time of all its partitions, zero when each moves or has nothing to consume. As of the last look.
  // Thread-safe.
  absl::Duration Stalled(std::string_view consumer) const;
  // Why the consumer does not move, for people, on one line; empty when it moves or has nothing to do.
  // Without personal data. Thread-safe.
  std::string TroubleOf(const outbox::ConsumerGroup& consumer) const;

 private:
  struct ConsumerMetrics;
  // A consumer's place in a partition, and since when (steady) it has been there.
  struct Place {
    int64_t next = 0;
    absl::Duration since;
    bool behind = false;
    // Where the partition ended, in order, with the first and the last look (steady) that found it there.
    struct End {
      int64_t offset = 0;
      absl::Duration first;
      absl::Duration last;
    };
    std::vector<End> ends = {};

    // Notes where it ends now, and forgets what says nothing about `next`.
    void NoteEnd(int64_t end, absl::Duration now);
    // For how long the record at `next` waits at most.
    absl::Duration Age(absl::Duration now) const;
  };

  telemetry::Gauge SchemaVersion(std::string_view component);
  absl::Status Probe();
  void Watch(const Backlog& backlog);
  void Follow(const std::vector<outbox::Lag>& lags);
  // Set the gauges that come from the store, or from the event log, to not known.
  void ForgetStore();
  void ForgetLags();

  const std::string name_;
  storage::Database& database_;
  events::EventLog& log_;
  const outbox::Sender* const sender_;
  const std::vector<const outbox::ConsumerGroup*> watched_;
  const std::vector<const outbox::LeaderStep*> leaders_;
  Clock& clock_;
  const std::unique_ptr<WaitEvent> wake_;
  telemetry::Metrics& metrics_;
  Outage outage_;
  const telemetry::Gauge up_;
  const telemetry::Gauge outbox_;
  const telemetry::Gauge outbox_age_;
  const telemetry::Counter left_;
  int64_t left_seen_ = 0;
  const telemetry::Gauge failed_;
  const telemetry::Gauge waiting_;
  const telemetry::Gauge oldest_;
  std::vector<telemetry::Gauge> leading_;
  std::vector<std::unique_ptr<ConsumerMetrics>> consumers_;
  // One for each topic of each consumer, in their order.
  std::vector<telemetry::Gauge> lags_;
  mutable std::mutex mutex_;
  absl::Status last_;
  std::map<std::string, std::map<events::Partition, Place>, std::less<>> places_;
};

}  // namespace finalmile::app
