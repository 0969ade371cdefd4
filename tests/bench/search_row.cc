#include <fmt/format.h>

#include "libs/base/status.h"
#include "tests/bench/rows.h"
#include "tests/bench/search_load.h"

namespace finalmile::bench {

namespace {

struct SearchRun {
  std::vector<Samples> samples;
  double added = 0;
};

// Both ways to ask, over so many assets.
absl::StatusOr<SearchRun> RunSearch(World& world, size_t assets, const Options& options) {
  ASSIGN_OR_RETURN(const auto catalog, CatalogWorld::Start(world));
  SearchLoad search(world, *catalog, assets, options.full ? 1000 : 500);
  RETURN_IF_ERROR(search.Prepare());
  SearchRun run;
  ASSIGN_OR_RETURN(run.samples, Alternate(options.pairs, {[&] { return search.Service(); },
                                                          [&] { return search.InProcess(); }}));
  run.added = search.added();
  return run;
}

std::string WorkOf(size_t assets) {
  return fmt::format("search {}k assets", static_cast<double>(assets) / 1000);
}

}  // namespace

absl::Status MeasureSearch(World& world, const Options& options, Report& report) {
  const size_t count = options.full ? 100'000 : 5'000;
  ASSIGN_OR_RETURN(const SearchRun smaller, RunSearch(world, count / 10, options));
  ASSIGN_OR_RETURN(const SearchRun run, RunSearch(world, count, options));
  const std::string reference = "the same queries of the index in process";
  report.AddWholeCpu("P9", "CPU of all processes for a search", reference, run.samples[0], run.samples[1]);
  report.Add({"P9", WorkOf(count) + ", p99", reference, "p99", "ms"}, run.samples[0], run.samples[1]);
  report.Add({"P9", WorkOf(count) + ", p50", reference, "p50", "ms"}, run.samples[0], run.samples[1]);
  report.Add("P9", "  what the RPC adds, p50", run.added, "µs", 60);
  report.Add({"P9", "  growth: ten times the assets, p50", WorkOf(count / 10), "p50", "ms"}, run.samples[0],
             smaller.samples[0]);
  report.Add({"P9", "  growth: ten times the assets, p99", WorkOf(count / 10), "p99", "ms"}, run.samples[0],
             smaller.samples[0]);
  return absl::OkStatus();
}

}  // namespace finalmile::bench
