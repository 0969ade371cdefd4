#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/topic.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
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
          {outbox::TopicName<leads::v1::Activity>(),
           "leads/" + lead,
           ActivityBytes(lead, crosses ? "demo_request" : "page_view", "product",
                         fmt::format("p5-{}-{}", absl::ToUnixMicros(now), i), now - absl::Minutes(1)),
           {}});
    }
    std::atomic<size_t> arrived = 0;
    ASSIGN_OR_RETURN(
        auto watch,
        Watch::Start(world_, outbox::TopicName<leads::v1::LeadEvent>(),
                     [&](const events::Record& record, absl::Duration at) {
                       leads::v1::LeadEvent event;
                       if (!event.ParseFromString(record.value) || !event.has_lead_became_sales_ready())
                         return;
                       const auto found = crossing.find(record.key);
                       if (found == crossing.end() || seen[found->second] != absl::ZeroDuration()) return;
                       seen[found->second] = at;
                       taken[found->second] = absl::FromUnixMicros(event.time().seconds() * 1'000'000 +
                                                                   event.time().nanos() / 1000);
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
        const auto pause = world_.clock().NewWaitEvent();
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
    const auto seen = world_.clock().NewWaitEvent();
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
