#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "services/catalog/import/page.h"

namespace finalmile::catalog::import {
namespace {

// Folders of Markdown as companies keep them; SHARED_DATA names the folder they are in.
TEST(RealPages, AreAllAssets) {
  const char* data = std::getenv("SHARED_DATA");
  if (data == nullptr) GTEST_SKIP() << "SHARED_DATA does not name the data sets";
  const std::filesystem::path root = std::filesystem::path(data) / "content";
  std::set<domain::AssetId> ids;
  int pages = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".md") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    const std::string path = std::filesystem::relative(entry.path(), root).generic_string();
    const Page page = ReadPage(path, content.str(), {"handbook", domain::AssetKind::kMessageTraining, "mia"});
    for (const Problem& problem : page.problems)
      ADD_FAILURE() << path << ":" << problem.line << ": " << problem.reason;
    EXPECT_FALSE(page.asset.title.empty()) << path;
    EXPECT_TRUE(ids.insert(AssetIdOf("handbook", path)).second) << path;
    ++pages;
  }
  EXPECT_GE(pages, 217);
}

}  // namespace
}  // namespace finalmile::catalog::import
