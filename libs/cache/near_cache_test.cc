#include "libs/cache/near_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "libs/cache/local/local_cache.h"
#include "libs/cache/near_cache_fixture.h"
#include "libs/testing/manual_clock.h"

namespace finalmile::cache {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(1);
constexpr absl::Duration kS = absl::Seconds(30);

class NearCacheTest : public ::testing::Test {
 protected:
  // A process: its near cache over the shared cache.
  struct Replica {
    Replica(Cache& shared, Clock& clock, Rng& rng, NearCacheOptions options)
        : cache(shared), near(cache, clock, rng, counts, std::move(options)) {}
    void RunSteps() {
      for (Step* step : near.steps()) step->Run();
    }
    FaultyCache cache;
    Counts counts;
    NearCache near;
  };

  std::unique_ptr<Replica> Start(NearCacheOptions options = {.name = "test"}) {
    auto replica = std::make_unique<Replica>(*shared_, clock_, *rng_, std::move(options));
    // The feed begins: nothing is known of what came before.
    replica->RunSteps();
    return replica;
  }

  absl::Duration Soon() { return clock_.Steady() + absl::Seconds(10); }
  absl::StatusOr<Entry> TryRead(Replica& replica, int64_t min_version = 0) {
    return replica.near.Get("k", min_version, store_.Loader("k"), Soon());
  }
  int64_t Read(Replica& replica, int64_t min_version = 0) {
    const absl::StatusOr<Entry> entry = TryRead(replica, min_version);
    EXPECT_TRUE(entry.ok()) << entry.status();
    return entry.ok() ? entry->version : -1;
  }
  int64_t Commit() { return store_.Commit("k"); }
  // Commits and tells the replica, as a service does.
  void Write(Replica& replica) { replica.near.Wrote("k", Commit()); }

  finalmile::testing::ManualClock clock_;
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  const std::unique_ptr<Cache> shared_ = OpenLocal(clock_, 1 << 20);
  VersionedStore store_{clock_};
  const std::unique_ptr<Replica> a_ = Start();
  const std::unique_ptr<Replica> b_ = Start();
};

TEST_F(NearCacheTest, AHotReadTouchesNeitherCacheNorStore) {
  Commit();
  EXPECT_FALSE(a_->near.TryGet("k", 0).has_value());
  EXPECT_EQ(Read(*a_), 1);
  const int calls = a_->cache.calls;
  EXPECT_EQ(Read(*a_), 1);
  const auto inline_answer = a_->near.TryGet("k", 0);
  ASSERT_TRUE(inline_answer.has_value());
  EXPECT_EQ(*inline_answer->value, "k v1");
  EXPECT_EQ(inline_answer->value, TryRead(*a_)->value) << "the bytes are shared, not copied";
  EXPECT_EQ(a_->cache.calls, calls);
  EXPECT_EQ(store_.reads(), 1);
  EXPECT_EQ(a_->counts.of(Happening::kNearHit), 3);
  EXPECT_EQ(a_->counts.of(Happening::kStoreRead), 1);
  // Another process finds it in the cache.
  EXPECT_EQ(Read(*b_), 1);
  EXPECT_EQ(store_.reads(), 1);
  EXPECT_EQ(b_->counts.of(Happening::kCacheHit), 1);
}

TEST_F(NearCacheTest, WithEveryInvalidationLostAnAnswerIsNoOlderThanS) {
  Commit();
  EXPECT_EQ(Read(*a_), 1);
  // At once, and nobody is told.
  clock_.Advance(kTick);
  Commit();
  clock_.Advance(absl::Seconds(20) - kTick);
  EXPECT_EQ(Read(*b_), 1) << "b takes what is left of the life of a's entry";
  clock_.Advance(absl::Seconds(10) - kTick);
  // Whether a caller is elected to refresh is a's and b's own matter; who can only peek sees the old one.
  for (Replica* replica : {a_.get(), b_.get()}) {
    replica->near.TryGet("k", 0);
    const auto last = replica->near.TryGet("k", 0);
    ASSERT_TRUE(last.has_value());
    EXPECT_EQ(last->version, 1);
  }
  clock_.Advance(kTick);
  EXPECT_FALSE(a_->near.TryGet("k", 0).has_value());
  EXPECT_FALSE(b_->near.TryGet("k", 0).has_value());
  EXPECT_EQ(Read(*b_), 2);
  EXPECT_EQ(Read(*a_), 2);
}

TEST_F(NearCacheTest, AgeCountsFromBeforeTheStoreWasRead) {
  Commit();
  const auto slow = [&](absl::Duration) -> absl::StatusOr<Entry> {
    Entry entry = store_.Read("k");
    clock_.Advance(absl::Seconds(4));
    return entry;
  };
  ASSERT_TRUE(a_->near.Get("k", 0, slow, Soon()).ok());
  Commit();
  clock_.Advance(kS - absl::Seconds(4));
  // Only the first can have been elected to refresh.
  EXPECT_FALSE(a_->near.TryGet("k", 0).has_value());
  EXPECT_FALSE(a_->near.TryGet("k", 0).has_value());
  EXPECT_EQ(Read(*a_), 2);
}

TEST_F(NearCacheTest, AWriteIsSeenHereAtOnceAndElsewhereWhenTheStepsHaveRun) {
  Commit();
  EXPECT_EQ(Read(*a_), 1);
  EXPECT_EQ(Read(*b_), 1);
  Write(*a_);
  EXPECT_EQ(Read(*a_), 2) << "the cache has not been told yet";
  EXPECT_EQ(Read(*b_), 1);
  a_->RunSteps();
  b_->RunSteps();
  EXPECT_EQ(Read(*b_), 2);
  EXPECT_EQ(Read(*a_), 2);
  EXPECT_EQ(b_->counts.of(Happening::kInvalidation), 1);
}

TEST_F(NearCacheTest, ASlowReaderSetsNothingOld) {
  Commit();
  // b reads version 1; before it goes on, a writes version 2 and everybody hears of it.
  const auto slow = [&](absl::Duration) -> absl::StatusOr<Entry> {
    Entry entry = store_.Read("k");
    Write(*a_);
    a_->RunSteps();
    b_->RunSteps();
    return entry;
  };
  const auto entry = b_->near.Get("k", 0, slow, Soon());
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->version, 1) << "it was current while the call ran";
  EXPECT_EQ(b_->counts.of(Happening::kFillRefused), 1);
  EXPECT_EQ(Read(*a_), 2);
  EXPECT_EQ(Read(*b_), 2);
}

TEST_F(NearCacheTest, ASlowReaderOfTheWritersProcessSetsNothingOldBeforeTheCacheWasTold) {
  Commit();
  const auto slow = [&](absl::Duration) -> absl::StatusOr<Entry> {
    Entry entry = store_.Read("k");
    Write(*a_);
    return entry;
  };
  ASSERT_TRUE(a_->near.Get("k", 0, slow, Soon()).ok());
  EXPECT_EQ(Read(*a_), 2);
}

TEST_F(NearCacheTest, WhatIsMissingIsKeptForLess) {
  const auto entry = TryRead(*a_);
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->value, nullptr);
  clock_.Advance(absl::Seconds(5) - kTick);
  a_->near.TryGet("k", 0);
  ASSERT_TRUE(a_->near.TryGet("k", 0).has_value());
  EXPECT_EQ(store_.reads(), 1);
  clock_.Advance(kTick);
  EXPECT_FALSE(a_->near.TryGet("k", 0).has_value());
  EXPECT_EQ(TryRead(*a_)->value, nullptr);
  EXPECT_EQ(store_.reads(), 2);
  // Creating it is a write like others.
  Write(*b_);
  b_->RunSteps();
  a_->RunSteps();
  EXPECT_EQ(Read(*a_), 1);
}

TEST_F(NearCacheTest, NeverOlderThanAskedFor) {
  Commit();
  EXPECT_EQ(Read(*a_), 1);
  EXPECT_EQ(Read(*a_, 1), 1);
  EXPECT_EQ(store_.reads(), 1);
  const auto refused = TryRead(*a_, 2);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  // Nobody was told of version 2, but who knows of it gets it.
  Commit();
  EXPECT_EQ(Read(*a_), 1);
  EXPECT_EQ(Read(*a_, 2), 2);
  EXPECT_EQ(Read(*a_), 2);
  EXPECT_EQ(Read(*b_, 2), 2);
}

TEST_F(NearCacheTest, OneRefreshBeforeAnEntryEnds) {
  Commit();
  EXPECT_EQ(Read(*a_), 1);
  EXPECT_EQ(Read(*b_), 1);
  clock_.Advance(absl::Seconds(24) - kTick);
  EXPECT_TRUE(a_->near.TryGet("k", 0).has_value()) << "no earlier than in the last fifth";
  clock_.Advance(absl::Seconds(3) + kTick);
  EXPECT_FALSE(a_->near.TryGet("k", 0).has_value()) << "this caller goes on to Get";
  EXPECT_TRUE(a_->near.TryGet("k", 0).has_value());
  EXPECT_EQ(Read(*a_), 1);
  EXPECT_EQ(store_.reads(), 2);
  EXPECT_EQ(Read(*a_), 1);
  EXPECT_EQ(store_.reads(), 2);
  // The other process finds the fresh one in the cache.
  EXPECT_EQ(Read(*b_), 1);
  EXPECT_EQ(b_->counts.of(Happening::kRefresh), 1);
  EXPECT_EQ(store_.reads(), 2);
  clock_.Advance(absl::Seconds(20));
  EXPECT_TRUE(a_->near.TryGet("k", 0).has_value());
  EXPECT_TRUE(b_->near.TryGet("k", 0).has_value());
}

TEST_F(NearCacheTest, ARefreshThatFailsCostsNoAnswer) {
  Commit();
  EXPECT_EQ(Read(*a_), 1);
  clock_.Advance(absl::Seconds(28));
  const auto broken = [](absl::Duration) -> absl::StatusOr<Entry> { return absl::UnavailableError("store"); };
  const auto entry = a_->near.Get("k", 0, broken, Soon());
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->version, 1);
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(absl::IsUnavailable(a_->near.Get("k", 0, broken, Soon()).status()));
  EXPECT_EQ(Read(*a_), 1) << "errors are not kept";
}

TEST_F(NearCacheTest, OneFlightForAThousandReaders) {
  Commit();
  constexpr int kReaders = 1000;
  std::atomic<int> begun = 0;
  const auto everyone = clock_.NewWaitEvent();
  const auto load = [&](absl::Duration) -> absl::StatusOr<Entry> {
    everyone->WaitUntil(absl::InfiniteDuration());
    return store_.Read("k");
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      if (++begun == kReaders) everyone->Set();
      const auto entry = a_->near.Get("k", 0, load, absl::InfiniteDuration());
      EXPECT_TRUE(entry.ok() && entry->version == 1);
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(store_.reads(), 1);
}

TEST_F(NearCacheTest, ALeaderOutOfTimeDoesNotSpoilTheOthers) {
  Commit();
  const auto joined = clock_.NewWaitEvent();
  std::thread waiter;
  const auto late = [&](absl::Duration) -> absl::StatusOr<Entry> {
    waiter = std::thread([&] {
      joined->Set();
      EXPECT_EQ(Read(*a_), 1);
    });
    joined->WaitUntil(absl::InfiniteDuration());
    return absl::DeadlineExceededError("too slow");
  };
  EXPECT_TRUE(absl::IsDeadlineExceeded(a_->near.Get("k", 0, late, Soon()).status()));
  waiter.join();
}

TEST_F(NearCacheTest, WithTheCacheAwayNothingIsWrongAndWritesDoNotWait) {
  Commit();
  a_->cache.away = true;
  for (int version = 1; version <= 20; ++version) {
    EXPECT_EQ(Read(*a_), version);
    const int calls = a_->cache.calls;
    Write(*a_);
    EXPECT_EQ(a_->cache.calls, calls);
  }
  EXPECT_FALSE(a_->near.cache_reached());
  EXPECT_FALSE(a_->counts.reached());
  EXPECT_EQ(a_->cache.calls, 5) << "the breaker has opened";
  EXPECT_EQ(Read(*a_), 21);
  EXPECT_EQ(Read(*a_), 21) << "kept in this process all the same";
  EXPECT_EQ(a_->counts.of(Happening::kNearHit), 1);

  // b has reached the cache all the time, which holds version 1.
  EXPECT_EQ(Read(*b_), 21);
  Write(*a_);
  EXPECT_EQ(Read(*b_), 21);
  a_->cache.away = false;
  a_->RunSteps();
  EXPECT_EQ(a_->cache.calls, 5) << "not before its pause is over";
  clock_.Advance(absl::Milliseconds(100));
  a_->RunSteps();
  b_->RunSteps();
  EXPECT_TRUE(a_->near.cache_reached());
  EXPECT_TRUE(a_->counts.reached());
  EXPECT_EQ(Read(*b_), 22) << "what was owed was told";
}

TEST_F(NearCacheTest, ACacheThatGoesAwayIsNoticedThoughNobodyAsksIt) {
  a_->RunSteps();
  EXPECT_TRUE(a_->counts.reached());
  a_->cache.away = true;
  a_->RunSteps();
  EXPECT_EQ(a_->cache.calls, 0);
  EXPECT_FALSE(a_->counts.connected());
  EXPECT_FALSE(a_->counts.reached());
  EXPECT_FALSE(a_->near.cache_reached());
  a_->cache.away = false;
  a_->RunSteps();
  EXPECT_TRUE(a_->counts.reached());
}

TEST_F(NearCacheTest, ReadsOfTheStoreAreCappedWhileTheCacheIsAway) {
  const auto replica = Start({.name = "test", .store_reads = 2});
  replica->cache.away = true;
  std::atomic<int> inside = 0;
  const auto full = clock_.NewWaitEvent();
  const auto go = clock_.NewWaitEvent();
  const auto load = [&](absl::Duration) -> absl::StatusOr<Entry> {
    if (++inside == 2) full->Set();
    go->WaitUntil(absl::InfiniteDuration());
    return Entry{.version = 1, .value = std::make_shared<const std::string>("x")};
  };
  std::vector<std::thread> readers;
  for (const char* key : {"a", "b"}) {
    readers.emplace_back(
        [&, key] { EXPECT_TRUE(replica->near.Get(key, 0, load, absl::InfiniteDuration()).ok()); });
  }
  full->WaitUntil(absl::InfiniteDuration());
  const auto refused = replica->near.Get("c", 0, load, absl::InfiniteDuration());
  EXPECT_TRUE(absl::IsUnavailable(refused.status())) << refused.status();
  EXPECT_EQ(replica->counts.of(Happening::kStoreRefused), 1);
  go->Set();
  for (std::thread& reader : readers) reader.join();
  EXPECT_TRUE(replica->near.Get("c", 0, load, absl::InfiniteDuration()).ok());
  // With the cache there is no cap: the store's own pool is the limit.
}

TEST_F(NearCacheTest, WhatIsOwedLongerThanSIsForgottenAndCounted) {
  a_->cache.away = true;
  Write(*a_);
  clock_.Advance(kS - kTick);
  a_->RunSteps();
  EXPECT_EQ(a_->counts.of(Happening::kTombstoneLost), 0);
  clock_.Advance(kTick);
  a_->RunSteps();
  EXPECT_EQ(a_->counts.of(Happening::kTombstoneLost), 1);

  const auto small = Start({.name = "test", .most_tombstones = 1});
  small->near.Wrote("a", 1);
  small->near.Wrote("a", 2);
  EXPECT_EQ(small->counts.of(Happening::kTombstoneLost), 0);
  small->near.Wrote("b", 1);
  EXPECT_EQ(small->counts.of(Happening::kTombstoneLost), 1);
}

TEST_F(NearCacheTest, AFlushDropsEverything) {
  Commit();
  EXPECT_EQ(Read(*a_), 1);
  EXPECT_TRUE(a_->near.TryGet("k", 0).has_value());
  a_->cache.flushed = true;
  a_->RunSteps();
  EXPECT_FALSE(a_->near.TryGet("k", 0).has_value());
  EXPECT_EQ(a_->counts.of(Happening::kFlush), 2);
}

TEST_F(NearCacheTest, AnotherTeller) {
  Commit();
  EXPECT_EQ(Read(*a_), 1);
  a_->near.Invalidate("k");
  EXPECT_FALSE(a_->near.TryGet("k", 0).has_value());
}

}  // namespace
}  // namespace finalmile::cache
