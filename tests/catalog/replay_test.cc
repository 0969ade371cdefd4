// A history of changes to a folder of pages, played as creations, updates, publications and retirements
// through two replicas of the catalog service on real servers. Then both replicas, their indexes, the store,
// the topic and the cache must agree with what was acknowledged.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "libs/base/text.h"
#include "libs/cache/cache.h"
#include "libs/outbox/outbox.h"
#include "libs/outbox/topic.h"
#include "libs/testing/redis_server.h"
#include "services/catalog/assets/asset_batch.h"
#include "services/catalog/domain/life.h"
#include "services/catalog/import/page.h"
#include "services/catalog/wiring.h"
#include "tests/catalog/history.h"
#include "tests/catalog/replicas.h"

namespace finalmile::catalog {
namespace {

constexpr int kClients = 4;

class Replay : public ::testing::Test {
 protected:
  // What was acknowledged of one page.
  struct Known {
    std::string name;
    std::string token;
    std::string body;
    int64_t versions = 0;
    int64_t published = 0;
    int64_t revision = 0;
    int64_t publications = 0;
    int64_t retirements = 0;
    bool live = false;
    std::vector<std::string> old_tokens = {};
  };

  void SetUp() override {
    auto postgres = testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(postgres);
    auto kafka = testing::SharedKafka();
    FINALMILE_NEEDS_KAFKA(kafka);
    auto redis = testing::SharedRedis();
    FINALMILE_NEEDS_REDIS(redis);
    ASSERT_TRUE((*redis)->Command({"FLUSHALL"}).ok());
    auto replicas = Replicas::Start(**postgres, **kafka, {.cache = (*redis)->url()});
    ASSERT_TRUE(replicas.ok()) << replicas.status();
    replicas_ = *std::move(replicas);
    auto cache = cache::Open((*redis)->url(), replicas_->clock(), {.prefix = std::string(kCachePrefix)});
    ASSERT_TRUE(cache.ok()) << cache.status();
    cache_ = *std::move(cache);
    // The topic may hold what earlier tests told.
    source_ = fmt::format("replay-{}", ToMicros(replicas_->clock().Now()));
  }

  // Plays `history` in so many parts, with a check after each, and a replica killed before the last.
  void Play(const std::vector<Change>& history, size_t parts) {
    const absl::Duration begin = replicas_->clock().Steady();
    for (size_t part = 0; part < parts && !HasFailure(); ++part) {
      PlayPart(history, history.size() * part / parts, history.size() * (part + 1) / parts);
      Check(/*every=*/part + 1 == parts ? 1 : 10);
      if (part + 2 == parts) {
        ASSERT_EQ(replicas_->Crash(1), absl::OkStatus());
      }
    }
    if (HasFailure()) return;
    CheckStore();
    CheckTopic();
    int64_t versions = 0;
    size_t live = 0;
    for (const auto& [path, known] : known_) {
      versions += known.versions;
      live += known.live ? 1 : 0;
    }
    fmt::print(
        "  {} changes in {:.1f} s: {} calls, {} assets, {} of them live, {} versions; {} times Redis held "
        "what was "
        "compared\n",
        history.size(), absl::ToDoubleSeconds(replicas_->clock().Steady() - begin), calls_.load(),
        known_.size(), live, versions, cached_);
  }

 private:
  // A client takes all changes of a page, in order, each at the other replica.
  void PlayPart(const std::vector<Change>& history, size_t from, size_t to) {
    std::vector<std::thread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([&, client] {
        for (size_t i = from; i < to && !HasFailure(); ++i) {
          if (StableHash(history[i].path) % kClients == static_cast<uint64_t>(client)) Apply(history[i], i);
        }
      });
    }
    for (std::thread& client : clients) client.join();
  }

  template <class Response>
  std::optional<Response> Call(size_t number, const std::string& method,
                               const google::protobuf::Message& request) {
    ++calls_;
    auto response = replicas_->Call<Response>(static_cast<int>(number % Replicas::kCount), method, request);
    EXPECT_TRUE(response.ok()) << method << " " << number << ": " << response.status();
    if (!response.ok()) return std::nullopt;
    return *std::move(response);
  }

  void Apply(const Change& change, size_t number) {
    std::unique_lock lock(mutex_);
    Known& known = known_[change.path];
    lock.unlock();
    if (change.action == "deleted") {
      if (!known.live) return;
      v1::RetireAssetRequest retire;
      retire.set_name(known.name);
      retire.set_request_id(fmt::format("retire-{}", number));
      const auto retired = Call<v1::RetireAssetResponse>(number, "RetireAsset", retire);
      if (!retired) return;
      known.live = false;
      ++known.retirements;
      known.revision = retired->asset().revision();
      return;
    }
    const std::optional<v1::Asset> written = Write(change, number, known);
    if (!written) return;
    EXPECT_EQ(written->version(), known.versions + 1);
    known.versions = written->version();
    if (!known.token.empty()) known.old_tokens.push_back(known.token);
    known.token = TokenOf(change);
    known.body = written->body();
    v1::PublishAssetRequest publish;
    publish.set_name(known.name);
    publish.set_reviewer("kim");
    publish.set_request_id(fmt::format("publish-{}", number));
    const auto published = Call<v1::PublishAssetResponse>(number + 1, "PublishAsset", publish);
    if (!published) return;
    EXPECT_EQ(published->asset().published_version(), known.versions);
    known.published = known.versions;
    known.live = true;
    ++known.publications;
    known.revision = published->asset().revision();
  }

  std::optional<v1::Asset> Write(const Change& change, size_t number, Known& known) {
    if (known.versions > 0) {
      v1::UpdateAssetRequest update;
      update.mutable_asset()->set_name(known.name);
      update.mutable_asset()->set_body(BodyOf(change));
      update.set_request_id(fmt::format("update-{}", number));
      return Call<v1::Asset>(number, "UpdateAsset", update);
    }
    v1::CreateAssetRequest create;
    create.set_asset_id(import::AssetIdOf(source_, change.path).text());
    create.set_request_id(fmt::format("create-{}", number));
    v1::Asset& asset = *create.mutable_asset();
    asset.set_kind(v1::ASSET_KIND_TALK_TRACK_SOURCE);
    asset.set_title(change.path);
    asset.set_owner("mia");
    asset.set_body(BodyOf(change));
    asset.mutable_talk_track_source()->set_situation("handbook");
    known.name = "assets/" + create.asset_id();
    return Call<v1::Asset>(number, "CreateAsset", create);
  }

  v1::SearchAssetsResponse Search(int replica, const std::string& words, bool unpublished = false) {
    v1::SearchAssetsRequest request;
    request.set_query(words);
    request.set_unpublished(unpublished);
    const auto found = replicas_->Call<v1::SearchAssetsResponse>(replica, "SearchAssets", request);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(v1::SearchAssetsResponse());
  }

  // Both replicas against what is known, every so many assets.
  void Check(size_t every) {
    int64_t live = 0;
    int64_t all = 0;
    for (const auto& [path, known] : known_) {
      live += known.live ? 1 : 0;
      all += known.versions > 0 ? 1 : 0;
    }
    for (int replica = 0; replica < Replicas::kCount; ++replica) {
      EXPECT_TRUE(replicas_->Until([&] {
        const v1::SearchAssetsResponse shelf = Search(replica, "handbookpage");
        return !shelf.filling() && shelf.total() == live &&
               Search(replica, "handbookpage", true).total() == all;
      })) << "the index of replica "
          << replica << " has " << Search(replica, "handbookpage").total() << " assets, the shelf " << live;
      size_t turn = 0;
      for (const auto& [path, known] : known_) {
        if (known.versions > 0 && turn++ % every == 0) CheckAsset(replica, known);
        if (HasFailure()) return;
      }
    }
  }

  void CheckAsset(int replica, const Known& known) {
    SCOPED_TRACE(known.name);
    const auto shown = replicas_->Get(replica, known.name, 0, known.revision);
    ASSERT_TRUE(shown.ok()) << shown.status();
    EXPECT_EQ(shown->revision(), known.revision);
    EXPECT_EQ(shown->version(), known.published);
    EXPECT_EQ(shown->latest_version(), known.versions);
    EXPECT_EQ(shown->body(), known.body);
    EXPECT_EQ(shown->state(), known.live ? v1::ASSET_STATE_PUBLISHED : v1::ASSET_STATE_RETIRED);
    const auto stored = replicas_->Get(replica, known.name, known.published);
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(stored->SerializeAsString(), shown->SerializeAsString());
    CheckCache(known, *shown);
    // The index follows within a moment.
    const auto found = [&](const std::string& token, bool unpublished) -> int64_t {
      const v1::SearchAssetsResponse response = Search(replica, token, unpublished);
      return response.hits_size() == 1 && response.hits(0).asset().name() == known.name
                 ? response.hits(0).asset().version()
                 : -response.hits_size();
    };
    EXPECT_TRUE(replicas_->Until([&] {
      return found(known.token, false) == (known.live ? known.published : 0) &&
             found(known.token, true) == known.versions;
    })) << "version "
        << found(known.token, false) << " is found, " << known.published << " published";
    if (!known.old_tokens.empty()) {
      EXPECT_EQ(found(known.old_tokens.back(), false), 0) << "an old text is found";
    }
  }

  // What Redis holds of an asset is what the store has.
  void CheckCache(const Known& known, const v1::Asset& shown) {
    const std::string key = "asset/" + known.name.substr(sizeof("assets/") - 1);
    const auto held = cache_->Lookup(key, replicas_->clock().Steady() + absl::Seconds(5));
    ASSERT_TRUE(held.ok()) << held.status();
    if (!held->entry) return;
    ++cached_;
    EXPECT_EQ(held->entry->version, known.revision);
    ASSERT_NE(held->entry->value, nullptr);
    EXPECT_EQ(*held->entry->value, shown.SerializeAsString());
  }

  std::vector<storage::Row> Query(const std::string& sql) {
    std::vector<storage::Row> rows;
    const absl::Status read = replicas_->database().Transact(
        {.deadline = replicas_->clock().Steady() + absl::Seconds(20), .read_only = true},
        [&](storage::Transaction& transaction) {
          auto result = transaction.Execute(sql);
          if (result.ok()) rows = std::move(result->rows);
          return result.status();
        });
    EXPECT_TRUE(read.ok()) << read;
    return rows;
  }

  void CheckStore() {
    EXPECT_TRUE(replicas_->Until([&] { return Query("SELECT COUNT(*) FROM outbox")[0].Int(0) == 0; }));
    std::map<std::string, int64_t> versions;
    for (const storage::Row& row :
         Query("SELECT asset, COUNT(*), MAX(version) FROM asset_versions GROUP BY asset")) {
      EXPECT_EQ(row.Int(1), row.Int(2)) << row.Text(0) << " lacks versions";
      versions["assets/" + row.Text(0)] = row.Int(1);
    }
    std::map<std::string, storage::Row> rows;
    for (storage::Row& row :
         Query("SELECT id, latest_version, published_version, revision, seq, shelf FROM assets")) {
      std::string name = "assets/" + row.Text(0);
      rows.emplace(std::move(name), std::move(row));
    }
    size_t assets = 0;
    for (const auto& [path, known] : known_) {
      if (known.versions == 0) continue;
      ++assets;
      const auto row = rows.find(known.name);
      ASSERT_NE(row, rows.end()) << known.name << " is lost";
      EXPECT_EQ(versions[known.name], known.versions) << known.name;
      EXPECT_EQ(row->second.Int(1), known.versions) << known.name;
      EXPECT_EQ(row->second.Int(2), known.published) << known.name;
      EXPECT_EQ(row->second.Int(3), known.revision) << known.name;
      // One event for each version, publication and retirement.
      EXPECT_EQ(row->second.Int(4), known.versions + known.publications + known.retirements) << known.name;
      EXPECT_EQ(row->second.Int(5), static_cast<int64_t>(known.live ? domain::AssetState::kPublished
                                                                    : domain::AssetState::kRetired))
          << known.name;
    }
    EXPECT_EQ(rows.size(), assets) << "assets come from nowhere";
  }

  void CheckTopic() {
    const auto wake = replicas_->clock().NewWaitEvent();
    auto tail =
        replicas_->events().OpenTail({outbox::TopicName<v1::CatalogEvent>()}, events::TailFrom::kStart,
                                     replicas_->clock().Steady() + absl::Seconds(10), *wake);
    ASSERT_TRUE(tail.ok()) << tail.status();
    std::map<std::string, Known> told;
    std::map<std::string, int64_t> seqs;
    while (!(*tail)->caught_up()) {
      const auto records = (*tail)->Poll(1000);
      ASSERT_TRUE(records.ok()) << records.status();
      if (records->empty()) wake->WaitUntil(replicas_->clock().Steady() + absl::Milliseconds(50));
      wake->Clear();
      for (const events::Record& record : *records) {
        v1::CatalogEvent event;
        ASSERT_TRUE(event.ParseFromString(record.value));
        if (!event.key().starts_with("assets/" + source_)) continue;
        int64_t& seq = seqs[event.key()];
        ASSERT_LE(event.seq(), seq + 1) << event.key() << " lacks an event";
        if (event.seq() <= seq) continue;
        seq = event.seq();
        Known& known = told[event.key()];
        known.revision = event.revision();
        known.versions += event.has_asset_versioned() ? 1 : 0;
        known.publications += event.has_asset_published() ? 1 : 0;
        known.retirements += event.has_asset_retired() ? 1 : 0;
      }
    }
    for (const auto& [path, known] : known_) {
      if (known.versions == 0) continue;
      const Known& events = told[known.name];
      EXPECT_EQ(events.versions, known.versions) << known.name;
      EXPECT_EQ(events.publications, known.publications) << known.name;
      EXPECT_EQ(events.retirements, known.retirements) << known.name;
      EXPECT_EQ(events.revision, known.revision) << known.name;
    }
  }

  std::unique_ptr<Replicas> replicas_;
  std::unique_ptr<cache::Cache> cache_;
  std::string source_;
  // Guards the map; an entry is its client's own while clients play.
  std::mutex mutex_;
  std::map<std::string, Known> known_;
  std::atomic<int64_t> calls_ = 0;
  int64_t cached_ = 0;
};

TEST_F(Replay, AGeneratedHistory) { Play(GenerateHistory(240, 24), 3); }

// Five years of a company's handbook; SHARED_DATA names the folder that has it.
TEST_F(Replay, ARealHistory) {
  const char* data = std::getenv("SHARED_DATA");
  if (data == nullptr) GTEST_SKIP() << "SHARED_DATA does not name the data sets";
  const std::vector<Change> history =
      ReadHistory(std::string(data) + "/content/sourcegraph-handbook/content_events.csv");
  ASSERT_GT(history.size(), 4000u);
  Play(history, 4);
}

}  // namespace
}  // namespace finalmile::catalog
