#include <fmt/format.h>

#include <atomic>
#include <mutex>

#include "finalmile/leads/v1/activity.pb.h"
#include "libs/base/status.h"
#include "tests/bench/by_hand/producer.h"
#include "tests/bench/processes.h"
#include "tests/bench/recorder.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

// RecordActivity of one contestant, which scores what is recorded meanwhile.
class Recording {
 public:
  Recording(World& world, Contestant contestant, absl::Duration length)
      : world_(world),
        contestant_(std::move(contestant)),
        length_(length),
        recorder_(contestant_.replica->address()) {}

  const Replica& replica() const { return *contestant_.replica; }

  // kClients callers, each of which waits for its answer before it calls again. What was answered but is not
  // consumed at the end does not count.
  absl::StatusOr<Sample> Closed() {
    return Measured([&](Sample& sample) -> absl::Status {
      const absl::Duration start = world_.clock().Steady();
      std::atomic<int64_t> answers = 0;
      Ending ending(world_.clock(), kClients);
      std::function<void()> call = [&] {
        recorder_.Start(Next(), [&](const absl::Status& status) {
          if (status.ok()) ++answers;
          if (!status.ok() || world_.clock().Steady() >= start + length_) return ending.Done(status);
          call();
        });
      };
      for (int client = 0; client < kClients; ++client) call();
      RETURN_IF_ERROR(ending.Wait());
      ASSIGN_OR_RETURN(const int64_t consumed, world_.Consumed(contestant_.store));
      const double seconds = absl::ToDoubleSeconds(world_.clock().Steady() - start);
      sample["answers"] = static_cast<double>(answers);
      sample["rate"] = static_cast<double>(std::min<int64_t>(answers, consumed - consumed_)) / seconds;
      return absl::OkStatus();
    });
  }

  // Calls at a fixed rate, whether earlier ones are answered or not.
  absl::StatusOr<Sample> Open(double rate) {
    return Measured([&](Sample& sample) -> absl::Status {
      ASSIGN_OR_RETURN(Sample latencies, AtRate(world_, rate, length_, [&](size_t, auto done) {
                         recorder_.Start(Next(), [done](const absl::Status& status) { done(status); });
                       }));
      sample = std::move(latencies);
      return absl::OkStatus();
    });
  }

  // At a fixed rate calls `start(i, done)`, which must not wait; `done(status)` is called later. The
  // latencies count from when each was due.
  static absl::StatusOr<Sample> AtRate(
      World& world, double rate, absl::Duration length,
      const std::function<void(size_t, std::function<void(const absl::Status&)>)>& start) {
    const auto count = static_cast<size_t>(rate * absl::ToDoubleSeconds(length));
    std::vector<double> latencies(count);
    Ending ending(world.clock(), static_cast<int64_t>(count));
    const auto pause = world.clock().NewWaitEvent();
    const absl::Duration begin = world.clock().Steady() + absl::Milliseconds(20);
    for (size_t i = 0; i < count; ++i) {
      const absl::Duration due = begin + absl::Seconds(static_cast<double>(i) / rate);
      pause->WaitUntil(due);
      start(i, [&, i, due](const absl::Status& status) {
        latencies[i] = absl::ToDoubleMilliseconds(world.clock().Steady() - due);
        ending.Done(status);
      });
    }
    RETURN_IF_ERROR(ending.Wait());
    Sample sample = Latencies(latencies);
    sample["answers"] = static_cast<double>(count);
    return sample;
  }

  static constexpr int kClients = 32;
  // So many that one comes round again only with another subject.
  static constexpr size_t kLeads = 40'000;

 private:
  // The end of so many things.
  class Ending {
   public:
    Ending(Clock& clock, int64_t things) : clock_(clock), all_(clock.NewWaitEvent()), left_(things) {}
    void Done(const absl::Status& status) {
      std::lock_guard lock(mutex_);
      failure_.Update(status);
      if (--left_ == 0) all_->Set();
    }
    // The first failure. Every thing has a limit of its own.
    absl::Status Wait() {
      all_->WaitUntil(clock_.Steady() + kPatience);
      std::lock_guard lock(mutex_);
      return failure_;
    }

   private:
    Clock& clock_;
    const std::unique_ptr<WaitEvent> all_;
    std::mutex mutex_;
    int64_t left_;
    absl::Status failure_;
  };

  // Adds the CPU until all is consumed and sent, and sees that every activity changed its lead.
  absl::StatusOr<Sample> Measured(const std::function<absl::Status(Sample&)>& run) {
    ASSIGN_OR_RETURN(consumed_, world_.Consumed(contestant_.store));
    ASSIGN_OR_RETURN(const int64_t events, Events());
    const CpuUsed before = CpuOf(replica().pid());
    Sample sample;
    RETURN_IF_ERROR(run(sample));
    const auto answers = static_cast<int64_t>(sample["answers"]);
    RETURN_IF_ERROR(world_.AwaitConsumed(contestant_.store, consumed_ + answers));
    RETURN_IF_ERROR(world_.AwaitSent(contestant_.store));
    AddCpu(before, CpuOf(replica().pid()), sample["answers"], sample);
    ASSIGN_OR_RETURN(const int64_t events_after, Events());
    if (events_after - events == answers) return sample;
    return absl::DataLossError(
        fmt::format("{} activities were recorded and {} events emitted", answers, events_after - events));
  }

  absl::StatusOr<int64_t> Events() {
    return world_.Number(contestant_.store, "SELECT CAST(SUM(seq) AS BIGINT) FROM leads");
  }

  // An activity that changes its lead's score: a lead registers for a webinar once only.
  leads::v1::Activity Next() {
    const size_t i = next_++;
    leads::v1::Activity activity;
    activity.ParseFromString(ActivityBytes(LeadId(i * 7919 % kLeads), "webinar_registered",
                                           fmt::format("webinar-{}", i / kLeads), fmt::format("p7-{}", i),
                                           world_.clock().Now()));
    return activity;
  }

  World& world_;
  const Contestant contestant_;
  const absl::Duration length_;
  Recorder recorder_;
  std::atomic<size_t> next_ = 0;
  int64_t consumed_ = 0;
};

// A bare append at a fixed rate.
absl::StatusOr<Sample> Append(World& world, by_hand::Producer& producer, double rate, absl::Duration length) {
  struct Waiting final : by_hand::Waiting {
    void Delivered() override {
      done(absl::OkStatus());
      delete this;
    }
    std::function<void(const absl::Status&)> done;
  };
  const absl::Time now = world.clock().Now();
  return Recording::AtRate(world, rate, length, [&](size_t i, auto done) {
    auto* waiting = new Waiting();
    waiting->done = std::move(done);
    const std::string lead = LeadId(i % Recording::kLeads);
    producer.Produce(std::string(kRawTopic), "leads/" + lead,
                     ActivityBytes(lead, "webinar_registered", "webinar", "raw", now), {}, *waiting);
  });
}

}  // namespace

absl::Status MeasureRecord(World& world, const Options& options, Report& report) {
  const absl::Duration length = RoundOfCalls(options);
  for (storage::Database* database : {&world.store(), &world.twin()}) {
    // Below the fit from which engagement makes a lead sales-ready.
    RETURN_IF_ERROR(world.Fill(*database, Recording::kLeads,
                               [](size_t, leads::store::LeadState& lead) { lead.fit = 40; }));
  }
  ASSIGN_OR_RETURN(Contestant leads, world.StartLeads());
  ASSIGN_OR_RETURN(Contestant program, world.StartByHand());
  Recording service(world, std::move(leads), length);
  Recording by_hand(world, std::move(program), length);
  const double idle = ResidentMib(service.replica().pid());
  RETURN_IF_ERROR(
      WarmUpByCalls(options, {[&] { return service.Closed(); }, [&] { return by_hand.Closed(); }}));
  ASSIGN_OR_RETURN(
      const std::vector<Samples> closed,
      Alternate(options.pairs, {[&] { return service.Closed(); }, [&] { return by_hand.Closed(); }}));
  const double loaded = ResidentMib(service.replica().pid());
  const double half = Median(closed[0], "rate") / 2;
  by_hand::Producer producer(world.kafka().bootstrap());
  ASSIGN_OR_RETURN(const std::vector<Samples> open,
                   Alternate(options.pairs, {[&] { return service.Open(half); },
                                             [&] { return Append(world, producer, half, length); },
                                             [&] { return by_hand.Open(half); }}));
  const std::string program_text =
      "gRPC by hand that answers from the delivery report, a scorer by hand beside it";
  report.AddWholeCpu("P7", "CPU of all processes for an answer, scored and sent", program_text, closed[0],
                     closed[1]);
  report.Add({"P7", fmt::format("RecordActivity, durable, {} clients, consumed too", Recording::kClients),
              program_text, "rate", "1/s", 1.0},
             closed[0], closed[1]);
  report.Add({"P7", fmt::format("  open loop at {:.0f}/s, p50", half), "the same by hand", "p50", "ms"},
             open[0], open[2]);
  report.Add({"P7", "  open loop, p99", "the same by hand", "p99", "ms"}, open[0], open[2]);
  std::vector<double> added;
  for (size_t i = 0; i < open[0].size(); ++i) added.push_back(open[0][i].at("p50") - open[1][i].at("p50"));
  report.Add("P7", "  p50 added over a bare append", Percentile(added, 0.5), "ms", 1);
  report.Add("P10", "resident memory of leads, idle", idle, "MiB", 64);
  report.Add("P10", "resident memory of leads, after P7", loaded, "MiB", std::nullopt);
  return absl::OkStatus();
}
}  // namespace finalmile::bench
