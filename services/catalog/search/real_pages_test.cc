#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/base/clock.h"
#include "libs/storage/database.h"
#include "libs/testing/temporary_folder.h"
#include "services/catalog/domain/markdown.h"
#include "services/catalog/import/page.h"
#include "services/catalog/search/index.h"

namespace finalmile::catalog::search {
namespace {

using ::testing::Contains;

// Two real handbooks; SHARED_DATA names the folder they are in.
TEST(RealPages, AreFoundAsPeopleSearch) {
  const char* data = std::getenv("SHARED_DATA");
  if (data == nullptr) GTEST_SKIP() << "SHARED_DATA does not name the data sets";
  const std::filesystem::path root = std::filesystem::path(data) / "content";
  const auto clock = NewSystemClock();
  const absl::Duration deadline = clock->Steady() + absl::Minutes(2);
  const testing::TemporaryFolder folder;
  auto database = storage::Open("sqlite:" + folder.path() + "/search.db", *clock, {});
  ASSERT_TRUE(database.ok()) << database.status();
  auto index = Index::Open(**database, deadline);
  ASSERT_TRUE(index.ok()) << index.status();
  std::vector<Change> changes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".md") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    Change change;
    Document& document = change.document;
    document.asset = std::filesystem::relative(entry.path(), root).generic_string();
    const import::Page page = import::ReadPage(document.asset, content.str(),
                                               {"handbook", domain::AssetKind::kMessageTraining, "mia"});
    document.version = 1;
    document.language = page.asset.tags.language;
    document.title = page.asset.title;
    document.body = domain::ToPlainText(page.asset.body).text;
    changes.push_back(std::move(change));
  }
  ASSERT_TRUE((*index)->Apply(changes, deadline).ok());
  EXPECT_EQ((*index)->size(), changes.size());

  const auto find = [&](std::string text) {
    const auto answer = (*index)->Search({.text = text, .filters = {}, .offset = 0, .limit = 5}, deadline);
    EXPECT_TRUE(answer.ok()) << answer.status();
    std::vector<std::string> assets;
    for (const Hit& hit : answer->hits) {
      assets.push_back(hit.asset);
      EXPECT_NE(hit.snippet.find('\x02'), std::string::npos)
          << text << ": " << hit.asset << ": " << hit.snippet;
    }
    return assets;
  };
  EXPECT_THAT(find("demo script"), Contains("flowfuse-handbook/product/demos.md"));
  EXPECT_THAT(find("demo script"), Contains("flowfuse-handbook/sales/index.md"));
  EXPECT_THAT(find("pricing principles"), Contains("flowfuse-handbook/product/pricing.md"));
  EXPECT_THAT(find("pricing objections"),
              Contains("sourcegraph-handbook/sales/tools/common_customer_questions.md"));
  EXPECT_EQ(find("pricng objectons"), find("pricing objections"));
  EXPECT_THAT(find("value driv"), Contains("sourcegraph-handbook/marketing/process/value-drivers.md"));
  EXPECT_THAT(find("security reviews"),
              Contains("sourcegraph-handbook/technical-success/ce/process/security-reviews.md"));
  EXPECT_THAT(find("kubernetes minikube"),
              Contains("sourcegraph-handbook/technical-success/support/process/enablement/minikube.md"));
}

}  // namespace
}  // namespace finalmile::catalog::search
