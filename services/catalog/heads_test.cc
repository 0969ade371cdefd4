#include "services/catalog/assets/heads.h"

#include "libs/storage/transact.h"
#include "services/catalog/catalog_fixture.h"

namespace finalmile::catalog::assets {
namespace {

class HeadsTest : public CatalogTest {
 protected:
  absl::Duration Soon() { return harness_.clock().Steady() + absl::Seconds(10); }

  std::vector<Read> Ask(Heads& heads, const std::vector<Wanted>& wanted) {
    auto read = storage::Read(harness_.database(), Soon(), [&](storage::Transaction& transaction) {
      return heads.ReadAssets(transaction, wanted);
    });
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() ? *std::move(read) : std::vector<Read>(wanted.size());
  }
  std::string TitleIn(Heads& heads, const std::string& id) {
    return Ask(heads, {{domain::AssetId(id)}})[0].asset.value_or(v1::Asset()).title();
  }

  // As another process may, or none of ours: the caches of this one hear nothing.
  void Change(const std::function<absl::Status(storage::Transaction&)>& change) {
    const absl::Status status = harness_.database().Transact({.deadline = Soon()}, change);
    ASSERT_TRUE(status.ok()) << status;
  }
  void Change(std::string_view sql) {
    Change([&](storage::Transaction& transaction) { return transaction.Execute(sql).status(); });
  }
  // What is shown of an asset from now on, if it is read.
  void BlankVersions() { Change("UPDATE asset_versions SET head = body"); }

  Heads heads_{1 << 20};
};

TEST_F(HeadsTest, OnlyWhatHasChangedIsReadAgain) {
  Create(Letter("First"), "a");
  Create(Letter("Second"), "b");
  EXPECT_EQ(TitleIn(heads_, "a"), "First");
  BlankVersions();
  EXPECT_EQ(TitleIn(heads_, "a"), "First");
  EXPECT_EQ(TitleIn(heads_, "b"), "");
  Retire("assets/a");
  EXPECT_EQ(TitleIn(heads_, "a"), "");
}

TEST_F(HeadsTest, EveryChangeIsSeenByTheNextRead) {
  const std::vector<Wanted> wanted = {{domain::AssetId("a")},
                                      {domain::AssetId("b")},
                                      {domain::AssetId("a"), kLatest},
                                      {domain::AssetId("absent")}};
  const auto expect_current = [&](std::string_view after) {
    const auto whole = storage::Read(harness_.database(), Soon(), [&](storage::Transaction& transaction) {
      return ReadAssets(transaction, wanted, /*bodies=*/false);
    });
    ASSERT_TRUE(whole.ok()) << whole.status();
    const std::vector<Read> read = Ask(heads_, wanted);
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(read[i].revision, (*whole)[i].revision) << after << ": " << i;
      ASSERT_EQ(read[i].asset.has_value(), (*whole)[i].asset.has_value()) << after << ": " << i;
      if (!read[i].asset) continue;
      EXPECT_EQ(read[i].asset->SerializeAsString(), (*whole)[i].asset->SerializeAsString())
          << after << ": " << i;
    }
  };
  expect_current("nothing");
  v1::Asset asset = Create(Letter("First"), "a");
  expect_current("creation");
  Create(Letter("Second"), "b");
  expect_current("another creation");
  Publish("assets/a");
  expect_current("publication");
  asset.set_title("First again");
  asset.clear_etag();
  ASSERT_TRUE(Update(asset, "title").ok());
  expect_current("update");
  Retire("assets/a");
  expect_current("retirement");
}

TEST_F(HeadsTest, ARevisionOfARestoredStoreIsNotTakenForTheOneThatWas) {
  Create(Letter("First"), "a");
  EXPECT_EQ(TitleIn(heads_, "a"), "First");
  BlankVersions();
  Change("UPDATE assets SET update_time = update_time + 1");
  EXPECT_EQ(TitleIn(heads_, "a"), "");
}

TEST_F(HeadsTest, WhatWasReadLastIsKeptWithinTheBytes) {
  for (const char* id : {"a", "b", "c"}) Create(Letter("Title"), id);
  Heads narrow(900);
  for (const char* id : {"a", "b", "a", "c"}) EXPECT_EQ(TitleIn(narrow, id), "Title");
  BlankVersions();
  EXPECT_EQ(TitleIn(narrow, "a"), "Title");
  EXPECT_EQ(TitleIn(narrow, "c"), "Title");
  EXPECT_EQ(TitleIn(narrow, "b"), "");
  Heads none(100);
  EXPECT_EQ(TitleIn(none, "a"), "");
}

TEST_F(HeadsTest, WhatAnotherProcessRetiresIsNotOfferedByTheNextSearch) {
  Publish(Create(Letter("Pricing objections"), "a").name());
  harness_.Settle();
  for (const bool unpublished : {false, true}) {
    EXPECT_EQ(Search("pricing", "", unpublished).hits_size(), 1);
    EXPECT_EQ(Search("pricing", "", unpublished).hits_size(), 1);
  }
  const outbox::Cause cause;
  Change([&](storage::Transaction& transaction) -> absl::Status {
    AssetBatch batch(transaction, {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause});
    RETURN_IF_ERROR(batch.Lock({domain::AssetId("a")}));
    RETURN_IF_ERROR(batch.Retire(domain::AssetId("a"), "old"));
    return batch.Write();
  });
  EXPECT_EQ(Search("pricing").hits_size(), 0);
  const v1::SearchAssetsResponse newest = Search("pricing", "", /*unpublished=*/true);
  ASSERT_EQ(newest.hits_size(), 1);
  EXPECT_EQ(newest.hits(0).asset().state(), v1::ASSET_STATE_RETIRED);
}

}  // namespace
}  // namespace finalmile::catalog::assets
