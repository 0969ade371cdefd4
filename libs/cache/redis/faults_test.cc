// F19 to F22: what a near cache answers while a real Redis is killed, flushed and frozen, its listener is
// cut, readers are slow and hot keys expire. Every answer's age is told from the store's history.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

#include "fmt/format.h"
#include "libs/cache/near_cache.h"
#include "libs/cache/near_cache_fixture.h"
#include "libs/testing/fault_proxy.h"
#include "libs/testing/redis_server.h"

namespace finalmile::cache {
namespace {

using finalmile::testing::FaultProxy;
using finalmile::testing::RedisServer;

constexpr absl::Duration kS = absl::Milliseconds(400);

// Reads and writes through one cache, hears through another: so that the listener alone can be cut.
class SplitCache final : public Cache {
 public:
  SplitCache(Cache& calls, Cache& feed) : calls_(calls), feed_(feed) {}
  absl::StatusOr<Found> Lookup(std::string_view key, absl::Duration deadline) override {
    return calls_.Lookup(key, deadline);
  }
  absl::StatusOr<bool> Fill(std::string_view key, const Entry& entry, absl::Time expires,
                            absl::Duration deadline) override {
    return calls_.Fill(key, entry, expires, deadline);
  }
  absl::Status Bury(std::span<const Tombstone> tombstones, absl::Duration life,
                    absl::Duration deadline) override {
    return calls_.Bury(tombstones, life, deadline);
  }
  std::unique_ptr<Feed> Listen(WaitEvent& wake) override { return feed_.Listen(wake); }

 private:
  Cache& calls_;
  Cache& feed_;
};

class FaultsTest : public ::testing::Test {
 protected:
  // A process of a service. Its steps run on threads once Run is called.
  class Node {
   public:
    Node(Clock& clock, const std::string& url, const std::string& feed_url, absl::Duration staleness)
        : calls_(*Open(url, clock, {})),
          hears_(*Open(feed_url, clock, {.keepalive = absl::Seconds(60)})),
          split_(*calls_, *hears_),
          rng_(NewSystemRng()),
          near(split_, clock, *rng_, counts,
               {.name = "test", .staleness = staleness, .missing_staleness = staleness / 4}) {}
    ~Node() { Stop(); }

    void Run() {
      for (Step* step : near.steps()) {
        threads_.emplace_back([this, step] {
          for (;;) {
            step->wake().Clear();
            if (stop_) return;
            step->wake().WaitUntil(step->Run());
          }
        });
      }
    }
    void Stop() {
      stop_ = true;
      for (Step* step : near.steps()) step->wake().Set();
      for (std::thread& thread : threads_) thread.join();
      threads_.clear();
    }
    void RunStepsOnce() {
      for (Step* step : near.steps()) step->Run();
    }

   private:
    const std::unique_ptr<Cache> calls_;
    const std::unique_ptr<Cache> hears_;
    SplitCache split_;
    const std::unique_ptr<Rng> rng_;
    std::atomic<bool> stop_ = false;
    std::vector<std::thread> threads_;

   public:
    Counts counts;
    NearCache near;
  };

  void SetUp() override {
    auto server = RedisServer::Start();
    FINALMILE_NEEDS_REDIS(server);
    server_ = *std::move(server);
  }

  std::unique_ptr<Node> Start(absl::Duration staleness = kS) {
    return std::make_unique<Node>(*clock_, server_->unix_url(), server_->url(), staleness);
  }

  void Pause(absl::Duration span) { pause_->WaitUntil(clock_->Steady() + span); }
  bool Until(const std::function<bool()>& done) {
    const absl::Duration give_up = clock_->Steady() + absl::Seconds(10);
    while (!done()) {
      if (clock_->Steady() >= give_up) return false;
      Pause(absl::Milliseconds(1));
    }
    return true;
  }
  int64_t Read(Node& node, const std::string& key = "k") {
    const auto entry = node.near.Get(key, 0, store_.Loader(key), clock_->Steady() + absl::Seconds(5));
    EXPECT_TRUE(entry.ok()) << entry.status();
    return entry.ok() ? entry->version : -1;
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<WaitEvent> pause_ = clock_->NewWaitEvent();
  VersionedStore store_{*clock_};
  std::unique_ptr<RedisServer> server_;
};

std::string Percentiles(std::vector<absl::Duration> spans) {
  if (spans.empty()) return "none";
  std::sort(spans.begin(), spans.end());
  const auto at = [&](double share) {
    return absl::FormatDuration(
        absl::Trunc(spans[static_cast<size_t>(share * (spans.size() - 1))], absl::Microseconds(1)));
  };
  return fmt::format("p50 {}, p99 {}, most {}, of {}", at(0.5), at(0.99), at(1), spans.size());
}

// Readers on every node and a writer on the first, until it is destroyed. Checks each answer.
class Load {
 public:
  Load(Clock& clock, VersionedStore& store, std::vector<NearCache*> nodes, absl::Duration bound)
      : clock_(clock), store_(store), bound_(bound), pause_(clock.NewWaitEvent()) {
    for (NearCache* node : nodes) {
      for (int i = 0; i < 3; ++i) threads_.emplace_back([this, node, i] { ReadOn(*node, i); });
    }
    threads_.emplace_back([this, node = nodes[0]] { WriteOn(*node); });
  }
  ~Load() { Stop(); }

  void Stop() {
    stop_ = true;
    pause_->Set();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // Since the last call.
  std::vector<absl::Duration> TakeReads() {
    std::lock_guard lock(mutex_);
    return std::exchange(reads_, {});
  }
  std::vector<absl::Duration> TakeWrites() {
    std::lock_guard lock(mutex_);
    return std::exchange(writes_, {});
  }
  absl::Duration oldest() const {
    std::lock_guard lock(mutex_);
    return oldest_;
  }
  int refused() const { return refused_; }

 private:
  std::string KeyOf(int i) const { return fmt::format("k{}", i % 8); }
  void Rest(absl::Duration span) { pause_->WaitUntil(clock_.Steady() + span); }

  void ReadOn(NearCache& node, int seed) {
    for (int i = seed; !stop_; ++i) {
      const std::string key = KeyOf(i);
      const absl::Duration begin = clock_.Steady();
      const auto entry = node.Get(key, 0, store_.Loader(key), begin + absl::Seconds(5));
      const absl::Duration took = clock_.Steady() - begin;
      if (!entry.ok()) {
        EXPECT_TRUE(absl::IsUnavailable(entry.status())) << entry.status();
        ++refused_;
        Rest(absl::Milliseconds(5));
        continue;
      }
      const absl::Duration age = store_.AgeAt(key, entry->version, begin);
      EXPECT_LE(age, bound_) << key << " version " << entry->version;
      if (entry->value != nullptr) {
        EXPECT_EQ(*entry->value, fmt::format("{} v{}", key, entry->version));
      }
      {
        std::lock_guard lock(mutex_);
        reads_.push_back(took);
        oldest_ = std::max(oldest_, age);
      }
      Rest(absl::Microseconds(300));
    }
  }

  void WriteOn(NearCache& node) {
    for (int i = 0; !stop_; ++i) {
      const std::string key = KeyOf(i);
      const int64_t version = store_.Commit(key);
      const absl::Duration begin = clock_.Steady();
      node.Wrote(key, version);
      const absl::Duration took = clock_.Steady() - begin;
      {
        std::lock_guard lock(mutex_);
        writes_.push_back(took);
      }
      Rest(absl::Milliseconds(7));
    }
  }

  Clock& clock_;
  VersionedStore& store_;
  const absl::Duration bound_;
  const std::unique_ptr<WaitEvent> pause_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> refused_ = 0;
  mutable std::mutex mutex_;
  std::vector<absl::Duration> reads_;
  std::vector<absl::Duration> writes_;
  absl::Duration oldest_;
  std::vector<std::thread> threads_;
};

TEST_F(FaultsTest, F19RedisKilledFlushedAndFrozen) {
  const auto a = Start();
  const auto b = Start();
  a->Run();
  b->Run();
  Load load(*clock_, store_, {&a->near, &b->near}, kS);
  const auto phase = [&](const char* name, absl::Duration span, const std::function<void()>& fault) {
    load.TakeReads();
    load.TakeWrites();
    fault();
    Pause(span);
    const auto writes = load.TakeWrites();
    // In microseconds on a quiet machine; waiting for Redis would take the timeout of a call, each time.
    EXPECT_LT(*std::max_element(writes.begin(), writes.end()), absl::Milliseconds(500));
    fmt::print("  {:9} reads {}; writes {}\n", name, Percentiles(load.TakeReads()), Percentiles(writes));
  };
  phase("healthy", 2 * kS, [] {});
  phase("killed", 3 * kS, [&] { server_->Kill(); });
  phase("back", 3 * kS, [&] { ASSERT_EQ(server_->Resume(), absl::OkStatus()); });
  phase("flushed", kS, [&] { ASSERT_TRUE(server_->Command({"FLUSHALL"}).ok()); });
  phase("frozen", 3 * kS, [&] { server_->Freeze(); });
  EXPECT_FALSE(a->near.cache_reached());
  phase("thawed", 3 * kS, [&] { server_->Thaw(); });
  load.Stop();
  fmt::print("  oldest answer {}, refused {}\n", absl::FormatDuration(load.oldest()), load.refused());

  // And all is as before.
  EXPECT_TRUE(Until([&] { return a->counts.connected() && b->counts.connected(); }));
  EXPECT_TRUE(a->near.cache_reached() && b->near.cache_reached());
  const int64_t version = store_.Commit("k");
  a->near.Wrote("k", version);
  EXPECT_TRUE(Until([&] { return Read(*b) == version; }));
}

TEST_F(FaultsTest, F20InvalidationsLost) {
  auto proxy = FaultProxy::Start(fmt::format("127.0.0.1:{}", server_->port()), *clock_);
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  const std::string through = fmt::format("redis://127.0.0.1:{}", (*proxy)->port());
  Node a(*clock_, server_->unix_url(), through, kS);
  Node b(*clock_, server_->unix_url(), through, kS);
  a.Run();
  b.Run();
  ASSERT_TRUE(Until([&] { return a.counts.connected() && b.counts.connected(); }));

  // Healthy: how soon b sees what a wrote.
  std::vector<absl::Duration> delays;
  for (int i = 0; i < 100; ++i) {
    Read(b);
    const int64_t version = store_.Commit("k");
    const absl::Duration begin = clock_->Steady();
    a.near.Wrote("k", version);
    while (Read(b) < version) {
    }
    delays.push_back(clock_->Steady() - begin);
  }
  fmt::print("  a write is seen by another process: {}\n", Percentiles(delays));

  // Nothing is heard any more, and nobody notices: PING is a minute away.
  (*proxy)->Freeze(true);
  {
    Load load(*clock_, store_, {&a.near, &b.near}, kS);
    Pause(5 * kS);
    load.Stop();
    fmt::print("  oldest answer without invalidations: {}\n", absl::FormatDuration(load.oldest()));
    EXPECT_GT(load.oldest(), kS / 2) << "invalidations were lost, or the test shows nothing";
  }
  // The connection is cut: that is noticed, and everything is dropped.
  const int flushes = b.counts.of(Happening::kFlush);
  (*proxy)->Freeze(false);
  (*proxy)->Cut();
  EXPECT_TRUE(Until([&] { return b.counts.of(Happening::kFlush) >= flushes + 2 && b.counts.connected(); }));
}

TEST_F(FaultsTest, F21ASlowReaderSetsAnOldValue) {
  const auto a = Start(absl::Seconds(30));
  const auto b = Start(absl::Seconds(30));
  a->RunStepsOnce();
  b->RunStepsOnce();
  store_.Commit("k");
  const auto slow = [&](absl::Duration) -> absl::StatusOr<Entry> {
    Entry entry = store_.Read("k");
    a->near.Wrote("k", store_.Commit("k"));
    a->RunStepsOnce();
    return entry;
  };
  ASSERT_TRUE(b->near.Get("k", 0, slow, clock_->Steady() + absl::Seconds(5)).ok());
  EXPECT_EQ(b->counts.of(Happening::kFillRefused), 1);
  EXPECT_EQ(server_->Command({"GET", "finalmile:v:k"}).value_or(""), "(nil)");
  EXPECT_FALSE(b->near.TryGet("k", 0).has_value());
  EXPECT_EQ(Read(*b), 2);
  EXPECT_EQ(Read(*a), 2);
}

TEST_F(FaultsTest, F21WithTheTombstoneEvictedTheBoundHolds) {
  const auto a = Start();
  const auto b = Start();
  store_.Commit("k");
  absl::Duration superseded;
  const auto slow = [&](absl::Duration) -> absl::StatusOr<Entry> {
    Entry entry = store_.Read("k");
    a->near.Wrote("k", store_.Commit("k"));
    superseded = clock_->Steady();
    a->RunStepsOnce();
    EXPECT_EQ(server_->Command({"DEL", "finalmile:t:k"}).value_or(""), "1");
    return entry;
  };
  ASSERT_TRUE(b->near.Get("k", 0, slow, clock_->Steady() + absl::Seconds(5)).ok());
  EXPECT_EQ(b->counts.of(Happening::kFillRefused), 0) << "nobody knows better any more";
  int old = 0;
  for (absl::Duration begin = clock_->Steady(); begin <= superseded + kS; begin = clock_->Steady()) {
    old += Read(*b) == 1 ? 1 : 0;
    EXPECT_EQ(Read(*a), 2) << "the writer's own process remembers";
  }
  EXPECT_GT(old, 0);
  EXPECT_EQ(Read(*b), 2);
}

TEST_F(FaultsTest, F22AHotKeyExpiresUnderAThousandReaders) {
  constexpr int kReaders = 1000;
  constexpr absl::Duration kLife = absl::Seconds(2);
  std::unique_ptr<Node> nodes[] = {Start(kLife), Start(kLife)};
  std::atomic<int> reads[2] = {0, 0};
  for (const auto& node : nodes) node->Run();
  ASSERT_TRUE(Until([&] { return nodes[0]->counts.connected() && nodes[1]->counts.connected(); }));
  store_.Commit("k");
  EXPECT_EQ(Read(*nodes[0]), 1);
  EXPECT_EQ(Read(*nodes[1]), 1);
  Pause(kLife);
  EXPECT_FALSE(nodes[0]->near.TryGet("k", 0).has_value());
  EXPECT_FALSE(nodes[1]->near.TryGet("k", 0).has_value());

  const auto go = clock_->NewWaitEvent();
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders * 2; ++i) {
    readers.emplace_back([&, n = i % 2] {
      const auto load = [&, n](absl::Duration) -> absl::StatusOr<Entry> {
        ++reads[n];
        // As long as a store takes; the others arrive meanwhile.
        clock_->NewWaitEvent()->WaitUntil(clock_->Steady() + absl::Milliseconds(20));
        return store_.Read("k");
      };
      go->WaitUntil(absl::InfiniteDuration());
      const auto entry = nodes[n]->near.Get("k", 0, load, clock_->Steady() + absl::Seconds(20));
      EXPECT_TRUE(entry.ok()) << entry.status();
    });
  }
  const absl::Duration start = clock_->Steady();
  go->Set();
  for (std::thread& reader : readers) reader.join();
  // On a machine so busy that the readers outlast the new entry, it is looked up again from its last fifth
  // on.
  const double most = 1 + std::floor((clock_->Steady() - start) / (kLife * 4 / 5));
  EXPECT_LE(reads[0], most);
  EXPECT_LE(reads[1], most);
  EXPECT_GE(reads[0] + reads[1], 1);
  fmt::print("  2 processes, {} readers each: {} and {} store reads\n", kReaders, reads[0].load(),
             reads[1].load());
}

}  // namespace
}  // namespace finalmile::cache
