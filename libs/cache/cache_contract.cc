#include "libs/cache/cache_contract.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "fmt/format.h"

namespace finalmile::cache {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

}  // namespace

void CacheContract::SetUp() {
  const absl::StatusOr<std::string> url = GetParam().url();
  if (!url.ok()) {
    if (GetParam().required) FAIL() << url.status();
    GTEST_SKIP() << "SKIPPED without " << GetParam().name << ": " << url.status();
  }
  absl::StatusOr<std::unique_ptr<Cache>> cache = Open(*url, *clock_, {});
  ASSERT_TRUE(cache.ok()) << cache.status();
  cache_ = *std::move(cache);
}

std::string CacheContract::Key(std::string_view name) const {
  return fmt::format("{}/{}/{}", ::testing::UnitTest::GetInstance()->current_test_info()->name(), name,
                     getpid());
}

Found CacheContract::Lookup(const std::string& key) {
  absl::StatusOr<Found> found = cache_->Lookup(key, Soon());
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() ? *found : Found();
}

bool CacheContract::Fill(const std::string& key, int64_t version, std::string_view value,
                         absl::Duration life) {
  const absl::StatusOr<bool> stands =
      cache_->Fill(key, Text(version, value), Lookup(key).time + life, Soon());
  EXPECT_TRUE(stands.ok()) << stands.status();
  return stands.ok() && *stands;
}

void CacheContract::Bury(const std::string& key, int64_t version, absl::Duration life) {
  const Tombstone tombstones[] = {{.key = key, .version = version}};
  const absl::Status buried = cache_->Bury(tombstones, life, Soon());
  EXPECT_TRUE(buried.ok()) << buried;
}

int64_t CacheContract::VersionOf(const std::string& key) {
  const Found found = Lookup(key);
  return found.entry ? found.entry->version : 0;
}

void CacheContract::PollUntil(Feed& feed, WaitEvent& wake,
                              const std::function<bool(const Invalidations&)>& done) {
  const absl::Duration deadline = Soon();
  Invalidations heard;
  while (clock_->Steady() < deadline) {
    wake.Clear();
    const Invalidations now = feed.Poll();
    heard.all = heard.all || now.all;
    heard.keys.insert(heard.keys.end(), now.keys.begin(), now.keys.end());
    if (done(heard)) return;
    wake.WaitUntil(std::min(now.next, deadline));
  }
  FAIL() << "nothing came";
}

TEST_P(CacheContract, FindsNothingThatWasNotFilled) {
  const Found first = Lookup(Key("a"));
  EXPECT_FALSE(first.entry.has_value());
  EXPECT_GE(Lookup(Key("a")).time, first.time);
}

TEST_P(CacheContract, FindsWhatWasFilled) {
  std::string bytes("a\0\r\n\xff", 5);
  const std::string key = Key("k ey\r\n\"{}*\xc3\xa9");
  EXPECT_TRUE(Fill(key, 3, bytes));
  const Found found = Lookup(key);
  ASSERT_TRUE(found.entry.has_value());
  EXPECT_EQ(found.entry->version, 3);
  EXPECT_EQ(*found.entry->value, bytes);
  EXPECT_LE(found.remaining, absl::Minutes(1));
  EXPECT_GT(found.remaining, absl::Seconds(40));
  EXPECT_FALSE(Lookup(Key("k ey")).entry.has_value());
}

TEST_P(CacheContract, TellsNothingThereFromEmptyAndFromUnknown) {
  EXPECT_TRUE(Fill(Key("empty"), 1, ""));
  ASSERT_TRUE(Lookup(Key("empty")).entry.has_value());
  ASSERT_NE(Lookup(Key("empty")).entry->value, nullptr);
  EXPECT_EQ(*Lookup(Key("empty")).entry->value, "");

  const auto stands = cache_->Fill(Key("missing"), {.version = 0, .value = nullptr},
                                   Lookup(Key("missing")).time + absl::Minutes(1), Soon());
  EXPECT_TRUE(stands.ok() && *stands);
  ASSERT_TRUE(Lookup(Key("missing")).entry.has_value());
  EXPECT_EQ(Lookup(Key("missing")).entry->value, nullptr);
  // It is created: version 1 takes its place, and 0 does not come back.
  EXPECT_TRUE(Fill(Key("missing"), 1, "now"));
  EXPECT_FALSE(Fill(Key("missing"), 0, "late"));
  EXPECT_EQ(VersionOf(Key("missing")), 1);
}

TEST_P(CacheContract, AFillNeverGoesBack) {
  EXPECT_TRUE(Fill(Key("k"), 5, "five"));
  EXPECT_FALSE(Fill(Key("k"), 4, "four"));
  EXPECT_EQ(VersionOf(Key("k")), 5);
  EXPECT_TRUE(Fill(Key("k"), 5, "five"));
  EXPECT_TRUE(Fill(Key("k"), 6, "six"));
  EXPECT_EQ(*Lookup(Key("k")).entry->value, "six");
  EXPECT_TRUE(Fill(Key("k"), kLargest - 1, "large"));
  EXPECT_TRUE(Fill(Key("k"), kLargest, "largest"));
  EXPECT_FALSE(Fill(Key("k"), kLargest - 1, "large"));
  EXPECT_EQ(VersionOf(Key("k")), kLargest);
}

TEST_P(CacheContract, TheSameVersionKeepsItsLongerLife) {
  EXPECT_TRUE(Fill(Key("k"), 5, "five", absl::Minutes(2)));
  EXPECT_TRUE(Fill(Key("k"), 5, "five", absl::Minutes(1)));
  EXPECT_GT(Lookup(Key("k")).remaining, absl::Seconds(100));
  EXPECT_TRUE(Fill(Key("k"), 5, "five", absl::Minutes(3)));
  EXPECT_GT(Lookup(Key("k")).remaining, absl::Seconds(160));
  // A newer version ends when it ends, be it sooner.
  EXPECT_TRUE(Fill(Key("k"), 6, "six", absl::Minutes(1)));
  EXPECT_LE(Lookup(Key("k")).remaining, absl::Minutes(1));
}

TEST_P(CacheContract, WhatHasEndedIsNotFilled) {
  EXPECT_FALSE(Fill(Key("k"), 1, "late", absl::ZeroDuration()));
  EXPECT_FALSE(Fill(Key("k"), 1, "late", -absl::Seconds(1)));
  EXPECT_FALSE(Lookup(Key("k")).entry.has_value());
}

TEST_P(CacheContract, AnEntryEnds) {
  const absl::Duration life = absl::Milliseconds(60);
  const absl::Duration begin = clock_->Steady();
  ASSERT_TRUE(Fill(Key("k"), 1, "one", life));
  absl::Duration found_at = begin;
  while (Lookup(Key("k")).entry) found_at = clock_->Steady();
  EXPECT_GE(clock_->Steady(), begin + life - absl::Milliseconds(2));
  EXPECT_LT(found_at, begin + absl::Seconds(5));
}

TEST_P(CacheContract, ATombstoneHidesAndRefusesWhatIsOlder) {
  ASSERT_TRUE(Fill(Key("k"), 4, "four"));
  Bury(Key("k"), 5);
  EXPECT_FALSE(Lookup(Key("k")).entry.has_value());
  EXPECT_FALSE(Fill(Key("k"), 4, "four"));
  EXPECT_FALSE(Lookup(Key("k")).entry.has_value());
  EXPECT_TRUE(Fill(Key("k"), 5, "five"));
  EXPECT_EQ(VersionOf(Key("k")), 5);
  // What is as new as the tombstone is not hidden.
  Bury(Key("k"), 5);
  EXPECT_EQ(VersionOf(Key("k")), 5);
  // An older tombstone takes nothing back.
  Bury(Key("k"), 3);
  EXPECT_EQ(VersionOf(Key("k")), 5);
  EXPECT_FALSE(Fill(Key("k"), 4, "four"));
}

TEST_P(CacheContract, FillingDoesNotShortenATombstone) {
  Bury(Key("k"), 5);
  ASSERT_TRUE(Fill(Key("k"), 5, "five", absl::Milliseconds(30)));
  while (Lookup(Key("k")).entry) {
  }
  EXPECT_FALSE(Fill(Key("k"), 4, "four")) << "a slow reader brought version 4 back";
}

TEST_P(CacheContract, ATombstoneEnds) {
  Bury(Key("k"), 5, absl::Milliseconds(60));
  const absl::Duration begin = clock_->Steady();
  while (!Fill(Key("k"), 4, "four")) ASSERT_LT(clock_->Steady(), begin + absl::Seconds(5));
  EXPECT_GE(clock_->Steady(), begin + absl::Milliseconds(55));
}

TEST_P(CacheContract, ManyAreBuriedAtOnce) {
  std::vector<Tombstone> tombstones;
  for (int i = 0; i < 300; ++i) {
    const std::string key = Key(fmt::format("k{}", i));
    ASSERT_TRUE(Fill(key, i % 2 == 0 ? 1 : 3, "x"));
    tombstones.push_back({.key = key, .version = 2});
  }
  ASSERT_TRUE(cache_->Bury(tombstones, absl::Minutes(1), Soon()).ok());
  for (int i = 0; i < 300; ++i) EXPECT_EQ(VersionOf(tombstones[i].key), i % 2 == 0 ? 0 : 3) << i;
  EXPECT_TRUE(cache_->Bury({}, absl::Minutes(1), Soon()).ok());
}

TEST_P(CacheContract, FeedsHearOfBurialsAndOfNothingElse) {
  const auto wake = clock_->NewWaitEvent();
  const auto other_wake = clock_->NewWaitEvent();
  const auto feed = cache_->Listen(*wake);
  const auto other = cache_->Listen(*other_wake);
  // At its beginning a feed does not know what it has missed.
  PollUntil(*feed, *wake, [](const Invalidations& heard) { return heard.all; });
  PollUntil(*other, *other_wake, [](const Invalidations& heard) { return heard.all; });

  ASSERT_TRUE(Fill(Key("filled"), 1, "x"));
  Bury(Key("older"), 7);
  Bury(Key("last"), 2);
  for (const auto& [one, event] :
       {std::pair(feed.get(), wake.get()), std::pair(other.get(), other_wake.get())}) {
    std::vector<std::string> keys;
    PollUntil(*one, *event, [&](const Invalidations& heard) {
      EXPECT_FALSE(heard.all);
      keys = heard.keys;
      return !keys.empty() && keys.back() == Key("last");
    });
    EXPECT_THAT(keys, ::testing::ElementsAre(Key("older"), Key("last")));
  }
}

TEST_P(CacheContract, LargeValues) {
  const std::string large(3 << 20, 'x');
  EXPECT_TRUE(Fill(Key("k"), 1, large));
  const Found found = Lookup(Key("k"));
  ASSERT_TRUE(found.entry.has_value());
  EXPECT_EQ(found.entry->value->size(), large.size());
}

TEST_P(CacheContract, OfConcurrentFillsTheNewestStays) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) Fill(Key("k"), 1 + (i * 37 + t * 11) % 400, "x");
    });
  }
  for (std::thread& thread : threads) thread.join();
  int64_t newest = 0;
  for (int t = 0; t < 4; ++t) {
    for (int i = 0; i < 100; ++i) newest = std::max<int64_t>(newest, 1 + (i * 37 + t * 11) % 400);
  }
  EXPECT_EQ(VersionOf(Key("k")), newest);
}

TEST_P(CacheContract, NoCallOutlivesItsDeadline) {
  const absl::Duration now = clock_->Steady();
  EXPECT_TRUE(absl::IsDeadlineExceeded(cache_->Lookup(Key("k"), now).status()));
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(cache_->Fill(Key("k"), Text(1, "x"), absl::InfiniteFuture(), now).status()));
  const Tombstone tombstones[] = {{.key = Key("k"), .version = 1}};
  EXPECT_TRUE(absl::IsDeadlineExceeded(cache_->Bury(tombstones, absl::Minutes(1), now)));
}

}  // namespace finalmile::cache
