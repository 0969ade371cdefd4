// What is Redis's own: login, forgotten scripts, restarts, half-open connections, lost tracking.

#include "libs/cache/redis/redis_cache.h"

#include <gmock/gmock.h>

#include <fstream>

#include "fmt/format.h"
#include "libs/cache/cache_contract.h"
#include "libs/testing/fault_proxy.h"
#include "libs/testing/redis_server.h"

namespace finalmile::cache {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::string> Tcp() {
  const auto server = finalmile::testing::SharedRedis();
  if (!server.ok()) return server.status();
  return (*server)->url();
}

absl::StatusOr<std::string> Unix() {
  const auto server = finalmile::testing::SharedRedis();
  if (!server.ok()) return server.status();
  return (*server)->unix_url();
}

INSTANTIATE_TEST_SUITE_P(
    Redis, CacheContract,
    ::testing::Values(
        ContractEngine{.name = "tcp", .url = Tcp, .required = finalmile::testing::RedisRequired()},
        ContractEngine{.name = "unix", .url = Unix, .required = finalmile::testing::RedisRequired()}),
    ::testing::PrintToStringParamName());

class RedisCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = finalmile::testing::RedisServer::Start();
    FINALMILE_NEEDS_REDIS(server);
    server_ = *std::move(server);
  }

  std::unique_ptr<Cache> Open(const std::string& url, OpenOptions options = {}) {
    auto cache = cache::Open(url, *clock_, options);
    EXPECT_TRUE(cache.ok()) << cache.status();
    return cache.ok() ? *std::move(cache) : nullptr;
  }
  absl::Duration In(absl::Duration span) const { return clock_->Steady() + span; }
  absl::Status Fill(Cache& cache, std::string_view key, int64_t version) {
    const auto found = cache.Lookup(key, In(absl::Seconds(5)));
    if (!found.ok()) return found.status();
    return cache.Fill(key, Text(version, "value"), found->time + absl::Minutes(1), In(absl::Seconds(5)))
        .status();
  }
  // Polls until everything may have changed; how long that took.
  absl::Duration UntilAll(Feed& feed) {
    const absl::Duration begin = clock_->Steady();
    while (clock_->Steady() < begin + absl::Seconds(10)) {
      const Invalidations heard = feed.Poll();
      if (heard.all) return clock_->Steady() - begin;
      wake_->WaitUntil(heard.next);
    }
    ADD_FAILURE() << "the feed did not notice";
    return absl::InfiniteDuration();
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<WaitEvent> wake_ = clock_->NewWaitEvent();
  std::unique_ptr<finalmile::testing::RedisServer> server_;
};

TEST_F(RedisCacheTest, LogsInWithThePasswordFromAFile) {
  const std::string file = server_->folder() + "/password";
  std::ofstream(file) << "s3cret\n";
  ASSERT_TRUE(server_
                  ->Command({"ACL",          "SETUSER",       "catalog",
                             "on",           ">s3cret",       "resetkeys",
                             "~finalmile:*", "resetchannels", "&__redis__:invalidate",
                             "-@all",        "+eval",         "+evalsha",
                             "+script|load", "+time",         "+mget",
                             "+get",         "+getrange",     "+set",
                             "+unlink",      "+client|id",    "+client|tracking",
                             "+subscribe",   "+ping"})
                  .ok());
  ASSERT_TRUE(server_->Command({"ACL", "SETUSER", "default", "resetpass", ">other"}).ok());
  const auto cache = Open(server_->url() + "?user=catalog&password.file=" + file);
  EXPECT_EQ(Fill(*cache, "k", 1), absl::OkStatus());
  const Tombstone tombstones[] = {{.key = "k", .version = 2}};
  EXPECT_EQ(cache->Bury(tombstones, absl::Minutes(1), In(absl::Seconds(5))), absl::OkStatus());
  const auto feed = cache->Listen(*wake_);
  const Invalidations heard = feed->Poll();
  EXPECT_TRUE(heard.all && heard.connected);

  const auto nobody = Open(server_->url());
  EXPECT_TRUE(absl::IsPermissionDenied(nobody->Lookup("k", In(absl::Seconds(5))).status()));
  std::ofstream(file) << "wrong\n";
  const auto wrong = Open(server_->url() + "?user=catalog&password.file=" + file);
  const absl::Status refused = wrong->Lookup("k", In(absl::Seconds(5))).status();
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), ::testing::Not(HasSubstr("wrong")));
  // A file that was mended is read again.
  std::ofstream(file) << "s3cret\n";
  EXPECT_TRUE(wrong->Lookup("k", In(absl::Seconds(5))).ok());
}

TEST_F(RedisCacheTest, RunsScriptsThatRedisHasForgotten) {
  const auto cache = Open(server_->url());
  ASSERT_EQ(Fill(*cache, "k", 1), absl::OkStatus());
  ASSERT_EQ(server_->Command({"SCRIPT", "FLUSH"}).value_or(""), "OK");
  EXPECT_EQ(Fill(*cache, "k", 2), absl::OkStatus());
  EXPECT_EQ(cache->Lookup("k", In(absl::Seconds(5)))->entry->version, 2);
}

TEST_F(RedisCacheTest, ARestartCostsNoCall) {
  const auto cache = Open(server_->url());
  ASSERT_EQ(Fill(*cache, "k", 1), absl::OkStatus());
  server_->Kill();
  EXPECT_TRUE(absl::IsUnavailable(cache->Lookup("k", In(absl::Seconds(5))).status()));
  ASSERT_EQ(server_->Resume(), absl::OkStatus());
  EXPECT_EQ(Fill(*cache, "k", 1), absl::OkStatus());
  server_->Kill();
  ASSERT_EQ(server_->Resume(), absl::OkStatus());
  const auto found = cache->Lookup("k", In(absl::Seconds(5)));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->entry.has_value());
}

TEST_F(RedisCacheTest, AFrozenServerCostsTheDeadlineAndNoMore) {
  const auto cache = Open(server_->url());
  ASSERT_EQ(Fill(*cache, "k", 1), absl::OkStatus());
  server_->Freeze();
  const absl::Duration begin = clock_->Steady();
  EXPECT_TRUE(absl::IsDeadlineExceeded(cache->Lookup("k", begin + absl::Milliseconds(50)).status()));
  EXPECT_LT(clock_->Steady() - begin, absl::Seconds(1));
  // More than the socket's buffers hold: sending has to end in time too.
  const auto large = cache->Fill("large", Text(1, std::string(32 << 20, 'x')), absl::InfiniteFuture(),
                                 In(absl::Milliseconds(200)));
  EXPECT_TRUE(absl::IsDeadlineExceeded(large.status())) << large.status();
  server_->Thaw();
  // The late answer of the abandoned call is nobody's.
  const auto found = cache->Lookup("other", In(absl::Seconds(5)));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->entry.has_value());
}

TEST_F(RedisCacheTest, WaitsForAConnectionAreBounded) {
  const auto cache = Open(server_->url(), {.connections = 1});
  ASSERT_EQ(Fill(*cache, "k", 1), absl::OkStatus());
  server_->Freeze();
  std::thread holder([&] { cache->Lookup("k", In(absl::Milliseconds(400))).status().IgnoreError(); });
  const absl::Duration begin = clock_->Steady();
  EXPECT_TRUE(absl::IsDeadlineExceeded(cache->Lookup("k", begin + absl::Milliseconds(100)).status()));
  EXPECT_LT(clock_->Steady() - begin, absl::Milliseconds(390));
  holder.join();
  server_->Thaw();
}

TEST_F(RedisCacheTest, AFlushIsHeard) {
  const auto cache = Open(server_->url());
  const auto feed = cache->Listen(*wake_);
  UntilAll(*feed);
  ASSERT_EQ(server_->Command({"FLUSHDB"}).value_or(""), "OK");
  EXPECT_LT(UntilAll(*feed), absl::Seconds(1));
  ASSERT_EQ(server_->Command({"FLUSHALL"}).value_or(""), "OK");
  EXPECT_LT(UntilAll(*feed), absl::Seconds(1));
}

TEST_F(RedisCacheTest, ALostConnectionIsHeardAtItsLossAndWhenItIsBack) {
  const auto cache = Open(server_->url());
  const auto feed = cache->Listen(*wake_);
  UntilAll(*feed);
  server_->Kill();
  EXPECT_LT(UntilAll(*feed), absl::Seconds(1));
  EXPECT_FALSE(feed->Poll().connected);
  ASSERT_EQ(server_->Resume(), absl::OkStatus());
  UntilAll(*feed);
  EXPECT_TRUE(feed->Poll().connected);
}

TEST_F(RedisCacheTest, OtherPrefixesAreNotHeard) {
  const auto leads = Open(server_->url(), {.prefix = "leads"});
  const auto catalog = Open(server_->url(), {.prefix = "catalog"});
  const auto feed = leads->Listen(*wake_);
  UntilAll(*feed);
  const Tombstone theirs[] = {{.key = "theirs", .version = 2}};
  const Tombstone ours[] = {{.key = "ours", .version = 2}};
  ASSERT_TRUE(catalog->Bury(theirs, absl::Minutes(1), In(absl::Seconds(5))).ok());
  ASSERT_TRUE(leads->Bury(ours, absl::Minutes(1), In(absl::Seconds(5))).ok());
  std::vector<std::string> keys;
  while (keys.empty()) keys = feed->Poll().keys;
  EXPECT_THAT(keys, ::testing::ElementsAre("ours"));
}

// F24: the network has swallowed the connection, nothing ever comes again.
TEST_F(RedisCacheTest, AHalfOpenConnectionIsFoundWithinKeepalive) {
  auto proxy = finalmile::testing::FaultProxy::Start(fmt::format("127.0.0.1:{}", server_->port()), *clock_);
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  constexpr absl::Duration kKeepalive = absl::Milliseconds(400);
  const auto cache = Open(fmt::format("redis://127.0.0.1:{}", (*proxy)->port()), {.keepalive = kKeepalive});
  const auto feed = cache->Listen(*wake_);
  UntilAll(*feed);
  // A silent connection that lives is kept: its PINGs are answered.
  for (const absl::Duration end = In(3 * kKeepalive); clock_->Steady() < end;) {
    const Invalidations heard = feed->Poll();
    ASSERT_TRUE(heard.connected && !heard.all);
  }
  (*proxy)->Freeze(true);
  const absl::Duration noticed = UntilAll(*feed);
  EXPECT_LT(noticed, kKeepalive + absl::Milliseconds(150));
  RecordProperty("noticed_ms", static_cast<int>(absl::ToInt64Milliseconds(noticed)));
  (*proxy)->Freeze(false);
  UntilAll(*feed);
  EXPECT_TRUE(feed->Poll().connected);
}

}  // namespace
}  // namespace finalmile::cache
