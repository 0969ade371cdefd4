#include "libs/cache/local/local_cache.h"

#include <gtest/gtest.h>

#include "libs/cache/cache_contract.h"
#include "libs/testing/manual_clock.h"

namespace finalmile::cache {
namespace {

INSTANTIATE_TEST_SUITE_P(Local, CacheContract,
                         ::testing::Values(ContractEngine{
                             .name = "local", .url = [] { return "local:"; }, .required = true}),
                         ::testing::PrintToStringParamName());

class LocalCacheTest : public ::testing::Test {
 protected:
  static constexpr absl::Duration kTick = absl::Milliseconds(1);

  absl::Duration Soon() { return clock_.Steady() + absl::Seconds(1); }
  Found Lookup(std::string_view key) { return *cache_->Lookup(key, Soon()); }
  bool Fill(std::string_view key, int64_t version, absl::Time expires) {
    return *cache_->Fill(key, Text(version, "value"), expires, Soon());
  }
  void Bury(std::string key, int64_t version, absl::Duration life) {
    const Tombstone tombstones[] = {{.key = std::move(key), .version = version}};
    ASSERT_TRUE(cache_->Bury(tombstones, life, Soon()).ok());
  }

  finalmile::testing::ManualClock clock_;
  std::unique_ptr<Cache> cache_ = OpenLocal(clock_, 1 << 20);
};

TEST_F(LocalCacheTest, AnEntryEndsAtItsInstant) {
  const absl::Time begin = Lookup("k").time;
  ASSERT_TRUE(Fill("k", 1, begin + absl::Seconds(30)));
  clock_.Advance(absl::Seconds(30) - kTick);
  EXPECT_EQ(Lookup("k").remaining, kTick);
  EXPECT_TRUE(Fill("k", 2, begin + absl::Seconds(30)));
  clock_.Advance(kTick);
  EXPECT_FALSE(Lookup("k").entry.has_value());
  EXPECT_FALSE(Fill("k", 3, begin + absl::Seconds(30)));
  EXPECT_TRUE(Fill("k", 1, begin + absl::Seconds(30) + kTick));
}

TEST_F(LocalCacheTest, ATombstoneEndsAtItsInstant) {
  Bury("k", 5, absl::Seconds(30));
  const absl::Time later = Lookup("k").time + absl::Hours(1);
  clock_.Advance(absl::Seconds(30) - kTick);
  EXPECT_FALSE(Fill("k", 4, later));
  clock_.Advance(kTick);
  EXPECT_TRUE(Fill("k", 4, later));
}

TEST_F(LocalCacheTest, TheWallClockDoesNotMatter) {
  ASSERT_TRUE(Fill("k", 1, Lookup("k").time + absl::Seconds(30)));
  clock_.SetNow(clock_.Now() + absl::Hours(1));
  EXPECT_EQ(Lookup("k").remaining, absl::Seconds(30));
}

TEST_F(LocalCacheTest, KeepsWhatWasUsedLastWithinItsBytes) {
  cache_ = OpenLocal(clock_, 3 * (kEntryOverhead + 1 + 5));
  const absl::Time later = Lookup("a").time + absl::Hours(1);
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(Fill(key, 1, later));
  ASSERT_TRUE(Lookup("a").entry.has_value());
  ASSERT_TRUE(Fill("d", 1, later));
  EXPECT_TRUE(Lookup("a").entry.has_value());
  EXPECT_FALSE(Lookup("b").entry.has_value());
  EXPECT_TRUE(Lookup("c").entry.has_value());
  EXPECT_TRUE(Lookup("d").entry.has_value());
}

}  // namespace
}  // namespace finalmile::cache
