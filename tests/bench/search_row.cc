#include <fmt/format.h>

#include "libs/base/status.h"
#include "tests/bench/rows.h"
#include "tests/bench/search_load.h"

namespace finalmile::bench {

absl::Status MeasureSearch(World& world, const Options& options, Report& report) {
  ASSIGN_OR_RETURN(const auto catalog, CatalogWorld::Start(world));
  const size_t documents = options.full ? 100'000 : 5'000;
  SearchLoad search(world, *catalog, documents, options.full ? 1000 : 500);
  RETURN_IF_ERROR(search.Prepare());
  ASSIGN_OR_RETURN(
      const std::vector<Samples> samples,
      Alternate(options.pairs, {[&] { return search.Service(); }, [&] { return search.InProcess(); }}));
  const std::string work = fmt::format("search {}k assets", documents / 1000);
  const std::string reference = "the same queries of the index in process";
  report.Add({"P9", work + ", p99", reference, "p99", "ms"}, samples[0], samples[1]);
  report.Add({"P9", work + ", p50", reference, "p50", "ms"}, samples[0], samples[1]);
  report.Add("P9", "  what the RPC adds, p50", search.added(), "µs", 60);
  return absl::OkStatus();
}

}  // namespace finalmile::bench
