#include "libs/telemetry/cache_metrics.h"

#include <iterator>
#include <string>
#include <vector>

namespace finalmile::telemetry {
namespace {

struct Series {
  cache::Happening what;
  const char* name;
  const char* help;
  // The label of finalmile_cache_answers_total; other metrics have none.
  const char* source = "";
};

constexpr const char* kAnswers = "finalmile_cache_answers_total";
constexpr const char* kAnswersHelp = "Reads answered, by where the answer came from.";

// In the order of cache::Happening.
constexpr Series kSeries[] = {
    {cache::Happening::kNearHit, kAnswers, kAnswersHelp, "near"},
    {cache::Happening::kCacheHit, kAnswers, kAnswersHelp, "cache"},
    {cache::Happening::kStoreRead, kAnswers, kAnswersHelp, "store"},
    {cache::Happening::kShared, kAnswers, kAnswersHelp, "shared"},
    {cache::Happening::kRefresh, "finalmile_cache_refreshes_total",
     "Entries looked up again before their end."},
    {cache::Happening::kFillRefused, "finalmile_cache_fills_refused_total",
     "Reads of the store that a newer version had overtaken."},
    {cache::Happening::kCacheFailure, "finalmile_cache_failures_total",
     "Calls that the cache did not answer."},
    {cache::Happening::kStoreRefused, "finalmile_cache_store_refused_total",
     "Reads refused because the cache was away and the store was taken."},
    {cache::Happening::kInvalidation, "finalmile_cache_invalidations_total", "Keys that were changed."},
    {cache::Happening::kFlush, "finalmile_cache_flushes_total", "Times that everything was dropped."},
    {cache::Happening::kNotAdmitted, "finalmile_cache_not_admitted_total", "Entries not worth their room."},
    {cache::Happening::kEvicted, "finalmile_cache_evicted_total", "Entries that had to make room."},
    {cache::Happening::kTombstoneLost, "finalmile_cache_tombstones_lost_total",
     "Writes that the cache was not told of in time."},
};

class CacheMetrics final : public cache::Observer {
 public:
  CacheMetrics(Metrics& metrics, const Labels& labels)
      : reached_(metrics.Gauge("finalmile_cache_reached", "Whether reads reach the cache.", labels)),
        connected_(
            metrics.Gauge("finalmile_cache_feed_connected", "Whether invalidations are heard of.", labels)),
        entries_(metrics.Gauge("finalmile_cache_entries", "Entries in this process.", labels)),
        bytes_(metrics.Gauge("finalmile_cache_bytes", "Bytes they take, about.", labels)) {
    static_assert(std::size(kSeries) == cache::kHappenings);
    for (const Series& series : kSeries) {
      Labels with_source = labels;
      if (*series.source != '\0') with_source.emplace_back("source", series.source);
      counters_.push_back(metrics.Counter(series.name, series.help, with_source));
    }
  }

  void Count(cache::Happening what) override { counters_[static_cast<size_t>(what)].Add(); }
  void CacheReached(bool reached) override { reached_.Set(reached ? 1 : 0); }
  void FeedConnected(bool connected) override { connected_.Set(connected ? 1 : 0); }
  void Held(size_t entries, size_t bytes) override {
    entries_.Set(static_cast<double>(entries));
    bytes_.Set(static_cast<double>(bytes));
  }

 private:
  const Gauge reached_;
  const Gauge connected_;
  const Gauge entries_;
  const Gauge bytes_;
  std::vector<Counter> counters_;
};

}  // namespace

std::unique_ptr<cache::Observer> NewCacheMetrics(Metrics& metrics, std::string_view cache) {
  return std::make_unique<CacheMetrics>(metrics, Labels{{"cache", std::string(cache)}});
}

}  // namespace finalmile::telemetry
