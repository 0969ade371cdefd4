// Processes that read and write hot things in a simulation: calls to the cache are delayed, fail and lose
// their answers, processes freeze and crash, invalidations are lost; in an order that a seed decides.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "libs/cache/local/local_cache.h"
#include "libs/cache/near_cache.h"
#include "libs/cache/near_cache_fixture.h"
#include "libs/testing/faulty_cache.h"
#include "libs/testing/simulation.h"

namespace finalmile::cache {
namespace {

using finalmile::testing::CacheServer;
using finalmile::testing::Faults;
using finalmile::testing::Simulation;

constexpr absl::Duration kS = absl::Seconds(30);
constexpr int kProcesses = 3;
constexpr int kClients = 5;

class World {
 public:
  explicit World(uint64_t seed)
      : simulation_(seed, {}),
        shared_(OpenLocal(simulation_.clock(), 1 << 20)),
        server_(simulation_, *shared_),
        store_(simulation_.clock()) {
    simulation_.faults() = Faults::Draw(simulation_.rng());
  }

  uint64_t Run() {
    for (int i = 0; i < kProcesses; ++i) processes_.push_back(Start());
    for (int i = 0; i < kClients; ++i) {
      simulation_.Spawn("client", [this] { Client(); });
    }
    // Whoever has crashed is started again while clients are there.
    while (clients_ > 0) {
      simulation_.Sleep(absl::Seconds(1));
      for (auto& process : processes_) {
        if (process->process.alive()) continue;
        process->process.Join();
        process = Start();
      }
    }
    for (auto& process : processes_) process->process.Stop();
    for (auto& process : processes_) process->process.Join();
    processes_.clear();
    simulation_.JoinAll();
    return simulation_.trace_hash();
  }

  int answers() const { return answers_; }
  absl::Duration oldest() const { return oldest_; }

 private:
  struct Replica {
    Replica(Simulation& simulation, CacheServer& server)
        : process(simulation, "replica"),
          cache(server.Connect()),
          near(*cache, process.clock(), process.rng(), counts, {.name = "x", .staleness = kS}) {}
    Simulation::Process process;
    std::unique_ptr<Cache> cache;
    Counts counts;
    NearCache near;
  };

  std::shared_ptr<Replica> Start() {
    auto replica = std::make_shared<Replica>(simulation_, server_);
    for (Step* step : replica->near.steps()) replica->process.Run(*step);
    return replica;
  }

  void Client() {
    for (int i = 0; i < 60; ++i) {
      simulation_.Sleep(absl::Milliseconds(static_cast<int64_t>(simulation_.rng().Below(4000))));
      const std::shared_ptr<Replica> replica = processes_[simulation_.rng().Below(kProcesses)];
      const std::string key = simulation_.rng().Below(2) == 0 ? "a" : "b";
      if (simulation_.rng().Below(6) == 0) {
        replica->process.Serve([&] {
          const int64_t version = store_.Commit(key);
          simulation_.Gate("after the commit");
          replica->near.Wrote(key, version);
        });
      } else {
        replica->process.Serve([&] { Read(*replica, key); });
      }
    }
    --clients_;
  }

  void Read(Replica& replica, const std::string& key) {
    const absl::Duration begin = simulation_.clock().Steady();
    // Get would refresh what is about to end; who can only peek is answered to the last.
    for (int i = 0; i < 2; ++i) {
      if (const auto peeked = replica.near.TryGet(key, 0)) Check(key, *peeked, begin);
    }
    const auto load = [&](absl::Duration) -> absl::StatusOr<Entry> {
      simulation_.Gate("read the store");
      Entry entry = store_.Read(key);
      simulation_.Gate("the store was read");
      return entry;
    };
    const auto entry = replica.near.Get(key, 0, load, replica.process.clock().Steady() + absl::Minutes(2));
    if (entry.ok()) Check(key, *entry, begin);
  }

  void Check(const std::string& key, const Entry& entry, absl::Duration begin) {
    ++answers_;
    const absl::Duration age = store_.AgeAt(key, entry.version, begin);
    oldest_ = std::max(oldest_, age);
    EXPECT_LE(age, kS) << key << " version " << entry.version;
  }

  Simulation simulation_;
  const std::unique_ptr<Cache> shared_;
  CacheServer server_;
  VersionedStore store_;
  std::vector<std::shared_ptr<Replica>> processes_;
  int clients_ = kClients;
  int answers_ = 0;
  absl::Duration oldest_;
};

TEST(NearCacheSimulation, NoAnswerIsOlderThanS) {
  int answers = 0;
  absl::Duration oldest;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    world.Run();
    answers += world.answers();
    oldest = std::max(oldest, world.oldest());
    if (HasFailure()) break;
  }
  EXPECT_GT(answers, 60 * 100);
  EXPECT_GT(oldest, kS / 2) << "nothing was ever lost: the simulation shows nothing";
}

TEST(NearCacheSimulation, ASeedReplays) {
  EXPECT_EQ(World(7).Run(), World(7).Run());
  EXPECT_NE(World(7).Run(), World(8).Run());
}

}  // namespace
}  // namespace finalmile::cache
