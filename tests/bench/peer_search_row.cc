#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "libs/base/status.h"
#include "tests/bench/peer.h"
#include "tests/bench/rows.h"
#include "tests/bench/search_load.h"

namespace finalmile::bench {
namespace {

constexpr std::string_view kLuceneHeap = "2g";

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

absl::Status MeasurePeerSearch(World& world, const Options& options, Report& report) {
  ASSIGN_OR_RETURN(const auto catalog, CatalogWorld::Start(world));
  const size_t documents = options.full ? 100'000 : 5'000;
  SearchLoad search(world, *catalog, documents, options.full ? 1000 : 500);
  RETURN_IF_ERROR(search.Prepare());
  ASSIGN_OR_RETURN(const auto lucene, Lucene::Start(world, search, catalog->folder()));
  const absl::Duration warm = world.clock().Steady() + PeerWarmUp(options.full);
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
  report.Note(fmt::format("P9: Lucene finds exactly as many assets as ours in {:.1f} % of the queries.",
                          100 * samples[2].back().at("same")));
  return absl::OkStatus();
}

}  // namespace finalmile::bench
