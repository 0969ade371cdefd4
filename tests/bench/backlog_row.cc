#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/topic.h"
#include "tests/bench/processes.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr std::string_view kMoveOffsets = R"sql(
UPDATE consumer_offsets SET next_offset = r.next
FROM {rows: partition BIGINT, next BIGINT} AS r
WHERE consumer_offsets.consumer = 'leads.activities' AND consumer_offsets.partition = r.partition)sql";
constexpr std::string_view kUpdateScores = R"sql(
UPDATE leads SET seq = r.seq, short_value = r.short_value, short_time = r.short_time, short_key = r.short_key,
  long_value = r.long_value, long_time = r.long_time, long_key = r.long_key, limits = r.limits, grade = r.grade,
  due_time = r.due_time
FROM {rows: id TEXT, seq BIGINT, short_value DOUBLE, short_time BIGINT, short_key DOUBLE, long_value DOUBLE,
  long_time BIGINT, long_key DOUBLE, limits BYTES, grade TEXT, due_time BIGINT} AS r
WHERE leads.id = r.id)sql";

// What scoring a batch comes to, by hand, from rows that stand ready in memory.
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

  // Two sessions, as the service's members have: each takes every second batch and half of the partitions.
  absl::StatusOr<Sample> Run(World& world, size_t count) {
    const OnServiceCore pinned;
    const CpuUsed before = CpuBeside(0);
    absl::Status failures[kSessions];
    double cpu[kSessions];
    const absl::Duration start = world.clock().Steady();
    std::vector<std::thread> sessions;
    for (size_t session = 0; session < kSessions; ++session) {
      sessions.emplace_back([&, session] {
        for (size_t i = session; i < activities_.size() && failures[session].ok(); i += kSessions)
          failures[session] = Write(world, session, i);
        cpu[session] = ThreadCpu();
      });
    }
    for (std::thread& session : sessions) session.join();
    for (const absl::Status& failure : failures) RETURN_IF_ERROR(failure);
    const double seconds = absl::ToDoubleSeconds(world.clock().Steady() - start);
    const CpuUsed after = CpuBeside(std::accumulate(std::begin(cpu), std::end(cpu), 0.0));
    const auto operations = static_cast<double>(count);
    Sample sample{{"rate", operations / seconds}};
    AddCpu(before, after, operations, sample);
    return sample;
  }

 private:
  static constexpr size_t kSessions = 2;

  // One batch in one transaction, whose statements all go out with the commit.
  absl::Status Write(World& world, size_t session, size_t batch) {
    std::vector<storage::Row> offsets;
    for (auto partition = static_cast<int64_t>(session); partition < 12; partition += kSessions)
      offsets.emplace_back(std::vector<storage::Value>{partition, static_cast<int64_t>(batch + 1)});
    return world.twin().Transact(
        {.deadline = world.clock().Steady() + absl::Minutes(1)},
        [&](storage::Transaction& transaction) -> absl::Status {
          RETURN_IF_ERROR(transaction.DeferMany(kMoveOffsets, offsets).status());
          RETURN_IF_ERROR(transaction.DeferMany(insert_activities_, activities_[batch]).status());
          RETURN_IF_ERROR(transaction.DeferMany(kUpdateScores, scores_[batch]).status());
          if (batch >= outbox_.size()) return absl::OkStatus();
          return transaction.DeferMany(insert_outbox_, outbox_[batch]).status();
        });
  }

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
    if (by_hand_.ready()) return Take(first_);
    ASSIGN_OR_RETURN(const auto sent, SentEvents::Start(world_));
    ASSIGN_OR_RETURN(Sample sample, Take(first_));
    // Every lead had one event before.
    ASSIGN_OR_RETURN(const int64_t events,
                     world_.Number(world_.store(), "SELECT CAST(SUM(seq) - COUNT(*) AS BIGINT) FROM leads"));
    ASSIGN_OR_RETURN(std::vector<storage::Row> rows, sent->Take(world_, events));
    RETURN_IF_ERROR(by_hand_.Learn(world_, std::move(rows)));
    return sample;
  }

  // The service is stopped when it has taken a tenth, and started again.
  absl::StatusOr<Sample> Replay() {
    RETURN_IF_ERROR(world_.Execute(world_.store(), Rewind()));
    RETURN_IF_ERROR(world_.StartService());
    RETURN_IF_ERROR(world_.AwaitConsumed(first_ + static_cast<int64_t>(count_ / 10)));
    world_.StopService();
    ASSIGN_OR_RETURN(const int64_t taken, world_.Consumed());
    return Take(taken);
  }

  absl::StatusOr<Sample> ByHand() {
    RETURN_IF_ERROR(world_.Execute(world_.twin(), Rewind()));
    ASSIGN_OR_RETURN(Sample sample, by_hand_.Run(world_, count_));
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
  // Starts the service on what is left of the backlog; it has taken `taken` of the topic so far.
  absl::StatusOr<Sample> Take(int64_t taken) {
    const int64_t target = first_ + static_cast<int64_t>(count_);
    const absl::Duration start = world_.clock().Steady();
    RETURN_IF_ERROR(world_.StartService());
    const CpuUsed before = CpuOf(world_.service_pid());
    absl::Duration first_at;
    int64_t at_first = 0;
    RETURN_IF_ERROR(world_.Await("the first batch", [&]() -> absl::StatusOr<bool> {
      ASSIGN_OR_RETURN(at_first, world_.Consumed());
      first_at = world_.clock().Steady();
      return at_first > taken;
    }));
    RETURN_IF_ERROR(world_.AwaitConsumed(target));
    const absl::Duration end = world_.clock().Steady();
    RETURN_IF_ERROR(world_.AwaitSent());
    const CpuUsed after = CpuOf(world_.service_pid());
    world_.StopService();
    ASSIGN_OR_RETURN(int64_t stored, world_.Number(world_.store(), "SELECT COUNT(*) FROM activities"));
    if (stored != static_cast<int64_t>(count_)) {
      return absl::DataLossError(fmt::format("{} of {} activities are stored", stored, count_));
    }
    const auto count = static_cast<double>(target - taken);
    Sample sample{
        {"rate", count / absl::ToDoubleSeconds(end - start)},
        {"running", static_cast<double>(target - at_first) / absl::ToDoubleSeconds(end - first_at)}};
    AddCpu(before, after, count, sample);
    return sample;
  }

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
  ASSIGN_OR_RETURN(
      std::vector<Samples> samples,
      Alternate(options.pairs, {[&] { return backlog.Service(); }, [&] { return backlog.ByHand(); },
                                [&] { return backlog.Replay(); }, [&] { return backlog.BareConsume(); }}));
  const std::string work = fmt::format("score a backlog of {}k activities", count / 1000);
  const std::string by_hand = fmt::format(
      "ledger, scores, outbox and offsets by hand, two sessions, {} a batch in one flush", backlog.batch());
  report.AddWholeCpu("P4", "CPU of all processes for an activity, its event sent", by_hand, samples[0],
                     samples[1]);
  report.Add({"P4", work, by_hand, "rate", "msg/s", 0.6}, samples[0], samples[1]);
  report.Add({"P4", "  from the first batch on", by_hand, "running", "msg/s"}, samples[0], samples[1]);
  report.Add({"P4", "  whole", "bare batch consume of the topic", "rate", "msg/s"}, samples[0], samples[3]);
  report.Add({"P10", "the same after a restart amid the backlog", "P4", "rate", "msg/s", 0.9}, samples[2],
             samples[0]);
  return backlog.CleanUp();
}
}  // namespace finalmile::bench
