#include "tests/bench/search_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "services/catalog/search/packing.h"
#include "tests/bench/processes.h"

namespace finalmile::bench {
namespace {

constexpr uint64_t kSeed = 9;

// Words as a language has them: the r-th most frequent one occurs in proportion to 1/r (Zipf).
class Words {
 public:
  static constexpr size_t kCount = 30'000;

  explicit Words(Rng& rng) : rng_(rng) {}

  // By its rank, from 0.
  static std::string Word(size_t rank) {
    constexpr std::string_view kConsonants = "bcdfghklmnprstvz";
    constexpr std::string_view kVowels = "aiou";
    std::string word;
    for (size_t rest = rank + 64; rest > 0; rest /= 64) {
      word.push_back(kConsonants[rest % 16]);
      word.push_back(kVowels[rest / 16 % 4]);
    }
    return word;
  }

  // Uniform over the logarithm of the rank, which is Zipf's law.
  size_t Rank() { return static_cast<size_t>(std::pow(static_cast<double>(kCount), rng_.Uniform())) - 1; }

  std::string Text(size_t words) {
    std::string text;
    for (size_t i = 0; i < words; ++i) text += Word(Rank()) + (i % 12 == 11 ? ".\n" : " ");
    return text;
  }

 private:
  Rng& rng_;
};

}  // namespace

SearchLoad::SearchLoad(World& world, CatalogWorld& catalog, size_t documents, size_t queries)
    : world_(world), catalog_(catalog), channel_(catalog.service().NewChannel()), documents_(documents) {
  const auto rng = NewSeededRng(kSeed + 1);
  Words words(*rng);
  for (size_t i = 0; i < queries; ++i) {
    // One to three words, as people type; the last one in ten is not typed to its end.
    std::string query;
    for (uint64_t word = 0; word <= i % 3; ++word) query += (word > 0 ? " " : "") + Words::Word(words.Rank());
    if (i % 10 == 9 && query.size() > 4) query.pop_back();
    queries_.push_back(std::move(query));
  }
}

absl::Status SearchLoad::Prepare() {
  const auto rng = NewSeededRng(kSeed);
  Words words(*rng);
  RETURN_IF_ERROR(catalog_.Publish(documents_, [&](size_t i) {
    return fmt::format("---\naudience: sales\nmessages: [{}]\nproducts: {}\nstages: {}\n---\n# {}\n\n{}",
                       Words::Word(words.Rank()), Words::Word(i % 40), i % 2 == 0 ? "discovery" : "closing",
                       words.Text(5), words.Text(100));
  }));
  RETURN_IF_ERROR(world_.Await("the search index", [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const int64_t found, Count("sales"));
    return found == static_cast<int64_t>(documents_);
  }));
  // Nobody writes to it any more.
  const std::string copy = catalog_.folder() + "/copy.db";
  for (const char* part : {"", "-wal"}) {
    if (std::filesystem::exists(catalog_.index_path() + part)) {
      std::filesystem::copy_file(catalog_.index_path() + part, copy + part);
    }
  }
  ASSIGN_OR_RETURN(database_, storage::Open("sqlite:" + copy, world_.clock(), {}));
  ASSIGN_OR_RETURN(index_, catalog::search::Index::Open(*database_, world_.clock().Steady() + kPatience));
  return absl::OkStatus();
}

absl::Status SearchLoad::Export(const std::string& documents, const std::string& queries) {
  storage::Result found;
  RETURN_IF_ERROR(database_->Transact(
      {.deadline = world_.clock().Steady() + kPatience, .read_only = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(
            found, transaction.Execute("SELECT asset, texts, facets FROM search_documents ORDER BY id"));
        return absl::OkStatus();
      }));
  std::ofstream lines(documents);
  for (const storage::Row& row : found.rows) {
    ASSIGN_OR_RETURN(const std::string packed, catalog::search::Decompress(row.Blob(1)));
    ASSIGN_OR_RETURN(const std::vector<std::string> texts, catalog::search::Unpack(packed));
    ASSIGN_OR_RETURN(const std::vector<std::string> facets, catalog::search::Unpack(row.Blob(2)));
    auto pairs = nlohmann::json::array();
    for (size_t i = 0; i + 1 < facets.size(); i += 2) pairs.push_back({facets[i], facets[i + 1]});
    const nlohmann::json line = {{"asset", row.Text(0)}, {"title", texts[0]}, {"tags", texts[1]},
                                 {"summary", texts[2]},  {"body", texts[3]},  {"facets", pairs}};
    lines << line << "\n";
  }
  std::ofstream typed(queries);
  for (const std::string& query : queries_) typed << query << "\n";
  if (lines.flush() && typed.flush()) return absl::OkStatus();
  return absl::DataLossError(fmt::format("cannot write {} and {}", documents, queries));
}

absl::StatusOr<Sample> SearchLoad::Service() {
  const CpuUsed before = CpuOf(catalog_.service().pid());
  ASSIGN_OR_RETURN(Sample sample, Time(by_service_, [&](const std::string& query) -> absl::StatusOr<int64_t> {
                     catalog::v1::SearchAssetsRequest request;
                     request.set_query(query);
                     ASSIGN_OR_RETURN(const auto reply, Ask(request));
                     return reply.total();
                   }));
  AddCpu(before, CpuOf(catalog_.service().pid()), static_cast<double>(queries_.size()), sample);
  return sample;
}

absl::StatusOr<Sample> SearchLoad::InProcess() {
  const OnServiceCore pinned;
  const CpuUsed before = CpuBeside(ThreadCpu());
  ASSIGN_OR_RETURN(Sample sample, Time(in_process_, [&](const std::string& query) -> absl::StatusOr<int64_t> {
                     catalog::search::Query asked;
                     asked.text = query;
                     ASSIGN_OR_RETURN(const auto answer,
                                      index_->Search(asked, world_.clock().Steady() + kPatience));
                     return std::min<int64_t>(answer.total, kMostTotal);
                   }));
  AddCpu(before, CpuBeside(ThreadCpu()), static_cast<double>(queries_.size()), sample);
  // Query by query: they differ among themselves far more than by what the network adds.
  std::vector<double> added;
  for (size_t i = 0; i < queries_.size(); ++i) added.push_back((by_service_[i] - in_process_[i]) * 1e3);
  added_.push_back(Percentile(std::move(added), 0.5));
  return sample;
}

absl::StatusOr<catalog::v1::SearchAssetsResponse> SearchLoad::Ask(
    const catalog::v1::SearchAssetsRequest& request) {
  return channel_->Call<catalog::v1::SearchAssetsResponse>(std::string(kCatalogService) + "SearchAssets",
                                                           request, {.timeout = absl::Minutes(1)});
}

// Documents with `word`, by their one language.
absl::StatusOr<int64_t> SearchLoad::Count(std::string_view word) {
  catalog::v1::SearchAssetsRequest request;
  request.set_query(std::string(word));
  request.set_page_size(1);
  ASSIGN_OR_RETURN(const auto reply, Ask(request));
  for (const auto& facet : reply.facets()) {
    if (facet.field() == "language") return facet.values(0).count();
  }
  return 0;
}

absl::StatusOr<Sample> SearchLoad::Time(
    std::vector<double>& latencies, const std::function<absl::StatusOr<int64_t>(const std::string&)>& ask) {
  latencies.clear();
  totals_.resize(queries_.size(), -1);
  for (size_t i = 0; i < queries_.size(); ++i) {
    const absl::Duration start = world_.clock().Steady();
    ASSIGN_OR_RETURN(const int64_t total, ask(queries_[i]));
    latencies.push_back(absl::ToDoubleMilliseconds(world_.clock().Steady() - start));
    if (totals_[i] >= 0 && totals_[i] != total) {
      return absl::DataLossError(
          fmt::format("\"{}\" was found in {} documents, then in {}", queries_[i], totals_[i], total));
    }
    totals_[i] = total;
  }
  return Latencies(latencies);
}

}  // namespace finalmile::bench
