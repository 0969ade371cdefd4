#include "libs/app/store_watch.h"

#include <fmt/format.h>

#include <utility>

#include "libs/base/status.h"
#include "libs/outbox/lag.h"
#include "libs/outbox/relay.h"

namespace finalmile::app {

absl::StatusOr<Backlog> ReadBacklog(storage::Database& database, absl::Duration deadline) {
  Backlog backlog;
  ASSIGN_OR_RETURN(backlog.outbox, outbox::OutboxDepth(database, deadline));
  RETURN_IF_ERROR(database.Transact({.deadline = deadline, .read_only = true},
                                    [&](storage::Transaction& transaction) -> absl::Status {
                                      ASSIGN_OR_RETURN(backlog.parked, outbox::GetParkedDepth(transaction));
                                      return absl::OkStatus();
                                    }));
  return backlog;
}

struct StoreWatch::ConsumerMetrics {
  // A number that a consumer counts, and the counter that follows it.
  struct Followed {
    int64_t outbox::ConsumerStats::*field;
    telemetry::Counter counter;
  };

  ConsumerMetrics(const outbox::ConsumerGroup& watched, telemetry::Metrics& metrics)
      : consumer(watched),
        truncated(
            metrics.Gauge("finalmile_consumer_truncated_partitions",
                          "Partitions that stand still because the log no longer holds what comes next.",
                          LabelsOf(watched))) {
    using Stats = outbox::ConsumerStats;
    const auto follow = [&](int64_t Stats::*field, std::string_view what, std::string_view help) {
      followed.push_back({field, metrics.Counter(fmt::format("finalmile_consumer_{}_total", what), help,
                                                 LabelsOf(watched))});
    };
    follow(&Stats::records, "records", "Records applied or parked.");
    follow(&Stats::batches, "batches", "Batches committed.");
    follow(&Stats::parked, "parked", "Records parked.");
    follow(&Stats::duplicates, "duplicates", "Records dropped because their seq had been seen.");
    follow(&Stats::skipped_offsets, "skipped_offsets", "Offsets that the log skipped.");
    follow(&Stats::fenced, "fenced_batches",
           "Batches rolled back because another member owns the partition.");
  }

  static telemetry::Labels LabelsOf(const outbox::ConsumerGroup& consumer) {
    return {{"consumer", std::string(consumer.name())}};
  }

  void Update() {
    const outbox::ConsumerStats now = consumer.stats();
    for (const auto& [field, counter] : followed) counter.Add(static_cast<double>(now.*field - seen.*field));
    truncated.Set(static_cast<double>(now.truncated));
    seen = now;
  }

  const outbox::ConsumerGroup& consumer;
  const telemetry::Gauge truncated;
  std::vector<Followed> followed;
  outbox::ConsumerStats seen;
};

StoreWatch::StoreWatch(std::string_view service, storage::Database& database, events::EventLog& log,
                       std::vector<const outbox::ConsumerGroup*> consumers,
                       std::vector<const outbox::LeaderStep*> leaders, Clock& clock,
                       telemetry::Metrics& metrics)
    : name_(fmt::format("{}.watch", service)),
      database_(database),
      log_(log),
      watched_(std::move(consumers)),
      leaders_(std::move(leaders)),
      clock_(clock),
      wake_(clock.NewEvent()),
      outbox_(metrics.Gauge("finalmile_outbox_depth", "Events that wait to be sent.",
                            {{"service", std::string(service)}})),
      failed_(metrics.Gauge("finalmile_parked_depth", "Records set aside.",
                            {{"service", std::string(service)}, {"state", std::string(outbox::kFailed)}})),
      waiting_(metrics.Gauge("finalmile_parked_depth", "Records set aside.",
                             {{"service", std::string(service)}, {"state", std::string(outbox::kWaiting)}})),
      oldest_(metrics.Gauge("finalmile_parked_oldest_age_seconds",
                            "Age of the oldest record set aside; 0: none.",
                            {{"service", std::string(service)}})) {
  for (const outbox::LeaderStep* leader : leaders_) {
    leading_.push_back(metrics.Gauge("finalmile_leader",
                                     "Whether this process does the work of its store's leader.",
                                     {{"task", std::string(leader->name())}}));
  }
  for (const outbox::ConsumerGroup* consumer : watched_) {
    consumers_.push_back(std::make_unique<ConsumerMetrics>(*consumer, metrics));
    for (const std::string& topic : consumer->topics()) {
      lags_.push_back(metrics.Gauge("finalmile_consumer_lag", "Records of a topic not consumed yet.",
                                    {{"consumer", std::string(consumer->name())}, {"topic", topic}}));
    }
  }
}

StoreWatch::~StoreWatch() = default;

absl::Duration StoreWatch::Run() {
  for (size_t i = 0; i < leaders_.size(); ++i) leading_[i].Set(leaders_[i]->leads() ? 1 : 0);
  for (const auto& consumer : consumers_) consumer->Update();
  const absl::StatusOr<Backlog> backlog = ReadBacklog(database_, clock_.Steady() + kTimeout);
  if (backlog.ok()) {
    outbox_.Set(static_cast<double>(backlog->outbox));
    failed_.Set(static_cast<double>(backlog->parked.failed));
    waiting_.Set(static_cast<double>(backlog->parked.waiting));
    const bool any = backlog->parked.oldest != absl::InfinitePast();
    oldest_.Set(any ? absl::ToDoubleSeconds(clock_.Now() - backlog->parked.oldest) : 0);
  }
  const auto lags = outbox::ReadLags(database_, log_, watched_, clock_.Steady() + kTimeout);
  for (size_t i = 0; lags.ok() && i < lags->size(); ++i)
    lags_[i].Set(static_cast<double>((*lags)[i].records));
  std::lock_guard lock(mutex_);
  last_ = backlog.status();
  return clock_.Steady() + kInterval;
}

absl::Status StoreWatch::last() const {
  std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace finalmile::app
