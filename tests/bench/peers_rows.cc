#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <unordered_map>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/topic.h"
#include "tests/bench/peer.h"
#include "tests/bench/processes.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

// What Kafka Streams reads where it does not read what the service does, and what it writes to.
constexpr std::string_view kPeerActivities = "finalmile.bench.peer.activities.v1";
constexpr std::string_view kPeerEvents = "finalmile.bench.peer.events.v1";

constexpr std::string_view kStreamsHeap = "1g";
// Milliseconds between commits: the shortest that pays for latency, and what Kafka Streams recommends for
// throughput.
constexpr int kCommitOften = 10;
constexpr int kCommitSeldom = 100;

absl::StatusOr<int64_t> ToNumber(const std::string& text) {
  char* end = nullptr;
  const int64_t number = std::strtoll(text.c_str(), &end, 10);
  if (!text.empty() && *end == '\0') return number;
  return absl::InternalError(fmt::format("\"{}\" is no number", text));
}

// Kafka Streams in a process of its own; its state goes with it.
class Streams {
 public:
  // `name` begins those of its applications; no other one of this run has it.
  static absl::StatusOr<std::unique_ptr<Streams>> Start(World& world, std::string name) {
    RETURN_IF_ERROR(world.events().ApplyTopics(
        {{.name = std::string(kPeerActivities)}, {.name = std::string(kPeerEvents)}},
        world.clock().Steady() + absl::Seconds(30)));
    std::string folder = (std::filesystem::temp_directory_path() / "finalmile-streams-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return absl::InternalError(fmt::format("cannot make {}", folder));
    std::unique_ptr<Streams> streams(new Streams(std::move(name), folder));
    ASSIGN_OR_RETURN(streams->peer_, Peer::Start(world.clock(), "StreamsPeer", kStreamsHeap,
                                                 {world.kafka().bootstrap(), folder}, world.log_path()));
    return streams;
  }
  ~Streams() {
    peer_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // Begins to score a topic from its start, without any state.
  absl::Status Begin(std::string_view input, int commit_ms) {
    RETURN_IF_ERROR(
        peer_->Ask(fmt::format("start {}-{} {} {} {}", name_, ++applications_, input, kPeerEvents, commit_ms))
            .status());
    return peer_->Ask("resume").status();
  }
  // When the first records are committed: how many.
  absl::StatusOr<int64_t> AwaitFirst() {
    ASSIGN_OR_RETURN(const std::string answer, peer_->Ask("first"));
    return ToNumber(answer);
  }
  // When so many are: how many events it has sent.
  absl::StatusOr<int64_t> AwaitCommitted(int64_t records) {
    ASSIGN_OR_RETURN(const std::string answer, peer_->Ask(fmt::format("await {}", records)));
    return ToNumber(answer);
  }
  absl::Status End() { return peer_->Ask("stop").status(); }

 private:
  Streams(std::string name, std::string folder) : name_(std::move(name)), folder_(std::move(folder)) {}

  const std::string name_;
  const std::string folder_;
  std::unique_ptr<Peer> peer_;
  int applications_ = 0;
};

// A backlog of activities, one for each lead, that the service and Kafka Streams read from one topic.
class Backlog {
 public:
  Backlog(World& world, Streams& streams, size_t count)
      : world_(world), streams_(streams), count_(static_cast<int64_t>(count)) {}

  absl::Status Prepare() {
    RETURN_IF_ERROR(world_.Fill(world_.store(), static_cast<size_t>(count_), {}));
    ASSIGN_OR_RETURN(const int64_t before, world_.Consumed());
    if (before != 0) return absl::FailedPreconditionError("the topic of activities has been used already");
    RETURN_IF_ERROR(world_.Execute(world_.store(), {"CREATE TABLE bench_leads AS SELECT * FROM leads"}));
    const absl::Time time = world_.clock().Now() - absl::Hours(1);
    std::vector<events::Message> messages;
    for (int64_t i = 0; i < count_; ++i) {
      // In an order that hops about.
      const std::string lead = LeadId(static_cast<size_t>(i * 2'654'435'761 % count_));
      messages.push_back({outbox::TopicName<leads::v1::Activity>(),
                          "leads/" + lead,
                          ActivityBytes(lead, "page_view", "product", fmt::format("peer-{}", i), time),
                          {}});
      if (messages.size() < 5000 && i + 1 < count_) continue;
      RETURN_IF_ERROR(world_.events().Append(messages, world_.clock().Steady() + kAppendLimit));
      messages.clear();
    }
    return absl::OkStatus();
  }

  absl::Status CleanUp() { return world_.Execute(world_.store(), {"DROP TABLE bench_leads"}); }

  absl::StatusOr<Sample> ByService() {
    RETURN_IF_ERROR(world_.Execute(
        world_.store(), {"TRUNCATE leads, activities, outbox, consumer_offsets",
                         "INSERT INTO leads SELECT * FROM bench_leads", "ANALYZE leads", "CHECKPOINT"}));
    RETURN_IF_ERROR(world_.StartService());
    int64_t first = 0;
    RETURN_IF_ERROR(world_.Await("the first batch", [&]() -> absl::StatusOr<bool> {
      ASSIGN_OR_RETURN(first, world_.Consumed());
      return first > 0;
    }));
    const Since since(world_.clock());
    RETURN_IF_ERROR(world_.AwaitConsumed(count_));
    RETURN_IF_ERROR(world_.AwaitSent());
    const Sample sample = since.Rate(count_ - first);
    world_.StopService();
    // Every lead had one event before.
    ASSIGN_OR_RETURN(const int64_t events,
                     world_.Number(world_.store(), "SELECT CAST(SUM(seq) - COUNT(*) AS BIGINT) FROM leads"));
    RETURN_IF_ERROR(Check(events));
    return sample;
  }

  absl::StatusOr<Sample> ByStreams() {
    RETURN_IF_ERROR(streams_.Begin(outbox::TopicName<leads::v1::Activity>(), kCommitSeldom));
    ASSIGN_OR_RETURN(const int64_t first, streams_.AwaitFirst());
    const Since since(world_.clock());
    ASSIGN_OR_RETURN(const int64_t events, streams_.AwaitCommitted(count_));
    const Sample sample = since.Rate(count_ - first);
    RETURN_IF_ERROR(Check(events));
    RETURN_IF_ERROR(streams_.End());
    return sample;
  }

 private:
  // The time and the CPU of all processes since it was made.
  class Since {
   public:
    explicit Since(Clock& clock) : clock_(clock) {}
    Sample Rate(int64_t records) const {
      const double seconds = absl::ToDoubleSeconds(clock_.Steady() - start_);
      const auto count = static_cast<double>(records);
      return {{"running", count / seconds},
              {"all_cpu", (StartedCpu() - cpu_) * 1e6 / count},
              {"seconds", seconds}};
    }

   private:
    Clock& clock_;
    const double cpu_ = StartedCpu();
    const absl::Duration start_ = clock_.Steady();
  };

  absl::Status Check(int64_t events) const {
    if (events == count_) return absl::OkStatus();
    return absl::DataLossError(fmt::format("{} activities led to {} events", count_, events));
  }

  World& world_;
  Streams& streams_;
  const int64_t count_;
};

// Activities at a fixed rate, every tenth of which takes a lead across; the service and Kafka Streams run
// both, and each has a topic of its own.
class Crossing {
 public:
  Crossing(World& world, Streams& streams) : world_(world), streams_(streams) {}

  absl::StatusOr<Sample> ByService(double rate, double seconds) {
    ASSIGN_OR_RETURN(const int64_t before, world_.Consumed());
    ASSIGN_OR_RETURN(const Sample sample,
                     Send(outbox::TopicName<leads::v1::Activity>(), outbox::TopicName<leads::v1::LeadEvent>(),
                          rate, seconds, next_of_service_));
    RETURN_IF_ERROR(world_.AwaitConsumed(before + static_cast<int64_t>(rate * seconds)));
    RETURN_IF_ERROR(world_.AwaitSent());
    return sample;
  }

  absl::StatusOr<Sample> ByStreams(double rate, double seconds) {
    ASSIGN_OR_RETURN(const Sample sample,
                     Send(std::string(kPeerActivities), kPeerEvents, rate, seconds, next_of_streams_));
    to_streams_ += static_cast<int64_t>(rate * seconds);
    RETURN_IF_ERROR(streams_.AwaitCommitted(to_streams_).status());
    return sample;
  }

  static constexpr size_t kOneIn = 10;
  static constexpr size_t kCrossingLeads = 120'000;
  // So many that few come to the limit of their week and change no more.
  static constexpr size_t kOtherLeads = 150'000;

 private:
  // From when an activity was due to when its event was read.
  absl::StatusOr<Sample> Send(const std::string& input, std::string_view output, double rate, double seconds,
                              size_t& next_lead) {
    const auto count = static_cast<size_t>(rate * seconds);
    std::unordered_map<std::string, size_t> crossing;
    std::vector<events::Message> messages;
    const absl::Time now = world_.clock().Now();
    for (size_t i = 0; i < count; ++i) {
      const bool crosses = i % kOneIn == 0;
      if (crosses && next_lead == kCrossingLeads)
        return absl::ResourceExhaustedError("every lead has crossed already");
      const std::string lead = LeadId(crosses ? next_lead++ : kCrossingLeads + rng_->Below(kOtherLeads));
      if (crosses) crossing["leads/" + lead] = i;
      messages.push_back(
          {input,
           "leads/" + lead,
           ActivityBytes(lead, crosses ? "demo_request" : "page_view", "product",
                         fmt::format("p5-{}-{}", absl::ToUnixMicros(now), i), now - absl::Minutes(1)),
           {}});
    }
    std::vector<absl::Duration> seen(count, absl::ZeroDuration());
    std::atomic<size_t> arrived = 0;
    ASSIGN_OR_RETURN(auto watch,
                     Watch::Start(world_, output, [&](const events::Record& record, absl::Duration at) {
                       leads::v1::LeadEvent event;
                       if (!event.ParseFromString(record.value) || !event.has_lead_became_sales_ready())
                         return;
                       const auto found = crossing.find(record.key);
                       if (found == crossing.end() || seen[found->second] != absl::ZeroDuration()) return;
                       seen[found->second] = at;
                       ++arrived;
                     }));
    const double cpu = StartedCpu();
    const absl::Duration start = world_.clock().Steady() + absl::Milliseconds(20);
    const std::shared_ptr<WaitEvent> wake = world_.clock().NewWaitEvent();
    const auto pause = world_.clock().NewWaitEvent();
    std::vector<std::unique_ptr<Pending>> appends;
    absl::Duration lag;
    for (size_t i = 0; i < count; ++i) {
      const absl::Duration due = start + absl::Seconds(static_cast<double>(i) / rate);
      pause->WaitUntil(due);
      lag = std::max(lag, world_.clock().Steady() - due);
      ASSIGN_OR_RETURN(appends.emplace_back(),
                       world_.events().StartAppend({messages[i]}, due + kAppendLimit, wake));
    }
    for (const auto& append : appends) {
      RETURN_IF_ERROR(Await(*append, *wake, world_.clock().Steady() + kAppendLimit));
    }
    RETURN_IF_ERROR(
        world_.Await("the crossings", [&]() -> absl::StatusOr<bool> { return arrived == crossing.size(); }));
    const double used = StartedCpu() - cpu;
    watch.reset();
    std::vector<double> latencies;
    for (const auto& [lead, i] : crossing) {
      const absl::Duration due = start + absl::Seconds(static_cast<double>(i) / rate);
      latencies.push_back(absl::ToDoubleMilliseconds(seen[i] - due));
    }
    Sample sample = Latencies(latencies);
    sample["all_cpu"] = used * 1e6 / static_cast<double>(count);
    sample["lag"] = absl::ToDoubleMilliseconds(lag);
    return sample;
  }

  World& world_;
  Streams& streams_;
  size_t next_of_service_ = 0;
  size_t next_of_streams_ = 0;
  int64_t to_streams_ = 0;
  const std::unique_ptr<Rng> rng_ = NewSeededRng(5);
};

}  // namespace

absl::Status MeasurePeerBacklog(World& world, const Options& options, Report& report) {
  ASSIGN_OR_RETURN(const auto streams, Streams::Start(world, "backlog"));
  const size_t count = options.full ? 500'000 : 100'000;
  Backlog backlog(world, *streams, count);
  RETURN_IF_ERROR(backlog.Prepare());
  for (double warm = 0; warm < absl::ToDoubleSeconds(PeerWarmUp(options.full));) {
    ASSIGN_OR_RETURN(const Sample sample, backlog.ByStreams());
    warm += sample.at("seconds");
  }
  ASSIGN_OR_RETURN(
      const std::vector<Samples> samples,
      Alternate(options.pairs, {[&] { return backlog.ByService(); }, [&] { return backlog.ByStreams(); }}));
  const std::string work = fmt::format("score {}k activities, from the first batch on", count / 1000);
  const std::string peer = fmt::format("Kafka Streams, exactly once, commit {} ms", kCommitSeldom);
  report.Add({"P4", work, peer, "running", "msg/s", 1}, samples[0], samples[1]);
  report.Add({"P4", "  CPU of all processes", peer, "all_cpu", "µs", {}, 1}, samples[0], samples[1]);
  return backlog.CleanUp();
}

absl::Status MeasurePeerCrossing(World& world, const Options& options, Report& report) {
  ASSIGN_OR_RETURN(const auto streams, Streams::Start(world, "crossing"));
  RETURN_IF_ERROR(world.Fill(world.store(), Crossing::kCrossingLeads + Crossing::kOtherLeads, {}));
  RETURN_IF_ERROR(world.StartService());
  RETURN_IF_ERROR(streams->Begin(kPeerActivities, kCommitOften));
  Crossing crossing(world, *streams);
  const double seconds = options.full ? 15 : 6;
  const std::string peer = fmt::format("Kafka Streams, exactly once, commit {} ms", kCommitOften);
  double lag = 0;
  for (const double rate : {1000.0, 2000.0}) {
    if (rate > 1000 && !options.full) continue;
    RETURN_IF_ERROR(crossing.ByStreams(rate, absl::ToDoubleSeconds(PeerWarmUp(options.full))).status());
    ASSIGN_OR_RETURN(const std::vector<Samples> samples,
                     Alternate(options.pairs, {[&] { return crossing.ByService(rate, seconds); },
                                               [&] { return crossing.ByStreams(rate, seconds); }}));
    const std::string work = fmt::format("activity to LeadBecameSalesReady, {:g}/s", rate);
    report.Add({"P5", work + ", p50", peer, "p50", "ms", {}, 0.3}, samples[0], samples[1]);
    report.Add({"P5", work + ", p99", peer, "p99", "ms", {}, 0.3}, samples[0], samples[1]);
    report.Add({"P5", "  CPU of all processes", peer, "all_cpu", "µs"}, samples[0], samples[1]);
    for (const Samples& each : samples) {
      for (const Sample& sample : each) lag = std::max(lag, sample.at("lag"));
    }
  }
  world.StopService();
  report.Note(
      fmt::format("P5: one activity in {} crosses; times count from when it was due, and the sender was at "
                  "most {:.1f} ms late.",
                  Crossing::kOneIn, lag));
  return streams->End();
}

}  // namespace finalmile::bench
