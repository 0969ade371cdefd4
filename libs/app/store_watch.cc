#include "libs/app/store_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "libs/base/status.h"
#include "libs/outbox/relay.h"
#include "libs/storage/migrate.h"

namespace finalmile::app {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
// How many ends of a partition are remembered; beyond that every second one is forgotten.
constexpr size_t kMostEnds = 64;

double AgeOf(absl::Time time, absl::Time now) {
  return time == absl::InfinitePast() ? 0 : std::max(absl::ToDoubleSeconds(now - time), 0.0);
}

}  // namespace

absl::StatusOr<Backlog> ReadBacklog(storage::Database& database, absl::Duration deadline) {
  Backlog backlog;
  ASSIGN_OR_RETURN(backlog.outbox, outbox::OutboxDepth(database, deadline));
  ASSIGN_OR_RETURN(backlog.oldest_event, outbox::OldestInOutbox(database, deadline));
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
        age(metrics.Gauge(
            "finalmile_consumer_oldest_age_seconds",
            "For how long the record to be consumed next waits, 10 s too much at most; 0: none waits.",
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
    followed.push_back({&Stats::rebalances,
                        metrics.Counter("finalmile_kafka_rebalances_total",
                                        "Assignments of partitions by the event log.", LabelsOf(watched))});
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
  const telemetry::Gauge age;
  const telemetry::Gauge truncated;
  std::vector<Followed> followed;
  outbox::ConsumerStats seen;
};

StoreWatch::StoreWatch(std::string_view service, storage::Database& database, events::EventLog& log,
                       const outbox::Sender* sender, std::vector<const outbox::ConsumerGroup*> consumers,
                       std::vector<const outbox::LeaderStep*> leaders, Clock& clock, Log& logger,
                       telemetry::Metrics& metrics)
    : name_(fmt::format("{}.watch", service)),
      database_(database),
      log_(log),
      sender_(sender),
      watched_(std::move(consumers)),
      leaders_(std::move(leaders)),
      clock_(clock),
      wake_(clock.NewWaitEvent()),
      metrics_(metrics),
      outage_(fmt::format("the store of {}", service), logger, clock),
      up_(metrics.Gauge("finalmile_store_up", "Whether the store answered at the last look.",
                        {{"service", std::string(service)}})),
      outbox_(metrics.Gauge("finalmile_outbox_depth", "Events that wait to be sent.",
                            {{"service", std::string(service)}})),
      outbox_age_(metrics.Gauge("finalmile_outbox_oldest_age_seconds",
                                "Age of the event that is to be sent next; 0: none.",
                                {{"service", std::string(service)}})),
      left_(metrics.Counter("finalmile_outbox_left_total",
                            "Events that this process did not send itself and left to the relay.",
                            {{"service", std::string(service)}})),
      failed_(metrics.Gauge("finalmile_parked_depth", "Records set aside.",
                            {{"service", std::string(service)}, {"state", std::string(outbox::kFailed)}})),
      waiting_(metrics.Gauge("finalmile_parked_depth", "Records set aside.",
                             {{"service", std::string(service)}, {"state", std::string(outbox::kWaiting)}})),
      oldest_(metrics.Gauge("finalmile_parked_oldest_age_seconds",
                            "Age of the oldest record set aside; 0: none.",
                            {{"service", std::string(service)}})) {
  SchemaVersion(service).Set(kUnknown);
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

telemetry::Gauge StoreWatch::SchemaVersion(std::string_view component) {
  return metrics_.Gauge("finalmile_schema_version", "Version of the schema that the store has.",
                        {{"component", std::string(component)}});
}

absl::Status StoreWatch::Probe() {
  std::map<std::string, int64_t> versions;
  RETURN_IF_ERROR(database_.Transact({.deadline = clock_.Steady() + kTimeout, .read_only = true},
                                     [&](storage::Transaction& transaction) -> absl::Status {
                                       ASSIGN_OR_RETURN(versions, storage::SchemaVersions(transaction));
                                       return absl::OkStatus();
                                     }));
  for (const auto& [component, version] : versions)
    SchemaVersion(component).Set(static_cast<double>(version));
  return absl::OkStatus();
}

absl::Duration StoreWatch::Run() {
  for (size_t i = 0; i < leaders_.size(); ++i) leading_[i].Set(leaders_[i]->is_leader() ? 1 : 0);
  for (const auto& consumer : consumers_) consumer->Update();
  if (sender_ != nullptr) {
    const int64_t left = sender_->left();
    left_.Add(static_cast<double>(left - std::exchange(left_seen_, left)));
  }
  const absl::Status answers = Probe();
  {
    std::lock_guard lock(mutex_);
    last_ = answers;
  }
  up_.Set(answers.ok() ? 1 : 0);
  outage_.Note(answers);
  if (!answers.ok()) {
    ForgetStore();
    ForgetLags();
    return clock_.Steady() + kRetryInterval;
  }
  const absl::StatusOr<Backlog> backlog = ReadBacklog(database_, clock_.Steady() + kTimeout);
  if (backlog.ok()) {
    Watch(*backlog);
  } else {
    ForgetStore();
  }
  const auto lags = outbox::ReadLags(database_, log_, watched_, clock_.Steady() + kTimeout);
  if (lags.ok()) {
    Follow(*lags);
  } else {
    ForgetLags();
  }
  return clock_.Steady() + kInterval;
}

void StoreWatch::Watch(const Backlog& backlog) {
  outbox_.Set(static_cast<double>(backlog.outbox));
  outbox_age_.Set(AgeOf(backlog.oldest_event, clock_.Now()));
  failed_.Set(static_cast<double>(backlog.parked.failed));
  waiting_.Set(static_cast<double>(backlog.parked.waiting));
  oldest_.Set(AgeOf(backlog.parked.oldest, clock_.Now()));
}

void StoreWatch::ForgetStore() {
  for (const telemetry::Gauge& gauge : {outbox_, outbox_age_, failed_, waiting_, oldest_})
    gauge.Set(kUnknown);
}

void StoreWatch::ForgetLags() {
  for (const telemetry::Gauge& lag : lags_) lag.Set(kUnknown);
  for (const auto& consumer : consumers_) {
    consumer->stalled.Set(kUnknown);
    consumer->age.Set(kUnknown);
  }
}

void StoreWatch::Place::NoteEnd(int64_t end, absl::Duration now) {
  if (ends.empty() || ends.back().offset != end) ends.push_back({end, now, now});
  ends.back().last = now;
  // The last look at which the record at `next` was not there yet bounds its age best.
  size_t before = 0;
  while (before + 1 < ends.size() && ends[before + 1].offset <= next) ++before;
  ends.erase(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(before));
  if (ends.size() <= kMostEnds) return;
  size_t kept = 0;
  for (size_t i = 0; i < ends.size(); i += 2) ends[kept++] = ends[i];
  ends.resize(kept);
}

absl::Duration StoreWatch::Place::Age(absl::Duration now) const {
  if (!behind || ends.empty()) return absl::ZeroDuration();
  const End& end = ends.front();
  return now - (end.offset <= next ? end.last : end.first);
}

void StoreWatch::Follow(const std::vector<outbox::Lag>& lags) {
  const absl::Duration now = clock_.Steady();
  std::map<std::string, absl::Duration, std::less<>> ages;
  for (size_t i = 0; i < lags.size(); ++i) {
    lags_[i].Set(static_cast<double>(lags[i].records));
    absl::Duration& age = ages[lags[i].consumer];
    std::lock_guard lock(mutex_);
    for (const outbox::Lag::Place& place : lags[i].places) {
      const bool behind = place.records() > 0;
      const Place fresh{place.next, now, behind};
      Place& followed =
          places_[lags[i].consumer].try_emplace({lags[i].topic, place.partition}, fresh).first->second;
      if (followed.next != place.next || !behind || !followed.behind) followed.since = now;
      followed.next = place.next;
      followed.behind = behind;
      followed.NoteEnd(place.end, now);
      age = std::max(age, followed.Age(now));
    }
  }
  for (const auto& consumer : consumers_) {
    const std::string_view name = consumer->consumer.name();
    consumer->stalled.Set(absl::ToDoubleSeconds(Stalled(name)));
    const auto age = ages.find(name);
    consumer->age.Set(age == ages.end() ? 0 : absl::ToDoubleSeconds(age->second));
  }
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
