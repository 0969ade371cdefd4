#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/storage/database.h"
#include "libs/testing/temporary_folder.h"
#include "services/catalog/search/index.h"

namespace finalmile::catalog::search {

inline constexpr absl::Duration kLong = absl::Seconds(30);

// An index in a file of its own.
class IndexTest : public ::testing::Test {
 protected:
  IndexTest() : clock_(NewSystemClock()) { Open(); }
  ~IndexTest() override {
    index_.reset();
    database_.reset();
  }

  void Open() {
    index_.reset();
    database_.reset();
    auto database = storage::Open("sqlite:" + folder_.path() + "/search.db", *clock_, {});
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    auto index = Index::Open(*database_, clock_->Steady() + kLong);
    ASSERT_TRUE(index.ok()) << index.status();
    index_ = *std::move(index);
  }

  void Put(Document document) {
    const Change change = {std::move(document), false};
    const absl::Status status = index_->Apply({&change, 1}, clock_->Steady() + kLong);
    ASSERT_TRUE(status.ok()) << status;
  }
  void Drop(std::string asset) {
    Change change;
    change.document.asset = std::move(asset);
    change.removed = true;
    const absl::Status status = index_->Apply({&change, 1}, clock_->Steady() + kLong);
    ASSERT_TRUE(status.ok()) << status;
  }

  Answer Ask(Query query) {
    auto answer = index_->Search(query, clock_->Steady() + kLong);
    EXPECT_TRUE(answer.ok()) << answer.status() << query.text;
    return answer.ok() ? *std::move(answer) : Answer();
  }
  std::vector<std::string> Find(std::string text) {
    std::vector<std::string> assets;
    for (const Hit& hit : Ask({.text = std::move(text), .filters = {}}).hits) assets.push_back(hit.asset);
    return assets;
  }

  static Document Doc(std::string asset, std::string title, std::string body, std::string language = "en") {
    return {"assets/" + asset, 1, std::move(language), std::move(title), "", "", std::move(body), {}};
  }

  const std::unique_ptr<Clock> clock_;
  const testing::TemporaryFolder folder_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<Index> index_;
};

}  // namespace finalmile::catalog::search
