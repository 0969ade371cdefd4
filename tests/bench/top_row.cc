#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "services/leads/domain/top.h"
#include "tests/bench/processes.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr std::string_view kMethod = "/finalmile.leads.v1.LeadService/ListTopLeads";

// The best 100 leads, three ways.
class Top {
 public:
  Top(World& world, int calls) : world_(world), calls_(calls), channel_(world.NewChannel()) {}

  absl::StatusOr<Sample> Service() {
    leads::v1::ListTopLeadsRequest request;
    request.set_page_size(100);
    const CpuUsed before = CpuOf(world_.service_pid());
    ASSIGN_OR_RETURN(
        Sample sample, Time(calls_, [&]() -> absl::Status {
          auto reply = channel_->Call<leads::v1::ListTopLeadsResponse>(std::string(kMethod), request);
          RETURN_IF_ERROR(reply.status());
          touched_ = reply->touched();
          return reply->leads_size() == 100 ? absl::OkStatus() : absl::DataLossError("not 100 leads");
        }));
    AddCpu(before, CpuOf(world_.service_pid()), calls_, sample);
    return sample;
  }

  absl::StatusOr<Sample> IndexScan() {
    const OnServiceCore pinned;
    const CpuUsed before = CpuBeside(ThreadCpu());
    ASSIGN_OR_RETURN(Sample sample, Time(calls_, [&] {
                       return Read(
                                  "SELECT id, fit, short_key, long_key FROM leads WHERE created AND gates = "
                                  "0 ORDER BY CAST(ceil(fit) AS BIGINT) DESC LIMIT $1",
                                  {touched_})
                           .status();
                     }));
    AddCpu(before, CpuBeside(ThreadCpu()), calls_, sample);
    return sample;
  }

  // Every lead's score computed, and the best 100 picked out.
  absl::StatusOr<Sample> Recompute() {
    const OnServiceCore pinned;
    return Time(3, [&]() -> absl::Status {
      ASSIGN_OR_RETURN(
          storage::Result result,
          Read("SELECT id, fit, short_key, long_key FROM leads WHERE created AND gates = 0", {}));
      const absl::Time now = world_.clock().Now();
      std::vector<leads::domain::TopLead> leads;
      leads.reserve(result.rows.size());
      for (const storage::Row& row : result.rows) {
        const leads::domain::RankedLead lead{leads::domain::LeadId(row.Text(0)), row.Real(1),
                                             row.OptionalReal(2).value_or(-INFINITY),
                                             row.OptionalReal(3).value_or(-INFINITY)};
        leads.push_back({lead.lead, leads::domain::ScoreAt(lead, now)});
      }
      std::partial_sort(leads.begin(), leads.begin() + 100, leads.end(), leads::domain::RanksBefore);
      return absl::OkStatus();
    });
  }

  int64_t touched() const { return touched_; }

 private:
  absl::StatusOr<Sample> Time(int calls, const std::function<absl::Status()>& call) {
    std::vector<double> latencies;
    for (int i = 0; i < calls; ++i) {
      const absl::Duration start = world_.clock().Steady();
      RETURN_IF_ERROR(call());
      latencies.push_back(absl::ToDoubleMilliseconds(world_.clock().Steady() - start));
    }
    return Latencies(latencies);
  }

  absl::StatusOr<storage::Result> Read(std::string_view sql, std::vector<storage::Value> values) {
    storage::Result result;
    RETURN_IF_ERROR(world_.store().Transact(
        {.deadline = world_.clock().Steady() + kPatience, .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          // By hand, the server may choose to read the whole table.
          RETURN_IF_ERROR(transaction.Defer("SET LOCAL enable_seqscan = on").status());
          ASSIGN_OR_RETURN(result, transaction.Execute(sql, values));
          return absl::OkStatus();
        }));
    return result;
  }

  World& world_;
  const int calls_;
  const std::unique_ptr<rpc::Channel> channel_;
  int64_t touched_ = 0;
};

// A believable spread: fit in steps of a point, two leads in three with some engagement, most of it weeks
// old.
void Populate(Rng& rng, absl::Time now, leads::store::LeadState& state) {
  double fit = 0;
  for (int i = 0; i < 4; ++i) fit += rng.Uniform() * 25;
  state.fit = std::floor(fit);
  if (rng.Below(3) == 0) return;
  leads::domain::Engagement& engagement = state.engagement.engagement;
  auto value = [&](double mean, absl::Duration age) {
    return leads::domain::FadingValue{-mean * std::log(1 - rng.Uniform()), now - age * rng.Uniform()};
  };
  engagement.short_half_life = value(8, absl::Hours(24 * 60));
  engagement.long_half_life = value(12, absl::Hours(24 * 180));
}

// The service over so many leads, and what it is compared with where there is anything.
struct TopRun {
  std::vector<Samples> samples;
  int64_t touched = 0;
};

absl::StatusOr<TopRun> RunTop(World& world, size_t leads, const Options& options, bool alone) {
  const auto rng = NewSeededRng(8);
  const absl::Time now = world.clock().Now();
  RETURN_IF_ERROR(world.Fill(world.store(), leads,
                             [&](size_t, leads::store::LeadState& state) { Populate(*rng, now, state); }));
  RETURN_IF_ERROR(world.StartService());
  Top top(world, options.full ? 500 : 200);
  std::vector<Run> runs = {[&] { return top.Service(); }};
  if (!alone) {
    runs.emplace_back([&] { return top.IndexScan(); });
    runs.emplace_back([&] { return top.Recompute(); });
  }
  TopRun run;
  ASSIGN_OR_RETURN(run.samples, Alternate(options.pairs, runs));
  run.touched = top.touched();
  world.StopService();
  return run;
}

std::string WorkOf(size_t leads) { return fmt::format("top 100 of {}k leads", leads / 1000); }

}  // namespace

absl::Status MeasureTop(World& world, const Options& options, Report& report) {
  const size_t count = options.full ? 1'000'000 : 100'000;
  std::vector<TopRun> smaller;
  for (const size_t times : {100, 10}) {
    ASSIGN_OR_RETURN(smaller.emplace_back(), RunTop(world, count / times, options, true));
  }
  ASSIGN_OR_RETURN(const TopRun run, RunTop(world, count, options, false));
  const std::vector<Samples>& samples = run.samples;
  const std::string work = WorkOf(count);
  const std::string scan = fmt::format("index scan of the {} rows it touches", run.touched);
  report.AddWholeCpu("P8", "CPU of all processes for a list", scan, samples[0], samples[1]);
  report.Add({"P8", work + ", p99", scan, "p99", "ms", {}, 2}, samples[0], samples[1]);
  report.Add({"P8", work + ", p50", scan, "p50", "ms"}, samples[0], samples[1]);
  report.Add({"P8", "  recompute and sort instead", "ListTopLeads", "p50", "ms", 100}, samples[2],
             samples[0]);
  report.Add({"P8", "  growth: ten times the leads, p50", WorkOf(count / 10), "p50", "ms"}, samples[0],
             smaller[1].samples[0]);
  report.Add({"P8", "  growth: a hundred times the leads, p50", WorkOf(count / 100), "p50", "ms"}, samples[0],
             smaller[0].samples[0]);
  return absl::OkStatus();
}
}  // namespace finalmile::bench
