#include "libs/cache/near_table.h"

#include <gtest/gtest.h>

#include <atomic>

#include "fmt/format.h"
#include "libs/testing/manual_clock.h"

namespace finalmile::cache {
namespace {

class Counts final : public Observer {
 public:
  void Count(Happening what) override { ++counts[static_cast<size_t>(what)]; }
  void CacheReached(bool) override {}
  void FeedConnected(bool) override {}
  void Held(size_t, size_t) override {}
  int of(Happening what) const { return counts[static_cast<size_t>(what)]; }
  std::atomic<int> counts[kHappenings] = {};
};

class NearTableTest : public ::testing::Test {
 protected:
  static constexpr absl::Duration kNow = absl::Hours(1);
  static constexpr absl::Duration kLease = absl::Seconds(1);

  // A look-up that brings a value of `size` bytes with a life of 30 s, looked up again after 20 s.
  void Put(NearTable& table, std::string_view key, int64_t version = 1, size_t size = 100) {
    const auto [flight, leads] = table.Join(key, kNow, kNow - absl::Seconds(5), clock_);
    ASSERT_TRUE(leads);
    Land(table, key, flight, version, size);
  }
  static void Land(NearTable& table, std::string_view key, const std::shared_ptr<Flight>& flight,
                   int64_t version, size_t size = 100) {
    const Entry entry{.version = version, .value = std::make_shared<const std::string>(size, 'x')};
    table.Land(key, flight, {.entry = entry, .ends = kNow + absl::Seconds(30), .keep = true},
               kNow + absl::Seconds(20), kNow);
  }
  static int64_t VersionIn(NearTable& table, std::string_view key, absl::Duration now = kNow) {
    const auto hit = table.Find(key, 0, now, kLease);
    return hit ? hit->entry.version : 0;
  }

  finalmile::testing::ManualClock clock_;
  Counts counts_;
};

TEST_F(NearTableTest, AnEntryEndsAtItsInstant) {
  NearTable table(1 << 20, counts_);
  Put(table, "k");
  EXPECT_EQ(VersionIn(table, "k", kNow + absl::Seconds(30) - absl::Nanoseconds(1)), 1);
  EXPECT_EQ(VersionIn(table, "k", kNow + absl::Seconds(30)), 0);
  EXPECT_FALSE(table.Peek("k", 0, kNow + absl::Seconds(30), kLease).has_value());
}

TEST_F(NearTableTest, AnswersNothingOlderThanAskedFor) {
  NearTable table(1 << 20, counts_);
  Put(table, "k", 5);
  EXPECT_TRUE(table.Find("k", 5, kNow, kLease).has_value());
  EXPECT_FALSE(table.Find("k", 6, kNow, kLease).has_value());
  EXPECT_TRUE(table.Peek("k", 5, kNow, kLease).has_value());
  EXPECT_FALSE(table.Peek("k", 6, kNow, kLease).has_value());
}

TEST_F(NearTableTest, OneCallerIsElectedToRefresh) {
  NearTable table(1 << 20, counts_);
  Put(table, "k");
  const absl::Duration due = kNow + absl::Seconds(20);
  EXPECT_FALSE(table.Find("k", 0, due - absl::Nanoseconds(1), kLease)->refresh);
  EXPECT_TRUE(table.Find("k", 0, due, kLease)->refresh);
  EXPECT_FALSE(table.Find("k", 0, due, kLease)->refresh);
  EXPECT_TRUE(table.Peek("k", 0, due + kLease - absl::Nanoseconds(1), kLease).has_value());
  // Nothing came of it: another, who can only peek, hands it on.
  EXPECT_FALSE(table.Peek("k", 0, due + kLease, kLease).has_value());
  EXPECT_TRUE(table.Peek("k", 0, due + kLease, kLease).has_value());
  EXPECT_TRUE(table.Find("k", 0, due + kLease, kLease)->refresh);
  EXPECT_FALSE(table.Find("k", 0, due + kLease, kLease)->refresh);
}

TEST_F(NearTableTest, VersionsOnlyGrow) {
  NearTable table(1 << 20, counts_);
  Put(table, "k", 5);
  Put(table, "k", 4);
  EXPECT_EQ(VersionIn(table, "k"), 5);
  Put(table, "k", 6);
  EXPECT_EQ(VersionIn(table, "k"), 6);
}

TEST_F(NearTableTest, NothingOlderThanOwnWritesIsKept) {
  NearTable table(1 << 20, counts_);
  Put(table, "k", 5);
  table.Wrote("k", 6, kNow, kNow + absl::Seconds(30));
  EXPECT_EQ(VersionIn(table, "k"), 0);
  EXPECT_EQ(table.Least("k", kNow), 6);
  Put(table, "k", 5);
  EXPECT_EQ(VersionIn(table, "k"), 0);
  Put(table, "k", 6);
  EXPECT_EQ(VersionIn(table, "k"), 6);
  table.Wrote("k", 6, kNow, kNow + absl::Seconds(30));
  EXPECT_EQ(VersionIn(table, "k"), 6);
  EXPECT_EQ(table.Least("k", kNow + absl::Seconds(30)), 0);
}

TEST_F(NearTableTest, AChangeDuringAFlightIsNotOverlooked) {
  NearTable table(1 << 20, counts_);
  const std::function<void()> changes[] = {[&] { table.Drop("k"); }, [&] { table.DropAll(); },
                                           [&] { table.Wrote("k", 1, kNow, kNow + absl::Seconds(30)); }};
  for (const auto& change : changes) {
    const auto [flight, leads] = table.Join("k", kNow, kNow - absl::Seconds(5), clock_);
    ASSERT_TRUE(leads);
    change();
    // Who comes after the change does not wait for what was read before it.
    const auto [next, leads_next] = table.Join("k", kNow, kNow - absl::Seconds(5), clock_);
    EXPECT_TRUE(leads_next);
    Land(table, "k", flight, 1);
    EXPECT_TRUE(flight->done->WaitUntil(kNow));
    EXPECT_EQ(VersionIn(table, "k"), 0);
    Land(table, "k", next, 1);
    EXPECT_EQ(VersionIn(table, "k"), 1);
    table.DropAll();
  }
}

TEST_F(NearTableTest, AFlightThatIsStuckIsNotJoined) {
  NearTable table(1 << 20, counts_);
  const auto [stuck, leads] = table.Join("k", kNow, kNow - absl::Seconds(5), clock_);
  ASSERT_TRUE(leads);
  EXPECT_FALSE(table.Join("k", kNow, kNow - absl::Nanoseconds(1), clock_).second);
  const auto [next, leads_next] = table.Join("k", kNow + absl::Seconds(5), kNow, clock_);
  EXPECT_TRUE(leads_next);
  Land(table, "k", stuck, 1);
  EXPECT_EQ(VersionIn(table, "k"), 0);
}

TEST_F(NearTableTest, IsBoundedByBytesAndKeepsWhatIsHot) {
  // Room for about 16 × 30 entries.
  NearTable table(16 * 30 * (kEntryOverhead + 105), counts_);
  std::vector<std::string> hot;
  for (int i = 0; i < 100; ++i) hot.push_back(fmt::format("hot{}", i));
  for (int round = 0; round < 6; ++round) {
    for (const std::string& key : hot) {
      if (VersionIn(table, key) == 0) Put(table, key);
    }
  }
  // A scan: many keys, each asked for once.
  for (int i = 0; i < 3000; ++i) {
    const std::string key = fmt::format("cold{}", i);
    if (VersionIn(table, key) == 0) Put(table, key);
    EXPECT_LE(table.held().second, 16u * 30 * (kEntryOverhead + 105));
  }
  int kept = 0;
  for (const std::string& key : hot) kept += VersionIn(table, key) > 0 ? 1 : 0;
  EXPECT_GT(kept, 90);
  EXPECT_GT(counts_.of(Happening::kNotAdmitted), 1000);

  // What becomes hot gets in.
  for (int i = 0; i < 20; ++i) {
    if (VersionIn(table, "new") == 0) Put(table, "new");
  }
  EXPECT_EQ(VersionIn(table, "new"), 1);
  EXPECT_GT(counts_.of(Happening::kEvicted), 0);
}

TEST_F(NearTableTest, WhatIsLargerThanItsRoomIsNotKept) {
  NearTable table(16 * 1000, counts_);
  Put(table, "large", 1, 1000);
  EXPECT_EQ(VersionIn(table, "large"), 0);
  EXPECT_EQ(table.held().second, 0u);
  Put(table, "fits", 1, 1000 - kEntryOverhead - 4);
  EXPECT_EQ(VersionIn(table, "fits"), 1);
}

}  // namespace
}  // namespace finalmile::cache
