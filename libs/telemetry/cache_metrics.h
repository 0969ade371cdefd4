#pragma once

#include <memory>
#include <string_view>

#include "libs/cache/observer.h"
#include "libs/telemetry/metrics.h"

namespace finalmile::telemetry {

// Counts what happens at a near cache:
//   finalmile_cache_answers_total{cache,source}: near, cache, store, shared (another caller's look-up)
//   finalmile_cache_refreshes_total, …_fills_refused_total, …_failures_total, …_store_refused_total,
//   …_invalidations_total, …_flushes_total, …_not_admitted_total, …_evicted_total, …_tombstones_lost_total
//   {cache} finalmile_cache_reached{cache}, finalmile_cache_feed_connected{cache}: 1 or 0
//   finalmile_cache_entries{cache}, finalmile_cache_bytes{cache}
// `cache` is a name such as "catalog". `metrics` must outlive the result.
std::unique_ptr<cache::Observer> NewCacheMetrics(Metrics& metrics, std::string_view cache);

}  // namespace finalmile::telemetry
