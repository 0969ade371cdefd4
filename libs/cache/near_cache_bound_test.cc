#include <gtest/gtest.h>

#include <algorithm>

#include "libs/cache/local/local_cache.h"
#include "libs/cache/near_cache.h"
#include "libs/cache/near_cache_fixture.h"
#include "libs/testing/manual_clock.h"

namespace finalmile::cache {
namespace {

constexpr absl::Duration kS = absl::Seconds(30);

// Readers, writers, lost invalidations, an absent cache, evictions, in an order drawn from a seed: no answer
// older than S, none older than this process's own writes.
TEST(NearCacheBound, HoldsWhateverHappens) {
  finalmile::testing::ManualClock clock;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const auto rng = NewSeededRng(seed);
    const auto shared = OpenLocal(clock, 1 << 20);
    VersionedStore store(clock);
    Counts counts;
    std::vector<std::unique_ptr<FaultyCache>> caches;
    std::vector<std::unique_ptr<NearCache>> nears;
    for (int i = 0; i < 3; ++i) {
      caches.push_back(std::make_unique<FaultyCache>(*shared));
      nears.push_back(
          std::make_unique<NearCache>(*caches[i], clock, *rng, counts, NearCacheOptions{.name = "x"}));
    }
    int64_t written[3] = {0, 0, 0};
    for (int step = 0; step < 300; ++step) {
      const size_t who = rng->Below(3);
      NearCache& near = *nears[who];
      switch (rng->Below(8)) {
        case 0:
          written[who] = store.Commit("k");
          near.Wrote("k", written[who]);
          break;
        case 1:
          store.Commit("k");
          break;
        case 2:
          for (Step* one : near.steps()) one->Run();
          break;
        case 3:
          caches[who]->away = rng->Below(2) == 0;
          caches[who]->deaf = rng->Below(2) == 0;
          break;
        case 4:
          clock.Advance(absl::Milliseconds(static_cast<int64_t>(rng->Below(12'000))));
          break;
        default: {
          const absl::Duration begin = clock.Steady();
          // Get would refresh what is about to end; who can only peek is answered to the last.
          for (int i = 0; i < 2; ++i) {
            const auto peeked = near.TryGet("k", 0);
            if (!peeked) continue;
            ASSERT_LE(store.AgeAt("k", peeked->version, begin), kS) << "seed " << seed << ", step " << step;
            ASSERT_GE(peeked->version, written[who]) << "seed " << seed << ", step " << step;
          }
          const auto load = [&](absl::Duration) -> absl::StatusOr<Entry> {
            Entry entry = store.Read("k");
            if (rng->Below(3) == 0) {
              clock.Advance(absl::Milliseconds(static_cast<int64_t>(rng->Below(8'000))));
              const int64_t version = store.Commit("k");
              if (rng->Below(2) == 0) nears[rng->Below(3)]->Wrote("k", version);
            }
            return entry;
          };
          const auto entry = near.Get("k", 0, load, begin + absl::Hours(1));
          ASSERT_TRUE(entry.ok()) << entry.status();
          ASSERT_LE(store.AgeAt("k", entry->version, begin), kS) << "seed " << seed << ", step " << step;
          ASSERT_GE(entry->version, written[who]) << "seed " << seed << ", step " << step;
        }
      }
    }
  }
}

}  // namespace
}  // namespace finalmile::cache
