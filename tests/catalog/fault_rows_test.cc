// Rows F19, F20 and F22 of the fault table on the catalog service: what two replicas answer over gRPC while a
// real Redis is killed, flushed and frozen, their listeners are cut, and hot assets end under load; and that
// a hot GetAsset asks neither Redis nor the store.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "libs/testing/fault_proxy.h"
#include "libs/testing/redis_server.h"
#include "tests/catalog/replicas.h"

namespace finalmile::catalog {
namespace {

using testing::FaultProxy;

// What lets an answer's age be told: an asset is changed by one writer, each change one revision, whose
// number its body says. Thread-safe.
class History {
 public:
  explicit History(Clock& clock) : clock_(clock) {}

  void Acknowledged(const v1::Asset& asset) {
    std::lock_guard lock(mutex_);
    known_[asset.name()].emplace(asset.revision(), clock_.Steady());
  }
  // How long before `begin` a newer revision was acknowledged; 0: none was.
  absl::Duration AgeAt(const v1::Asset& asset, absl::Duration begin) const {
    std::lock_guard lock(mutex_);
    const auto found = known_.find(asset.name());
    if (found == known_.end()) return absl::ZeroDuration();
    const auto newer = found->second.upper_bound(asset.revision());
    return newer == found->second.end() ? absl::ZeroDuration()
                                        : std::max(absl::ZeroDuration(), begin - newer->second);
  }

 private:
  Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, std::map<int64_t, absl::Duration>> known_;
};

std::string BodyOf(int64_t revision) { return fmt::format("This is revision {}.", revision); }

std::string Percentiles(std::vector<absl::Duration> spans) {
  if (spans.empty()) return "none";
  std::sort(spans.begin(), spans.end());
  const auto at = [&](double share) {
    return absl::ToDoubleMilliseconds(
        spans[static_cast<size_t>(share * static_cast<double>(spans.size() - 1))]);
  };
  return fmt::format("p50 {:.2f} ms, p99 {:.2f} ms, most {:.2f} ms, of {}", at(0.5), at(0.99), at(1),
                     spans.size());
}

class CatalogFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    auto postgres = testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(postgres);
    auto kafka = testing::SharedKafka();
    FINALMILE_NEEDS_KAFKA(kafka);
    kafka_ = *kafka;
    postgres_ = *postgres;
    auto redis = testing::RedisServer::Start();
    FINALMILE_NEEDS_REDIS(redis);
    redis_ = *std::move(redis);
  }

  void Start(absl::Duration staleness, const std::string& cache = "") {
    auto replicas = Replicas::Start(*postgres_, *kafka_,
                                    {.cache = cache.empty() ? redis_->url() : cache, .staleness = staleness});
    ASSERT_TRUE(replicas.ok()) << replicas.status();
    replicas_ = *std::move(replicas);
    history_ = std::make_unique<History>(replicas_->clock());
    ASSERT_TRUE(replicas_->Until([&] { return Connected(0) && Connected(1); }));
    ASSERT_TRUE(replicas_->Until([&] { return Knows(0, 0) && Knows(1, 0); }));
  }

  // Whether a replica has looked at every asset, and so many assets are called "hot".
  bool Knows(int replica, int64_t assets) {
    v1::SearchAssetsRequest search;
    search.set_query("hot");
    search.set_unpublished(true);
    const auto found = replicas_->Call<v1::SearchAssetsResponse>(replica, "SearchAssets", search);
    return found.ok() && !found->filling() && found->total() == assets;
  }

  bool Connected(int replica) {
    return replicas_->Metric(replica, "finalmile_cache_feed_connected") == 1 &&
           replicas_->Metric(replica, "finalmile_cache_reached") == 1;
  }
  double Invalidations(int replica) {
    return replicas_->Metric(replica, "finalmile_cache_invalidations_total");
  }
  double Answers(int replica, std::string_view source) {
    return replicas_->Metric(replica, "finalmile_cache_answers_total", fmt::format("source=\"{}\"", source));
  }

  std::string Create(const std::string& id) {
    v1::CreateAssetRequest request;
    request.set_asset_id(id);
    request.set_request_id("create-" + id);
    v1::Asset& asset = *request.mutable_asset();
    asset.set_kind(v1::ASSET_KIND_TALK_TRACK_SOURCE);
    asset.set_title(id);
    asset.set_owner("mia");
    asset.set_body(BodyOf(1));
    auto created = replicas_->Call<v1::Asset>(0, "CreateAsset", request);
    EXPECT_TRUE(created.ok()) << created.status();
    if (created.ok()) history_->Acknowledged(*created);
    return "assets/" + id;
  }

  // The change that leads to `revision`, at a replica.
  v1::Asset Change(int replica, const std::string& name, int64_t revision) {
    v1::UpdateAssetRequest request;
    request.mutable_asset()->set_name(name);
    request.mutable_asset()->set_body(BodyOf(revision));
    request.set_request_id(fmt::format("{}-{}", name, revision));
    auto changed = replicas_->Call<v1::Asset>(replica, "UpdateAsset", request);
    EXPECT_TRUE(changed.ok()) << changed.status();
    if (!changed.ok()) return {};
    EXPECT_EQ(changed->revision(), revision);
    history_->Acknowledged(*changed);
    return *std::move(changed);
  }

  testing::PostgresServer* postgres_ = nullptr;
  testing::KafkaBroker* kafka_ = nullptr;
  std::unique_ptr<testing::RedisServer> redis_;
  std::unique_ptr<Replicas> replicas_;
  std::unique_ptr<History> history_;

  // Readers at both replicas and a writer at the first, until it is destroyed. Checks each answer.
  class Load {
   public:
    Load(CatalogFaults& test, std::vector<std::string> names, absl::Duration bound)
        : test_(test),
          clock_(test.replicas_->clock()),
          names_(std::move(names)),
          bound_(bound),
          pause_(clock_.NewWaitEvent()) {
      for (int replica = 0; replica < Replicas::kCount; ++replica) {
        for (size_t i = 0; i < 2; ++i) threads_.emplace_back([this, replica, i] { Read(replica, i); });
      }
      threads_.emplace_back([this] { Write(); });
    }
    ~Load() { Stop(); }

    void Stop() {
      stop_ = true;
      pause_->Set();
      for (std::thread& thread : threads_) thread.join();
      threads_.clear();
    }
    // What was read since the last call took so long.
    std::vector<absl::Duration> TakeReads() {
      std::lock_guard lock(mutex_);
      return std::exchange(reads_, {});
    }
    absl::Duration oldest() const {
      std::lock_guard lock(mutex_);
      return oldest_;
    }
    int refused() const { return refused_; }
    int64_t written() const { return written_; }

   private:
    void Rest(absl::Duration span) { pause_->WaitUntil(clock_.Steady() + span); }

    void Read(int replica, size_t from) {
      for (size_t i = from; !stop_; ++i) {
        v1::GetAssetRequest request;
        request.set_name(names_[i % names_.size()]);
        const absl::Duration begin = clock_.Steady();
        const auto asset = test_.replicas_->Call<v1::Asset>(replica, "GetAsset", request, /*retry=*/false);
        const absl::Duration took = clock_.Steady() - begin;
        if (!asset.ok()) {
          EXPECT_TRUE(absl::IsUnavailable(asset.status())) << asset.status();
          ++refused_;
          Rest(absl::Milliseconds(5));
          continue;
        }
        EXPECT_EQ(asset->name(), request.name());
        EXPECT_EQ(asset->body(), BodyOf(asset->revision()));
        const absl::Duration age = test_.history_->AgeAt(*asset, begin);
        EXPECT_LE(age, bound_) << asset->name() << " revision " << asset->revision();
        std::lock_guard lock(mutex_);
        reads_.push_back(took);
        oldest_ = std::max(oldest_, age);
      }
    }

    void Write() {
      for (int64_t turn = 0; !stop_; ++turn) {
        const auto names = static_cast<int64_t>(names_.size());
        test_.Change(0, names_[static_cast<size_t>(turn % names)], turn / names + 2);
        ++written_;
        Rest(absl::Milliseconds(20));
      }
    }

    CatalogFaults& test_;
    Clock& clock_;
    const std::vector<std::string> names_;
    const absl::Duration bound_;
    const std::unique_ptr<WaitEvent> pause_;
    std::atomic<bool> stop_ = false;
    std::atomic<int> refused_ = 0;
    std::atomic<int64_t> written_ = 0;
    mutable std::mutex mutex_;
    std::vector<absl::Duration> reads_;
    absl::Duration oldest_;
    std::vector<std::thread> threads_;
  };
};

TEST_F(CatalogFaults, AHotAssetAsksNeitherRedisNorTheStore) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::Minutes(10)));
  const std::string name = Create("hot");
  // The event of its creation has come, which would drop it once more.
  ASSERT_TRUE(replicas_->Until([&] { return Knows(1, 1); }));
  const auto from_store = replicas_->Get(1, name, 1);
  ASSERT_TRUE(from_store.ok()) << from_store.status();
  ASSERT_EQ(replicas_->Get(1, name)->body(), BodyOf(1));

  // Calls of the service alone: the feed's PING and the test's INFO are left out.
  const auto redis_calls = [&] {
    std::map<std::string, std::string> calls;
    std::istringstream stats(redis_->Command({"INFO", "commandstats"}).value_or(""));
    for (std::string line; std::getline(stats, line);) {
      const std::string command = line.substr(0, line.find(':'));
      if (command == "cmdstat_ping" || command == "cmdstat_info" || line.find("calls=") == std::string::npos)
        continue;
      calls[command] = line.substr(0, line.find(','));
    }
    return calls;
  };
  const auto calls = redis_calls();
  EXPECT_FALSE(calls.empty());
  const double near = Answers(1, "near");
  const double elsewhere = Answers(1, "cache") + Answers(1, "store") + Answers(1, "shared");
  constexpr int kReads = 2000;
  std::vector<absl::Duration> took;
  for (int i = 0; i < kReads; ++i) {
    const absl::Duration begin = replicas_->clock().Steady();
    const auto asset = replicas_->Get(1, name, 0, i % 2);
    took.push_back(replicas_->clock().Steady() - begin);
    ASSERT_TRUE(asset.ok()) << asset.status();
    ASSERT_EQ(asset->SerializeAsString(), from_store->SerializeAsString());
  }
  EXPECT_EQ(Answers(1, "near") - near, kReads);
  EXPECT_EQ(Answers(1, "cache") + Answers(1, "store") + Answers(1, "shared"), elsewhere);
  EXPECT_EQ(redis_calls(), calls);
  fmt::print("  {} hot reads, one after the other: {}\n", kReads, Percentiles(took));

  // What does not exist is hot too, and so is an error.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(absl::IsNotFound(replicas_->Get(1, "assets/none").status()));
  EXPECT_EQ(Answers(1, "near") - near, kReads + 2);
}

TEST_F(CatalogFaults, AnUpdateIsSeenByTheOtherReplica) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::Minutes(10)));
  const std::string name = Create("seen");
  // By the writer's own process, and by who has seen it, at once.
  for (int64_t revision = 2; revision <= 30; ++revision) {
    for (int replica = 0; replica < Replicas::kCount; ++replica)
      ASSERT_TRUE(replicas_->Get(replica, name).ok());
    Change(0, name, revision);
    EXPECT_EQ(replicas_->Get(0, name)->revision(), revision);
    EXPECT_EQ(replicas_->Get(1, name, 0, revision)->revision(), revision);
  }
  std::vector<absl::Duration> delays;
  for (int64_t revision = 31; revision <= 120; ++revision) {
    ASSERT_EQ(replicas_->Get(1, name)->revision(), revision - 1);
    Change(0, name, revision);
    const absl::Duration begin = replicas_->clock().Steady();
    for (;;) {
      const auto asset = replicas_->Get(1, name);
      ASSERT_TRUE(asset.ok()) << asset.status();
      if (asset->revision() == revision) break;
      ASSERT_LT(replicas_->clock().Steady() - begin, absl::Minutes(1));
    }
    delays.push_back(replicas_->clock().Steady() - begin);
  }
  fmt::print("  an update is seen by the other replica after: {}\n", Percentiles(delays));
}

TEST_F(CatalogFaults, F19RedisKilledFlushedAndFrozen) {
  constexpr absl::Duration kS = absl::Seconds(1);
  ASSERT_NO_FATAL_FAILURE(Start(kS));
  std::vector<std::string> names;
  for (int i = 0; i < 6; ++i) names.push_back(Create(fmt::format("f19-{}", i)));
  Load load(*this, names, kS);
  const auto phase = [&](const char* what, absl::Duration span, const std::function<void()>& fault) {
    load.TakeReads();
    const int refused = load.refused();
    fault();
    replicas_->Pause(span);
    fmt::print("  {:8} {}; {} refused\n", what, Percentiles(load.TakeReads()), load.refused() - refused);
  };
  phase("healthy", 2 * kS, [] {});
  phase("killed", 3 * kS, [&] { redis_->Kill(); });
  phase("back", 2 * kS, [&] { ASSERT_EQ(redis_->Resume(), absl::OkStatus()); });
  phase("flushed", kS, [&] { ASSERT_TRUE(redis_->Command({"FLUSHALL"}).ok()); });
  phase("frozen", 3 * kS, [&] { redis_->Freeze(); });
  phase("thawed", 2 * kS, [&] { redis_->Thaw(); });
  load.Stop();
  fmt::print("  oldest answer {}, {} changes\n", absl::FormatDuration(load.oldest()), load.written());
  EXPECT_GT(load.written(), 0);
  // And all is as before.
  EXPECT_TRUE(replicas_->Until([&] { return Connected(0) && Connected(1); }));
  for (const std::string& name : names) {
    const auto last = replicas_->Get(0, name, 0, 0);
    ASSERT_TRUE(last.ok()) << last.status();
    EXPECT_TRUE(
        replicas_->Until([&] { return replicas_->Get(1, name)->revision() == last->latest_version(); }));
  }
}

TEST_F(CatalogFaults, F20InvalidationsLost) {
  constexpr absl::Duration kS = absl::Seconds(1);
  const auto clock = NewSystemClock();
  auto proxy = FaultProxy::Start(fmt::format("127.0.0.1:{}", redis_->port()), *clock);
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  ASSERT_NO_FATAL_FAILURE(Start(kS, fmt::format("redis://127.0.0.1:{}", (*proxy)->port())));
  std::vector<std::string> names;
  for (int i = 0; i < 6; ++i) names.push_back(Create(fmt::format("f20-{}", i)));
  // Neither the listeners nor the topic tell of changes any more, and for 3 seconds nobody notices.
  (*proxy)->FreezeThose("__redis__:invalidate");
  ASSERT_TRUE(kafka_->Freeze().ok());
  {
    Load load(*this, names, kS);
    replicas_->Pause(absl::Milliseconds(2500));
    load.Stop();
    EXPECT_TRUE(kafka_->Thaw().ok());
    fmt::print("  oldest answer without invalidations: {}, {} changes, {}\n",
               absl::FormatDuration(load.oldest()), load.written(), Percentiles(load.TakeReads()));
    EXPECT_GT(load.oldest(), kS / 4) << "invalidations were lost, or the test shows nothing";
  }
  (*proxy)->FreezeThose("");
  (*proxy)->Cut();
  EXPECT_TRUE(replicas_->Until([&] { return Connected(0) && Connected(1); }));
}

TEST_F(CatalogFaults, F22AHotAssetEndsUnderManyReaders) {
  constexpr absl::Duration kS = absl::Seconds(2);
  constexpr int kReaders = 500;
  ASSERT_NO_FATAL_FAILURE(Start(kS));
  const std::string name = Create("f22");
  for (int replica = 0; replica < Replicas::kCount; ++replica)
    ASSERT_TRUE(replicas_->Get(replica, name).ok());
  replicas_->Pause(kS);
  // Each replica hears of the creation from the topic and from Redis, and hears again when the tombstone in
  // Redis ends. One that came while the readers wait would have those who come later look the key up anew.
  ASSERT_TRUE(replicas_->Until([&] { return Invalidations(0) >= 3 && Invalidations(1) >= 3; }));
  const auto unanswered = [&](int replica) {
    return replicas_->Metric(replica, "finalmile_cache_failures_total");
  };
  const double before[] = {Answers(0, "store"), Answers(1, "store")};
  const double unanswered_before[] = {unanswered(0), unanswered(1)};
  const auto go = replicas_->clock().NewWaitEvent();
  std::vector<std::thread> readers;
  for (int i = 0; i < Replicas::kCount * kReaders; ++i) {
    readers.emplace_back([&, replica = i % Replicas::kCount] {
      go->WaitUntil(absl::InfiniteDuration());
      const auto asset = replicas_->Get(replica, name);
      EXPECT_TRUE(asset.ok()) << asset.status();
    });
  }
  const absl::Duration start = replicas_->clock().Steady();
  go->Set();
  for (std::thread& reader : readers) reader.join();
  // On a machine so busy that the readers outlast the new entry, it is looked up again from its last fifth
  // on; and where Redis does not answer in time, the store does, without a fill.
  const double renewals = std::floor((replicas_->clock().Steady() - start) / (kS * 4 / 5));
  for (int replica = 0; replica < Replicas::kCount; ++replica) {
    const double reads = Answers(replica, "store") - before[replica];
    const double late = unanswered(replica) - unanswered_before[replica];
    EXPECT_LE(reads, 1 + renewals + late);
    fmt::print("  replica {}: {} readers, {} store reads, {} shared a look-up, {} not answered by Redis\n",
               replica, kReaders, reads, Answers(replica, "shared"), late);
  }
}

}  // namespace
}  // namespace finalmile::catalog
