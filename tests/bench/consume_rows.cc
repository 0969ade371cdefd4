#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr absl::Duration kAppendLimit = absl::Minutes(1);

// One thread that does by hand what scoring a batch comes to, from rows that stand ready in memory.
class HandWritten {
 public:
  // Takes over what the service has made of the backlog, cut as the service cut it.
  absl::Status Learn(World& world, std::vector<storage::Row> events) {
    ASSIGN_OR_RETURN(TableRows outbox, world.Capture(world.twin(), "outbox"));
    outbox.rows = std::move(events);
    ASSIGN_OR_RETURN(TableRows activities, world.Capture(world.store(), "activities"));
    ASSIGN_OR_RETURN(int64_t batches,
                     world.Number(world.store(), "SELECT COUNT(DISTINCT record_time) FROM activities"));
    batch_ = (activities.rows.size() + static_cast<size_t>(batches) - 1) / static_cast<size_t>(batches);
    storage::Result scores;
    RETURN_IF_ERROR(world.store().Transact(
        {.deadline = world.clock().Steady() + absl::Minutes(2), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(
              scores,
              transaction.Execute(
                  "SELECT id, seq, short_value, short_time, short_key, long_value, long_time, long_key, "
                  "limits, grade, due_time FROM leads"));
          return absl::OkStatus();
        }));
    std::map<std::string, storage::Row> by_lead;
    for (storage::Row& row : scores.rows) by_lead.emplace(row.Text(0), std::move(row));
    insert_activities_ = activities.insert;
    activities_ = activities.Batches(batch_);
    for (const auto& batch : activities_) {
      auto& updates = scores_.emplace_back();
      for (const storage::Row& activity : batch) updates.push_back(by_lead.at(activity.Text(2)));
    }
    insert_outbox_ = outbox.insert;
    outbox_ = outbox.Batches((outbox.rows.size() + activities_.size() - 1) / activities_.size());
    return absl::OkStatus();
  }

  bool ready() const { return !activities_.empty(); }
  size_t batch() const { return batch_; }

  absl::StatusOr<Sample> Run(World& world, bool with_outbox, size_t count) {
    const OnServiceCore pinned;
    const double cpu = ThreadCpu();
    const absl::Duration start = world.clock().Steady();
    for (size_t i = 0; i < activities_.size(); ++i) {
      RETURN_IF_ERROR(world.twin().Transact(
          {.deadline = world.clock().Steady() + absl::Minutes(1)},
          [&](storage::Transaction& transaction) -> absl::Status {
            std::vector<storage::Row> offsets;
            for (int64_t partition = 0; partition < 12; ++partition) {
              offsets.emplace_back(std::vector<storage::Value>{partition, static_cast<int64_t>(i + 1)});
            }
            RETURN_IF_ERROR(
                transaction
                    .ExecuteMany(
                        "UPDATE consumer_offsets SET next_offset = r.next FROM {rows: partition BIGINT, "
                        "next BIGINT} AS r WHERE consumer_offsets.partition = r.partition",
                        offsets)
                    .status());
            RETURN_IF_ERROR(transaction.ExecuteMany(insert_activities_, activities_[i]).status());
            RETURN_IF_ERROR(transaction
                                .ExecuteMany("UPDATE leads SET seq = r.seq, short_value = r.short_value, "
                                             "short_time = r.short_time, "
                                             "short_key = r.short_key, long_value = r.long_value, long_time "
                                             "= r.long_time, long_key = "
                                             "r.long_key, limits = r.limits, grade = r.grade, due_time = "
                                             "r.due_time FROM {rows: id TEXT, "
                                             "seq BIGINT, short_value DOUBLE, short_time BIGINT, short_key "
                                             "DOUBLE, long_value DOUBLE, "
                                             "long_time BIGINT, long_key DOUBLE, limits BYTES, grade TEXT, "
                                             "due_time BIGINT} AS r WHERE "
                                             "leads.id = r.id",
                                             scores_[i])
                                .status());
            if (!with_outbox || i >= outbox_.size()) return absl::OkStatus();
            return transaction.ExecuteMany(insert_outbox_, outbox_[i]).status();
          }));
    }
    const double seconds = absl::ToDoubleSeconds(world.clock().Steady() - start);
    const auto operations = static_cast<double>(count);
    return Sample{{"rate", operations / seconds}, {"cpu", (ThreadCpu() - cpu) * 1e6 / operations}};
  }

 private:
  size_t batch_ = 0;
  std::string insert_activities_;
  std::string insert_outbox_;
  std::vector<std::vector<storage::Row>> activities_;
  std::vector<std::vector<storage::Row>> scores_;
  std::vector<std::vector<storage::Row>> outbox_;
};

// Leads as they were before the backlog, and the place in the topic.
std::vector<std::string> Rewind() {
  return {"TRUNCATE leads, activities, outbox, consumer_offsets",
          "INSERT INTO leads SELECT * FROM bench_leads",
          "INSERT INTO consumer_offsets SELECT * FROM bench_offsets", "ANALYZE leads", "CHECKPOINT"};
}

class Backlog {
 public:
  Backlog(World& world, size_t count) : world_(world), count_(count) {}

  absl::Status Prepare() {
    for (storage::Database* database : {&world_.store(), &world_.twin()}) {
      RETURN_IF_ERROR(world_.Fill(*database, count_, {}));
    }
    // Once round with nothing to do, so that every partition has its row.
    RETURN_IF_ERROR(world_.StartService());
    RETURN_IF_ERROR(world_.Await("taking over the partitions", [&]() -> absl::StatusOr<bool> {
      ASSIGN_OR_RETURN(int64_t rows, world_.Number(world_.store(), "SELECT COUNT(*) FROM consumer_offsets"));
      return rows == 12;
    }));
    world_.StopService();
    ASSIGN_OR_RETURN(first_, world_.Consumed());
    ASSIGN_OR_RETURN(TableRows offsets, world_.Capture(world_.store(), "consumer_offsets"));
    offsets_ = offsets.rows;
    RETURN_IF_ERROR(world_.twin().Transact(
        {.deadline = world_.clock().Steady() + kAppendLimit}, [&](storage::Transaction& transaction) {
          return transaction.ExecuteMany(offsets.insert, offsets.rows).status();
        }));
    for (storage::Database* database : {&world_.store(), &world_.twin()}) {
      RETURN_IF_ERROR(
          world_.Execute(*database, {"CREATE TABLE bench_leads AS SELECT * FROM leads",
                                     "CREATE TABLE bench_offsets AS SELECT * FROM consumer_offsets"}));
    }
    return Append();
  }

  absl::Status CleanUp() {
    for (storage::Database* database : {&world_.store(), &world_.twin()}) {
      RETURN_IF_ERROR(world_.Execute(*database, {"DROP TABLE bench_leads", "DROP TABLE bench_offsets"}));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Sample> Service() {
    RETURN_IF_ERROR(world_.Execute(world_.store(), Rewind()));
    const bool learn = !by_hand_.ready();
    std::unique_ptr<SentEvents> sent;
    if (learn) {
      ASSIGN_OR_RETURN(sent, SentEvents::Start(world_));
    }
    const absl::Duration start = world_.clock().Steady();
    RETURN_IF_ERROR(world_.StartService());
    const double cpu = world_.ServiceCpu();
    absl::Duration first_at;
    int64_t at_first = 0;
    RETURN_IF_ERROR(world_.Await("the first batch", [&]() -> absl::StatusOr<bool> {
      ASSIGN_OR_RETURN(at_first, world_.Consumed());
      first_at = world_.clock().Steady();
      return at_first > first_;
    }));
    const int64_t target = first_ + static_cast<int64_t>(count_);
    RETURN_IF_ERROR(world_.AwaitConsumed(target));
    const absl::Duration end = world_.clock().Steady();
    const double used = world_.ServiceCpu() - cpu;
    if (learn) RETURN_IF_ERROR(world_.AwaitSent());
    world_.StopService();
    ASSIGN_OR_RETURN(int64_t stored, world_.Number(world_.store(), "SELECT COUNT(*) FROM activities"));
    if (stored != static_cast<int64_t>(count_)) {
      return absl::DataLossError(fmt::format("{} of {} activities are stored", stored, count_));
    }
    if (learn) {
      // Every lead had one event before.
      ASSIGN_OR_RETURN(
          int64_t events,
          world_.Number(world_.store(), "SELECT CAST(SUM(seq) - COUNT(*) AS BIGINT) FROM leads"));
      ASSIGN_OR_RETURN(std::vector<storage::Row> rows, sent->Take(world_, events));
      RETURN_IF_ERROR(by_hand_.Learn(world_, std::move(rows)));
    }
    const auto count = static_cast<double>(count_);
    return Sample{{"rate", count / absl::ToDoubleSeconds(end - start)},
                  {"running", static_cast<double>(target - at_first) / absl::ToDoubleSeconds(end - first_at)},
                  {"cpu", used * 1e6 / count}};
  }

  absl::StatusOr<Sample> ByHand(bool with_outbox) {
    RETURN_IF_ERROR(world_.Execute(world_.twin(), Rewind()));
    ASSIGN_OR_RETURN(Sample sample, by_hand_.Run(world_, with_outbox, count_));
    sample["running"] = sample["rate"];
    return sample;
  }

  absl::StatusOr<Sample> BareConsume() {
    const OnServiceCore pinned;
    const auto wake = world_.clock().NewEvent();
    ASSIGN_OR_RETURN(auto member, world_.events().Join(fmt::format("bench-{}", ++group_),
                                                       {std::string(kActivitiesTopic)}, *wake));
    size_t records = 0;
    absl::Duration start;
    absl::Status status = world_.Await("consuming", [&]() -> absl::StatusOr<bool> {
      for (;;) {
        wake->Clear();
        ASSIGN_OR_RETURN(events::Polled polled, member->Poll(2000));
        if (polled.assigned) {
          std::vector<events::PartitionOffset> offsets;
          for (const storage::Row& row : offsets_) {
            offsets.push_back({{row.Text(1), static_cast<int32_t>(row.Int(2))}, row.Int(3)});
          }
          RETURN_IF_ERROR(member->Start(offsets));
          start = world_.clock().Steady();
        }
        records += polled.records.size();
        if (records >= count_) return true;
        if (polled.records.empty()) wake->WaitUntil(world_.clock().Steady() + absl::Milliseconds(100));
      }
    });
    RETURN_IF_ERROR(status);
    return Sample{
        {"rate", static_cast<double>(count_) / absl::ToDoubleSeconds(world_.clock().Steady() - start)}};
  }

  size_t batch() const { return by_hand_.batch(); }

 private:
  absl::Status Append() {
    const absl::Time time = world_.clock().Now() - absl::Hours(1);
    const std::string run = fmt::format("p4-{}", absl::ToUnixMicros(time));
    std::vector<events::Message> messages;
    for (size_t i = 0; i < count_; ++i) {
      // Every lead once, in an order that hops about.
      const std::string lead = LeadId(i * 2'654'435'761 % count_);
      messages.push_back({std::string(kActivitiesTopic),
                          "leads/" + lead,
                          ActivityBytes(lead, "page_view", "product", fmt::format("{}-{}", run, i), time),
                          {}});
      if (messages.size() < 5000 && i + 1 < count_) continue;
      RETURN_IF_ERROR(world_.events().Append(messages, world_.clock().Steady() + kAppendLimit));
      messages.clear();
    }
    return absl::OkStatus();
  }

  World& world_;
  const size_t count_;
  // Activities in the topic before the backlog, and per partition.
  int64_t first_ = 0;
  std::vector<storage::Row> offsets_;
  HandWritten by_hand_;
  int group_ = 0;
};

}  // namespace

absl::Status MeasureBacklog(World& world, const Options& options, Report& report) {
  const size_t count = options.full ? 500'000 : 40'000;
  Backlog backlog(world, count);
  RETURN_IF_ERROR(backlog.Prepare());
  ASSIGN_OR_RETURN(std::vector<Samples> samples,
                   Alternate(options.pairs,
                             {[&] { return backlog.Service(); }, [&] { return backlog.ByHand(false); },
                              [&] { return backlog.ByHand(true); }, [&] { return backlog.BareConsume(); }}));
  const std::string work = fmt::format("score a backlog of {}k activities", count / 1000);
  // The events' rows belong to the reference: without them it would leave less behind than the service does.
  const std::string by_hand =
      fmt::format("ledger, scores, outbox and offsets by hand, {} a batch", backlog.batch());
  report.Add({"P4", work, by_hand, "rate", "msg/s", 0.8}, samples[0], samples[2]);
  report.Add({"P4", "  from the first batch on", by_hand, "running", "msg/s"}, samples[0], samples[2]);
  report.Add({"P4", "  from the first batch on", "the same without the outbox rows", "running", "msg/s"},
             samples[0], samples[1]);
  report.Add({"P4", "  whole", "bare batch consume of the topic", "rate", "msg/s"}, samples[0], samples[3]);
  return backlog.CleanUp();
}

namespace {

// Activities at a fixed rate, every tenth of which takes a lead across.
class Crossing {
 public:
  Crossing(World& world, double rate, double seconds)
      : world_(world), rate_(rate), count_(static_cast<size_t>(rate * seconds)) {}

  absl::StatusOr<Sample> Service() {
    std::vector<absl::Duration> seen(count_, absl::ZeroDuration());
    std::vector<absl::Duration> started(count_, absl::ZeroDuration());
    std::vector<absl::Time> taken(count_);
    std::vector<absl::Time> sent(count_);
    std::map<std::string, size_t> crossing;
    std::vector<events::Message> messages;
    const absl::Time now = world_.clock().Now();
    for (size_t i = 0; i < count_; ++i) {
      const bool crosses = i % kOneIn == 0;
      const std::string lead = LeadId(crosses ? next_lead_++ : kCrossingLeads + rng_->Below(kOtherLeads));
      if (crosses) crossing["leads/" + lead] = i;
      messages.push_back(
          {std::string(kActivitiesTopic),
           "leads/" + lead,
           ActivityBytes(lead, crosses ? "demo_request" : "page_view", "product",
                         fmt::format("p5-{}-{}", absl::ToUnixMicros(now), i), now - absl::Minutes(1)),
           {}});
    }
    std::atomic<size_t> arrived = 0;
    ASSIGN_OR_RETURN(
        auto watch, Watch::Start(world_, kEventsTopic, [&](const events::Record& record, absl::Duration at) {
          leads::v1::LeadEvent event;
          if (!event.ParseFromString(record.value) || !event.has_lead_became_sales_ready()) return;
          const auto found = crossing.find(record.key);
          if (found == crossing.end() || seen[found->second] != absl::ZeroDuration()) return;
          seen[found->second] = at;
          taken[found->second] =
              absl::FromUnixMicros(event.time().seconds() * 1'000'000 + event.time().nanos() / 1000);
          sent[found->second] = record.time;
          ++arrived;
        }));
    const double cpu = world_.ServiceCpu();
    const absl::Duration start = world_.clock().Steady() + absl::Milliseconds(20);
    const absl::Time start_time = world_.clock().Now() + absl::Milliseconds(20);
    std::atomic<bool> failed = false;
    std::vector<std::thread> senders;
    std::vector<absl::Duration> lags(kSenders, absl::ZeroDuration());
    for (size_t sender = 0; sender < kSenders; ++sender) {
      senders.emplace_back([&, sender] {
        const auto pause = world_.clock().NewEvent();
        for (size_t i = sender; i < count_; i += kSenders) {
          const absl::Duration due = start + absl::Seconds(static_cast<double>(i) / rate_);
          pause->WaitUntil(due);
          started[i] = world_.clock().Steady();
          lags[sender] = std::max(lags[sender], started[i] - due);
          if (!world_.events().Append({messages[i]}, due + kAppendLimit).ok()) failed = true;
        }
      });
    }
    for (std::thread& sender : senders) sender.join();
    if (failed) return absl::UnavailableError("an activity could not be appended");
    RETURN_IF_ERROR(
        world_.Await("the crossings", [&]() -> absl::StatusOr<bool> { return arrived == crossing.size(); }));
    const double used = world_.ServiceCpu() - cpu;
    watch.reset();
    std::vector<double> latencies;
    std::vector<double> until_taken;
    std::vector<double> until_sent;
    for (const auto& [lead, i] : crossing) {
      const absl::Time at = start_time + (started[i] - start);
      until_taken.push_back(absl::ToDoubleMilliseconds(taken[i] - at));
      until_sent.push_back(absl::ToDoubleMilliseconds(sent[i] - at));
      latencies.push_back(absl::ToDoubleMilliseconds(seen[i] - started[i]));
    }
    Sample sample = Latencies(latencies);
    sample["taken"] = Percentile(until_taken, 0.5);
    sample["sent"] = Percentile(until_sent, 0.5);
    sample["cpu"] = used * 1e6 / static_cast<double>(count_);
    sample["lag"] = absl::ToDoubleMilliseconds(*std::max_element(lags.begin(), lags.end()));
    RETURN_IF_ERROR(world_.AwaitSent());
    return sample;
  }

  // One at a time: produce and see it, commit what an activity commits, produce and see it again.
  absl::StatusOr<Sample> ByHand() {
    std::atomic<int64_t> seen_at = 0;
    const auto seen = world_.clock().NewEvent();
    ASSIGN_OR_RETURN(auto watch,
                     Watch::Start(world_, kRawTopic, [&](const events::Record&, absl::Duration at) {
                       seen_at = absl::ToInt64Nanoseconds(at);
                       seen->Set();
                     }));
    const absl::Time now = world_.clock().Now();
    auto round_trip = [&](const std::string& lead) -> absl::StatusOr<absl::Duration> {
      const events::Message message{std::string(kRawTopic),
                                    "leads/" + lead,
                                    ActivityBytes(lead, "demo_request", "product", "raw", now),
                                    {}};
      seen->Clear();
      const absl::Duration start = world_.clock().Steady();
      RETURN_IF_ERROR(world_.events().Append({message}, start + kAppendLimit));
      if (!seen->WaitUntil(start + kAppendLimit))
        return absl::DeadlineExceededError("a raw record did not arrive");
      return absl::Nanoseconds(seen_at.load()) - start;
    };
    std::vector<double> latencies;
    for (size_t i = 0; i < kByHand; ++i) {
      const std::string lead = LeadId(i);
      ASSIGN_OR_RETURN(const absl::Duration first, round_trip(lead));
      const absl::Duration start = world_.clock().Steady();
      RETURN_IF_ERROR(world_.twin().Transact(
          {.deadline = start + kAppendLimit}, [&](storage::Transaction& transaction) -> absl::Status {
            RETURN_IF_ERROR(transaction
                                .Execute("INSERT INTO activities VALUES ('web', $1, $2, 'demo_request', 0, "
                                         "0, 'product', 1, 0, "
                                         "FALSE, FALSE, '')",
                                         {fmt::format("raw-{}-{}", absl::ToUnixMicros(now), i), lead})
                                .status());
            return transaction
                .Execute("UPDATE leads SET seq = seq + 1, last_hand_raise = 1 WHERE id = $1", {lead})
                .status();
          }));
      const absl::Duration commit = world_.clock().Steady() - start;
      ASSIGN_OR_RETURN(const absl::Duration second, round_trip(lead));
      latencies.push_back(absl::ToDoubleMilliseconds(first + commit + second));
    }
    return Latencies(latencies);
  }

  static constexpr size_t kOneIn = 10;
  static constexpr size_t kCrossingLeads = 60'000;
  static constexpr size_t kOtherLeads = 20'000;

 private:
  static constexpr size_t kSenders = 16;
  static constexpr size_t kByHand = 300;

  World& world_;
  const double rate_;
  const size_t count_;
  size_t next_lead_ = 0;
  const std::unique_ptr<Rng> rng_ = NewSeededRng(5);
};

}  // namespace

absl::Status MeasureCrossing(World& world, const Options& options, Report& report) {
  const double rate = options.full ? 2000 : 500;
  for (storage::Database* database : {&world.store(), &world.twin()}) {
    RETURN_IF_ERROR(world.Fill(*database, Crossing::kCrossingLeads + Crossing::kOtherLeads, {}));
  }
  RETURN_IF_ERROR(world.StartService());
  Crossing crossing(world, rate, options.full ? 15 : 6);
  ASSIGN_OR_RETURN(
      std::vector<Samples> samples,
      Alternate(options.pairs, {[&] { return crossing.Service(); }, [&] { return crossing.ByHand(); }}));
  world.StopService();
  const std::string work = fmt::format("activity to LeadBecameSalesReady, {:g}/s", rate);
  const std::string by_hand = "two raw produce-consume round trips and a commit, one at a time";
  report.Add({"P5", work + ", p50", by_hand, "p50", "ms", {}, 1.3}, samples[0], samples[1]);
  report.Add({"P5", work + ", p99", by_hand, "p99", "ms", {}, 2}, samples[0], samples[1]);
  double lag = 0;
  for (const Sample& sample : samples[0]) lag = std::max(lag, sample.at("lag"));
  report.Note(
      fmt::format("P5: the median activity of the last run is taken into its batch after {:.1f} ms and its "
                  "event is in the topic after {:.1f} ms.",
                  samples[0].back().at("taken"), samples[0].back().at("sent")));
  report.Note(
      fmt::format("P5: one activity in {} crosses; times count from its append, at most {:.1f} ms late.",
                  Crossing::kOneIn, lag));
  return absl::OkStatus();
}

}  // namespace finalmile::bench
