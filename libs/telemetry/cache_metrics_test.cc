#include "libs/telemetry/cache_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::telemetry {
namespace {

using ::testing::HasSubstr;

TEST(CacheMetrics, CountsWhatHappens) {
  Metrics metrics;
  const auto observer = NewCacheMetrics(metrics, "catalog");
  for (size_t what = 0; what < cache::kHappenings; ++what) {
    for (size_t times = 0; times <= what; ++times) observer->Count(static_cast<cache::Happening>(what));
  }
  observer->CacheReached(true);
  observer->FeedConnected(false);
  observer->Held(3, 4096);
  const std::string text = metrics.Serialize();
  for (const char* line : {
           "finalmile_cache_answers_total{cache=\"catalog\",source=\"near\"} 1",
           "finalmile_cache_answers_total{cache=\"catalog\",source=\"cache\"} 2",
           "finalmile_cache_answers_total{cache=\"catalog\",source=\"store\"} 3",
           "finalmile_cache_answers_total{cache=\"catalog\",source=\"shared\"} 4",
           "finalmile_cache_refreshes_total{cache=\"catalog\"} 5",
           "finalmile_cache_fills_refused_total{cache=\"catalog\"} 6",
           "finalmile_cache_failures_total{cache=\"catalog\"} 7",
           "finalmile_cache_store_refused_total{cache=\"catalog\"} 8",
           "finalmile_cache_invalidations_total{cache=\"catalog\"} 9",
           "finalmile_cache_flushes_total{cache=\"catalog\"} 10",
           "finalmile_cache_not_admitted_total{cache=\"catalog\"} 11",
           "finalmile_cache_evicted_total{cache=\"catalog\"} 12",
           "finalmile_cache_tombstones_lost_total{cache=\"catalog\"} 13",
           "finalmile_cache_reached{cache=\"catalog\"} 1",
           "finalmile_cache_feed_connected{cache=\"catalog\"} 0",
           "finalmile_cache_entries{cache=\"catalog\"} 3",
           "finalmile_cache_bytes{cache=\"catalog\"} 4096",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

}  // namespace
}  // namespace finalmile::telemetry
