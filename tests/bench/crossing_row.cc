#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "tests/bench/by_hand/producer.h"
#include "tests/bench/processes.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr size_t kOneIn = 10;
constexpr size_t kOtherLeads = 20'000;

// Activities for one contestant at a fixed rate, every tenth of which takes a lead across; the others change
// a score.
class Crossing {
 public:
  Crossing(World& world, Contestant contestant, size_t crossing_leads)
      : world_(world),
        contestant_(std::move(contestant)),
        crossing_leads_(crossing_leads),
        producer_(world.kafka().bootstrap()) {}

  // Times count from when an activity was due.
  absl::StatusOr<Sample> Run(double rate, double seconds) {
    const auto count = static_cast<size_t>(rate * seconds);
    const std::vector<events::Message> messages = Messages(count);
    std::map<std::string, size_t, std::less<>> crossing;
    for (size_t i = 0; i < count; i += kOneIn) crossing[messages[i].key] = i;
    // Zero: not seen yet. By position of the activity.
    std::vector<absl::Duration> seen(count, absl::ZeroDuration());
    std::vector<absl::Time> taken(count);
    std::vector<absl::Time> sent(count);
    std::atomic<size_t> arrived = 0;
    ASSIGN_OR_RETURN(
        auto watch,
        Watch::Start(world_, contestant_.events, [&](const events::Record& record, absl::Duration at) {
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
    ASSIGN_OR_RETURN(const int64_t consumed, world_.Consumed(contestant_.store));
    const CpuUsed before = CpuOf(contestant_.replica->pid());
    struct Stored final : by_hand::Waiting {
      void Delivered() override {}
    } stored;
    const auto pause = world_.clock().NewWaitEvent();
    const absl::Duration start = world_.clock().Steady() + absl::Milliseconds(20);
    const absl::Time start_time = world_.clock().Now() + absl::Milliseconds(20);
    const auto due = [&](size_t i) { return absl::Seconds(static_cast<double>(i) / rate); };
    absl::Duration lag = absl::ZeroDuration();
    for (size_t i = 0; i < count; ++i) {
      pause->WaitUntil(start + due(i));
      producer_.Produce(contestant_.activities, messages[i].key, messages[i].value, {}, stored);
      lag = std::max(lag, world_.clock().Steady() - (start + due(i)));
    }
    RETURN_IF_ERROR(
        world_.Await("the crossings", [&]() -> absl::StatusOr<bool> { return arrived == crossing.size(); }));
    watch.reset();
    RETURN_IF_ERROR(world_.AwaitConsumed(contestant_.store, consumed + static_cast<int64_t>(count)));
    RETURN_IF_ERROR(world_.AwaitSent(contestant_.store));
    const CpuUsed after = CpuOf(contestant_.replica->pid());
    std::vector<double> latencies;
    std::vector<double> until_taken;
    std::vector<double> until_sent;
    for (const auto& [lead, i] : crossing) {
      until_taken.push_back(absl::ToDoubleMilliseconds(taken[i] - (start_time + due(i))));
      until_sent.push_back(absl::ToDoubleMilliseconds(sent[i] - (start_time + due(i))));
      latencies.push_back(absl::ToDoubleMilliseconds(seen[i] - (start + due(i))));
    }
    Sample sample = Latencies(latencies);
    sample["taken"] = Percentile(until_taken, 0.5);
    sample["sent"] = Percentile(until_sent, 0.5);
    sample["lag"] = absl::ToDoubleMilliseconds(lag);
    AddCpu(before, after, static_cast<double>(count), sample);
    return sample;
  }

 private:
  std::vector<events::Message> Messages(size_t count) {
    std::vector<events::Message> messages;
    const absl::Time time = world_.clock().Now() - absl::Minutes(1);
    for (size_t i = 0; i < count; ++i) {
      const size_t number = next_++;
      const bool crosses = i % kOneIn == 0;
      const std::string lead = LeadId(crosses ? next_lead_++ : crossing_leads_ + number * 7919 % kOtherLeads);
      messages.push_back(
          {contestant_.activities,
           "leads/" + lead,
           ActivityBytes(lead, crosses ? "demo_request" : "webinar_registered",
                         fmt::format("webinar-{}", number / kOtherLeads), fmt::format("p5-{}", number), time),
           {}});
    }
    return messages;
  }

  World& world_;
  const Contestant contestant_;
  const size_t crossing_leads_;
  by_hand::Producer producer_;
  // The next activity, and the next lead that crosses.
  size_t next_ = 0;
  size_t next_lead_ = 0;
};

// One at a time: produce and see it, commit what an activity commits, produce and see it again.
absl::StatusOr<Sample> IdleChain(World& world) {
  constexpr size_t kChains = 300;
  std::atomic<int64_t> seen_at = 0;
  const auto seen = world.clock().NewWaitEvent();
  ASSIGN_OR_RETURN(auto watch, Watch::Start(world, kRawTopic, [&](const events::Record&, absl::Duration at) {
                     seen_at = absl::ToInt64Nanoseconds(at);
                     seen->Set();
                   }));
  const absl::Time now = world.clock().Now();
  auto round_trip = [&](const std::string& lead) -> absl::StatusOr<absl::Duration> {
    const events::Message message{std::string(kRawTopic),
                                  "leads/" + lead,
                                  ActivityBytes(lead, "demo_request", "product", "raw", now),
                                  {}};
    seen->Clear();
    const absl::Duration start = world.clock().Steady();
    RETURN_IF_ERROR(world.events().Append({message}, start + kAppendLimit));
    if (!seen->WaitUntil(start + kAppendLimit))
      return absl::DeadlineExceededError("a raw record did not arrive");
    return absl::Nanoseconds(seen_at.load()) - start;
  };
  std::vector<double> latencies;
  for (size_t i = 0; i < kChains; ++i) {
    const std::string lead = LeadId(i);
    ASSIGN_OR_RETURN(const absl::Duration first, round_trip(lead));
    const absl::Duration start = world.clock().Steady();
    RETURN_IF_ERROR(world.twin().Transact(
        {.deadline = start + kAppendLimit}, [&](storage::Transaction& transaction) -> absl::Status {
          RETURN_IF_ERROR(transaction
                              .Defer("INSERT INTO activities (source, activity_id, lead, type, event_time, "
                                     "record_time, subject, "
                                     "count, seconds, outbound, automated, properties) VALUES ('web', $1, "
                                     "$2, 'demo_request', 0, "
                                     "0, 'product', 1, 0, FALSE, FALSE, '')",
                                     {fmt::format("raw-{}", i), lead})
                              .status());
          return transaction
              .Defer("UPDATE leads SET seq = seq + 1, last_hand_raise = 1 WHERE id = $1", {lead})
              .status();
        }));
    const absl::Duration commit = world.clock().Steady() - start;
    ASSIGN_OR_RETURN(const absl::Duration second, round_trip(lead));
    latencies.push_back(absl::ToDoubleMilliseconds(first + commit + second));
  }
  return Latencies(latencies);
}

}  // namespace

absl::Status MeasureCrossing(World& world, const Options& options, Report& report) {
  const std::vector<double> rates =
      options.full ? std::vector<double>{1000, 2000} : std::vector<double>{500, 1000};
  const double seconds = options.full ? 15 : 5;
  // A minute, and a minute and a half at most.
  const int least_warm_ups = options.full ? 2 : 6;
  const int most_warm_ups = least_warm_ups + least_warm_ups / 2;
  double activities = most_warm_ups * rates.back() * seconds;
  for (const double rate : rates) activities += (options.pairs + 1) * rate * seconds;
  const size_t crossing = static_cast<size_t>(activities) / kOneIn + 1;
  for (storage::Database* database : {&world.store(), &world.twin()}) {
    RETURN_IF_ERROR(world.Fill(*database, crossing + kOtherLeads,
                               [](size_t, leads::store::LeadState& lead) { lead.fit = 40; }));
  }
  ASSIGN_OR_RETURN(Contestant leads, world.StartLeads());
  ASSIGN_OR_RETURN(Contestant program, world.StartByHand());
  Crossing service(world, std::move(leads), crossing);
  Crossing by_hand(world, std::move(program), crossing);
  RETURN_IF_ERROR(WarmUp(least_warm_ups, most_warm_ups,
                         {[&] { return service.Run(rates.back(), seconds); },
                          [&] { return by_hand.Run(rates.back(), seconds); }}));
  for (const double rate : rates) {
    ASSIGN_OR_RETURN(std::vector<Samples> samples,
                     Alternate(options.pairs, {[&] { return service.Run(rate, seconds); },
                                               [&] { return by_hand.Run(rate, seconds); }}));
    const std::string work = fmt::format("activity to LeadBecameSalesReady, {:g}/s", rate);
    const std::string chain = "the same by hand on the same core: one transaction, sent from memory";
    report.AddWholeCpu("P5", fmt::format("CPU of all processes for an activity, {:g}/s", rate), chain,
                       samples[0], samples[1]);
    report.Add({"P5", work + ", p50", chain, "p50", "ms", {}, 1.1}, samples[0], samples[1]);
    report.Add({"P5", work + ", p99", chain, "p99", "ms", {}, 1.3}, samples[0], samples[1]);
    double lag = 0;
    for (const Samples& side : samples) {
      for (const Sample& sample : side) lag = std::max(lag, sample.at("lag"));
    }
    report.Note(fmt::format(
        "P5, {:g}/s: half are taken into their batch {:.1f} ms after they were due, and the event is "
        "in the topic after {:.1f} ms; by hand {:.1f} and {:.1f} ms. The driver was at most {:.1f} "
        "ms late, which counts. One activity in {} crosses.",
        rate, Median(samples[0], "taken"), Median(samples[0], "sent"), Median(samples[1], "taken"),
        Median(samples[1], "sent"), lag, kOneIn));
  }
  ASSIGN_OR_RETURN(const Sample idle, IdleChain(world));
  report.Note(
      fmt::format("P5: the idle chain, two raw produce-consume round trips and a commit, one at a time: p50 "
                  "{:.1f} ms, p99 {:.1f} ms.",
                  idle.at("p50"), idle.at("p99")));
  return absl::OkStatus();
}
}  // namespace finalmile::bench
