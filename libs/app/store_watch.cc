#include "libs/app/store_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
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
        held(metrics.Gauge(
            "finalmile_consumer_held_seconds",
            "For how long a fault of the store or of the program has held the consumer; 0: none.",
            LabelsOf(watched))),
        stalled(metrics.Gauge(
            "finalmile_consumer_stalled_seconds",
            "For how long a partition with records to consume has not moved, whoever owns it; 0: each moves.",
            LabelsOf(watched))),
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
    held.Set(absl::ToDoubleSeconds(now.held));
    seen = now;
  }

  const outbox::ConsumerGroup& consumer;
  const telemetry::Gauge held;
  const telemetry::Gauge stalled;
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
      wake_(clock.NewWaitEvent()),
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

absl::Status StoreWatch::Probe() {
  return database_.Transact(
      {.deadline = clock_.Steady() + kTimeout, .read_only = true}, [](storage::Transaction& transaction) {
        return transaction.Execute("SELECT version FROM schema_migrations LIMIT 1").status();
      });
}

absl::Duration StoreWatch::Run() {
  for (size_t i = 0; i < leaders_.size(); ++i) leading_[i].Set(leaders_[i]->is_leader() ? 1 : 0);
  for (const auto& consumer : consumers_) consumer->Update();
  const absl::Status answers = Probe();
  {
    std::lock_guard lock(mutex_);
    last_ = answers;
  }
  if (!answers.ok()) return clock_.Steady() + kRetryInterval;
  const absl::StatusOr<Backlog> backlog = ReadBacklog(database_, clock_.Steady() + kTimeout);
  if (backlog.ok()) {
    outbox_.Set(static_cast<double>(backlog->outbox));
    failed_.Set(static_cast<double>(backlog->parked.failed));
    waiting_.Set(static_cast<double>(backlog->parked.waiting));
    const bool any = backlog->parked.oldest != absl::InfinitePast();
    oldest_.Set(any ? absl::ToDoubleSeconds(clock_.Now() - backlog->parked.oldest) : 0);
  }
  const auto lags = outbox::ReadLags(database_, log_, watched_, clock_.Steady() + kTimeout);
  if (lags.ok()) Follow(*lags);
  return clock_.Steady() + kInterval;
}

void StoreWatch::Follow(const std::vector<outbox::Lag>& lags) {
  const absl::Duration now = clock_.Steady();
  for (size_t i = 0; i < lags.size(); ++i) {
    lags_[i].Set(static_cast<double>(lags[i].records));
    std::lock_guard lock(mutex_);
    for (const outbox::Lag::Place& place : lags[i].places) {
      const Place fresh{place.next, now, place.records() > 0};
      Place& followed =
          places_[lags[i].consumer].try_emplace({lags[i].topic, place.partition}, fresh).first->second;
      if (followed.next != fresh.next || !fresh.behind || !followed.behind) followed = fresh;
    }
  }
  for (const auto& consumer : consumers_)
    consumer->stalled.Set(absl::ToDoubleSeconds(Stalled(consumer->consumer.name())));
}

absl::Duration StoreWatch::Stalled(std::string_view consumer) const {
  const absl::Duration now = clock_.Steady();
  absl::Duration longest = absl::ZeroDuration();
  std::lock_guard lock(mutex_);
  const auto places = places_.find(consumer);
  if (places == places_.end()) return longest;
  for (const auto& [partition, place] : places->second) {
    if (place.behind) longest = std::max(longest, now - place.since);
  }
  return longest;
}

std::string StoreWatch::TroubleOf(const outbox::ConsumerGroup& consumer) const {
  const outbox::ConsumerStats stats = consumer.stats();
  std::vector<std::string> troubles;
  if (stats.held > absl::ZeroDuration()) {
    const absl::Time since = clock_.Now() - stats.held;
    troubles.push_back(fmt::format("is held since {} by {}; it goes on by itself once that is mended",
                                   absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", since, absl::UTCTimeZone()),
                                   stats.held_reason));
  }
  if (stats.truncated > 0) {
    troubles.push_back(
        fmt::format("the topic no longer holds what comes next in {} partitions; see `finalmile "
                    "consumers list` and `finalmile consumers skip-to`",
                    stats.truncated));
  }
  if (const absl::Duration stalled = Stalled(consumer.name()); stalled >= kStalledAfter) {
    troubles.push_back(fmt::format("a partition with records to consume has not moved for {} s",
                                   absl::ToInt64Seconds(stalled)));
  }
  return fmt::format("{}", fmt::join(troubles, "; "));
}

absl::Status StoreWatch::last() const {
  std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace finalmile::app
