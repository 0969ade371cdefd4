#include "services/catalog/consumers/shelf_watch.h"

#include "libs/cache/near_cache.h"
#include "libs/telemetry/cache_metrics.h"
#include "libs/testing/logs.h"
#include "libs/testing/temporary_folder.h"
#include "services/catalog/catalog_fixture.h"

namespace finalmile::catalog {
namespace {

class ShelfWatchTest : public CatalogTest {
 protected:
  std::unique_ptr<search::Index> Open(storage::Database& database) {
    auto index = search::Index::Open(database, harness_.clock().Steady() + absl::Seconds(10));
    EXPECT_TRUE(index.ok()) << index.status();
    return *std::move(index);
  }
};

TEST_F(ShelfWatchTest, EventsDoNotEndTheFirstLookThroughTheCatalog) {
  // More than it looks at in one go.
  constexpr size_t kAssets = 60;
  for (size_t i = 0; i < kAssets; ++i) Create(Letter("Asset"), "a" + std::to_string(100 + i));
  Clock& clock = harness_.clock();
  const testing::TemporaryFolder folder;
  const auto shelf = storage::Open("sqlite:" + folder.path() + "/shelf.db", clock, {});
  const auto newest = storage::Open("sqlite:" + folder.path() + "/newest.db", clock, {});
  ASSERT_TRUE(shelf.ok() && newest.ok()) << shelf.status() << newest.status();
  search::Indexes indexes{Open(**shelf), Open(**newest)};
  const auto cache = cache::Open("local:", clock, {});
  ASSERT_TRUE(cache.ok()) << cache.status();
  telemetry::Metrics metrics;
  const auto observer = telemetry::NewCacheMetrics(metrics, "test");
  cache::NearCache near(**cache, clock, harness_.rng(), *observer, {.name = "test"});
  assets::HotAssets hot(near, harness_.database());
  testing::CapturingLog log;
  consumers::ShelfWatch watch(harness_.events(), harness_.database(), indexes, hot, clock, log);

  EXPECT_LE(watch.Run(), clock.Steady());
  EXPECT_EQ(indexes.newest->size(), 50u);
  // The events of the creations arrive while it looks.
  harness_.Settle();
  while (watch.Run() <= clock.Steady()) {
  }
  EXPECT_TRUE(indexes.filled);
  EXPECT_EQ(indexes.newest->size(), kAssets);
  EXPECT_EQ(indexes.shelf->size(), 0u);
}

}  // namespace
}  // namespace finalmile::catalog
