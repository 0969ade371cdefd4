#include <fmt/format.h>

#include <algorithm>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/topic.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

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
                        "next BIGINT} AS r WHERE consumer_offsets.consumer = 'leads.activities' AND "
                        "consumer_offsets.partition = r.partition",
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
      ASSIGN_OR_RETURN(
          int64_t rows,
          world_.Number(world_.store(),
                        "SELECT COUNT(*) FROM consumer_offsets WHERE consumer = 'leads.activities'"));
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
    const auto wake = world_.clock().NewWaitEvent();
    ASSIGN_OR_RETURN(auto member, world_.events().Join(fmt::format("bench-{}", ++group_),
                                                       {outbox::TopicName<leads::v1::Activity>()}, *wake));
    size_t records = 0;
    absl::Duration start;
    absl::Status status = world_.Await("consuming", [&]() -> absl::StatusOr<bool> {
      for (;;) {
        wake->Clear();
        ASSIGN_OR_RETURN(events::Polled polled, member->Poll(2000));
        if (polled.assigned) {
          std::vector<events::PartitionOffset> offsets;
          for (const storage::Row& row : offsets_) {
            if (row.Text(0) != "leads.activities") continue;
            offsets.push_back({{row.Text(1), static_cast<int32_t>(row.Int(2))}, row.Int(3)});
          }
          RETURN_IF_ERROR(member->Start(offsets));
          start = world_.clock().Steady();
        }
        records += polled.records.size();
        if (records >= count_) return true;
        if (!polled.records.empty()) continue;
        wake->WaitUntil(world_.clock().Steady() + absl::Milliseconds(100));
        return false;
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
      messages.push_back({outbox::TopicName<leads::v1::Activity>(),
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
}  // namespace finalmile::bench
