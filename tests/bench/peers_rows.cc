#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <unordered_map>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/topic.h"
#include "tests/bench/peer.h"
#include "tests/bench/rows.h"
#include "tests/bench/search_load.h"

namespace finalmile::bench {
namespace {

// What Kafka Streams reads where it does not read what the service does, and what it writes to.
constexpr std::string_view kPeerActivities = "finalmile.bench.peer.activities.v1";
constexpr std::string_view kPeerEvents = "finalmile.bench.peer.events.v1";

constexpr std::string_view kStreamsHeap = "1g";
constexpr std::string_view kLuceneHeap = "2g";
// Of commits, as Kafka Streams recommends for throughput, and the shortest that pays for latency.
constexpr int kCommitOften = 10;
constexpr int kCommitSeldom = 100;

// How long a peer is under load before anything counts: HotSpot compiles meanwhile.
absl::Duration WarmUpTime(const Options& options) { return absl::Seconds(options.full ? 120 : 60); }

absl::StatusOr<int64_t> ToNumber(const std::string& text) {
  char* end = nullptr;
  const int64_t number = std::strtoll(text.c_str(), &end, 10);
  if (!text.empty() && *end == '\0') return number;
  return absl::InternalError(fmt::format("\"{}\" is no number", text));
}

// Kafka Streams in a process of its own; its state goes with it.
class Streams {
 public:
  static absl::StatusOr<std::unique_ptr<Streams>> Start(World& world) {
    RETURN_IF_ERROR(world.events().ApplyTopics(
        {{.name = std::string(kPeerActivities)}, {.name = std::string(kPeerEvents)}},
        world.clock().Steady() + absl::Seconds(30)));
    std::string folder = (std::filesystem::temp_directory_path() / "finalmile-streams-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return absl::InternalError(fmt::format("cannot make {}", folder));
    std::unique_ptr<Streams> streams(new Streams(folder));
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
    RETURN_IF_ERROR(peer_
                        ->Ask(fmt::format("start bench-streams-{} {} {} {}", ++applications_, input,
                                          kPeerEvents, commit_ms))
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
  explicit Streams(std::string folder) : folder_(std::move(folder)) {}

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
    const auto wake = world_.clock().NewWaitEvent();
    const auto pause = world_.clock().NewWaitEvent();
    std::vector<std::unique_ptr<Pending>> appends;
    absl::Duration lag;
    for (size_t i = 0; i < count; ++i) {
      const absl::Duration due = start + absl::Seconds(static_cast<double>(i) / rate);
      pause->WaitUntil(due);
      lag = std::max(lag, world_.clock().Steady() - due);
      ASSIGN_OR_RETURN(appends.emplace_back(),
                       world_.events().StartAppend({messages[i]}, due + kAppendLimit, *wake));
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

// Lucene in a process of its own, with the documents of the catalog's index.
class Lucene {
 public:
  static absl::StatusOr<std::unique_ptr<Lucene>> Start(World& world, SearchLoad& search,
                                                       const std::string& folder) {
    const std::string documents = folder + "/documents.jsonl";
    std::unique_ptr<Lucene> lucene(new Lucene(folder + "/queries.txt"));
    RETURN_IF_ERROR(search.Export(documents, lucene->queries_));
    ASSIGN_OR_RETURN(lucene->peer_, Peer::Start(world.clock(), "LucenePeer", kLuceneHeap,
                                                {folder + "/lucene"}, world.log_path()));
    RETURN_IF_ERROR(lucene->peer_->Ask("index " + documents).status());
    return lucene;
  }

  // Every query once; `same` counts those that find as many documents as ours do.
  absl::StatusOr<Sample> Run(const std::vector<int64_t>& ours) {
    ASSIGN_OR_RETURN(const std::string answer, peer_->Ask("run " + queries_));
    std::istringstream words(answer);
    double cpu = 0;
    words >> cpu;
    std::vector<double> latencies;
    double same = 0;
    double micros = 0;
    char colon = 0;
    for (int64_t total = 0; words >> micros >> colon >> total;) {
      const size_t i = latencies.size();
      same += i < ours.size() && std::min(total, SearchLoad::kMostTotal) == ours[i] ? 1 : 0;
      latencies.push_back(micros / 1e3);
    }
    if (latencies.empty()) return absl::InternalError("Lucene answered no query");
    Sample sample = Latencies(latencies);
    sample["cpu"] = cpu / static_cast<double>(latencies.size());
    sample["same"] = same / static_cast<double>(latencies.size());
    return sample;
  }

 private:
  explicit Lucene(std::string queries) : queries_(std::move(queries)) {}

  const std::string queries_;
  std::unique_ptr<Peer> peer_;
};

}  // namespace

absl::Status MeasurePeerBacklog(World& world, const Options& options, Report& report) {
  ASSIGN_OR_RETURN(const auto streams, Streams::Start(world));
  const size_t count = options.full ? 500'000 : 100'000;
  Backlog backlog(world, *streams, count);
  RETURN_IF_ERROR(backlog.Prepare());
  for (double warm = 0; warm < absl::ToDoubleSeconds(WarmUpTime(options));) {
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
  ASSIGN_OR_RETURN(const auto streams, Streams::Start(world));
  RETURN_IF_ERROR(world.Fill(world.store(), Crossing::kCrossingLeads + Crossing::kOtherLeads, {}));
  RETURN_IF_ERROR(world.StartService());
  RETURN_IF_ERROR(streams->Begin(kPeerActivities, kCommitOften));
  Crossing crossing(world, *streams);
  const double seconds = options.full ? 15 : 6;
  const std::string peer = fmt::format("Kafka Streams, exactly once, commit {} ms", kCommitOften);
  double lag = 0;
  for (const double rate : {1000.0, 2000.0}) {
    if (rate > 1000 && !options.full) continue;
    RETURN_IF_ERROR(crossing.ByStreams(rate, absl::ToDoubleSeconds(WarmUpTime(options))).status());
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

absl::Status MeasurePeerSearch(World& world, const Options& options, Report& report) {
  ASSIGN_OR_RETURN(const auto catalog, CatalogWorld::Start(world));
  const size_t documents = options.full ? 100'000 : 5'000;
  SearchLoad search(world, *catalog, documents, options.full ? 1000 : 500);
  RETURN_IF_ERROR(search.Prepare());
  ASSIGN_OR_RETURN(const auto lucene, Lucene::Start(world, search, catalog->folder()));
  const absl::Duration warm = world.clock().Steady() + WarmUpTime(options);
  while (world.clock().Steady() < warm) RETURN_IF_ERROR(lucene->Run({}).status());
  ASSIGN_OR_RETURN(
      const std::vector<Samples> samples,
      Alternate(options.pairs, {[&] { return search.Service(); }, [&] { return search.InProcess(); },
                                [&] { return lucene->Run(search.totals()); }}));
  const std::string work = fmt::format("search {}k assets", documents / 1000);
  const std::string peer = "Lucene in process";
  report.Add({"P9", work + " over gRPC, p99", peer, "p99", "ms", {}, 1}, samples[0], samples[2]);
  report.Add({"P9", work + " over gRPC, p50", peer, "p50", "ms"}, samples[0], samples[2]);
  report.Add({"P9", "  in process, p99", peer, "p99", "ms", {}, 1}, samples[1], samples[2]);
  report.Add({"P9", "  in process, p50", peer, "p50", "ms"}, samples[1], samples[2]);
  report.Note(fmt::format("P9: Lucene finds exactly as many assets as ours in {:.0f} % of the queries.",
                          100 * samples[2].back().at("same")));
  return absl::OkStatus();
}

}  // namespace finalmile::bench
