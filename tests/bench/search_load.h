#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/rpc/client.h"
#include "libs/storage/database.h"
#include "services/catalog/search/index.h"
#include "tests/bench/catalog_world.h"
#include "tests/bench/report.h"
#include "tests/bench/world.h"

namespace finalmile::bench {

// Assets with the words of a made-up language, and what people type to find them: the same ones in every run.
class SearchLoad {
 public:
  SearchLoad(World& world, CatalogWorld& catalog, size_t documents, size_t queries);

  // Publishes the assets, and returns when the service finds them all.
  absl::Status Prepare();
  // Writes the documents of the service's index as lines of JSON: asset, title, tags, summary, body, and
  // facets as pairs of field and value. And the queries, one a line. After Prepare.
  absl::Status Export(const std::string& documents, const std::string& queries);

  // Every query once: "p50", "p99" and what AddCpu adds. DATA_LOSS where a query finds more or less than
  // before.
  absl::StatusOr<Sample> Service();
  absl::StatusOr<Sample> InProcess();

  // What the RPC added to a query, in µs, at p50: the median of the rounds but for the first one.
  double added() const { return Percentile({added_.begin() + 1, added_.end()}, 0.5); }
  // How many documents each query finds, at most kMostTotal.
  const std::vector<int64_t>& totals() const { return totals_; }
  static constexpr int64_t kMostTotal = 10'000;

 private:
  absl::StatusOr<catalog::v1::SearchAssetsResponse> Ask(const catalog::v1::SearchAssetsRequest& request);
  absl::StatusOr<int64_t> Count(std::string_view word);
  absl::StatusOr<Sample> Time(std::vector<double>& latencies,
                              const std::function<absl::StatusOr<int64_t>(const std::string&)>& ask);

  World& world_;
  CatalogWorld& catalog_;
  const std::unique_ptr<rpc::Channel> channel_;
  const size_t documents_;
  std::vector<std::string> queries_;
  std::vector<int64_t> totals_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<catalog::search::Index> index_;
  // The last round, by query, in ms.
  std::vector<double> by_service_;
  std::vector<double> in_process_;
  std::vector<double> added_;
};

}  // namespace finalmile::bench
