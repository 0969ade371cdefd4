#include "services/finalmile/import/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "services/finalmile/testing/fake_asset_import.h"
#include "services/finalmile/testing/fake_channel.h"

namespace finalmile::cli {
namespace {

using catalog::v1::ImportAssetsResponse;
using ::testing::ElementsAre;

class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "finalmile-folder-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    channel_.open = [this] { return server_.Open(); };
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& path, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + path).parent_path());
    std::ofstream(folder_ + "/" + path, std::ios::binary) << content;
  }

  absl::Status Import(const FolderOptions& options = {}) {
    const auto pages = FindPages(folder_);
    if (!pages.ok()) return pages.status();
    told_.clear();
    summary_.Clear();
    return ImportFolder(
        pages->pages, options, channel_,
        [this](const ImportAssetsResponse::Result& result) { told_.push_back(result.path()); }, summary_);
  }

  std::string folder_;
  FakeAssetImport server_;
  FakeChannel channel_;
  std::vector<std::string> told_;
  ImportAssetsResponse::Summary summary_;
};

TEST_F(FolderTest, FindsMarkdownAndCountsOtherTexts) {
  for (const char* path : {"d.mdx", "e.html", "f.HTML", "g.png", "b.md", "a/z.MD", "a/b.markdown", "a/c.txt",
                           ".git/x.md", "a/.y.md", "c.md/d.md"})
    Write(path, "x");
  for (const std::string& name : {folder_, folder_ + "/", folder_ + "/a/.."}) {
    const auto pages = FindPages(name);
    ASSERT_TRUE(pages.ok()) << pages.status();
    std::vector<std::string> paths;
    for (const FolderPage& page : pages->pages) {
      paths.push_back(page.path);
      EXPECT_TRUE(std::filesystem::exists(page.file));
    }
    EXPECT_THAT(paths, ElementsAre("a/b.markdown", "a/z.MD", "b.md", "c.md/d.md", "d.mdx")) << name;
    EXPECT_EQ(LeftOutText(pages->left_out), "2 .html, 1 .txt");
  }
  std::filesystem::create_directory(folder_ + "/empty");
  EXPECT_EQ(FindPages(folder_ + "/empty").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FindPages(folder_ + "/none").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(FolderTest, ASourceIsTheFoldersName) {
  std::filesystem::create_directories(folder_ + "/Sales Hand_book (2026)");
  EXPECT_EQ(SourceOf(folder_ + "/Sales Hand_book (2026)/"), "sales-hand_book-2026");
  EXPECT_EQ(SourceOf(folder_ + "/Sales Hand_book (2026)/."), "sales-hand_book-2026");
  EXPECT_EQ(SourceOf("/ü"), "");
  EXPECT_EQ(SourceOf(std::string(65, 'a')).size(), 64u);
}

TEST_F(FolderTest, SendsEveryPageOnceHoweverAnswersCome) {
  for (int i = 0; i < 450; ++i) Write("p" + std::to_string(i) + ".md", "text " + std::to_string(i));
  FolderOptions options;
  options.header.set_source("s");
  for (const size_t answer_after : {1, 64, 200, 1000}) {
    server_.pages.clear();
    // The service may not keep more answers back than the window has pages.
    server_.answer_after = std::min<size_t>(answer_after, 200);
    ASSERT_TRUE(Import(options).ok());
    EXPECT_EQ(told_.size(), 450u);
    EXPECT_EQ(server_.pages.size(), 450u);
    EXPECT_EQ(server_.pages["p7.md"], "text 7");
    EXPECT_EQ(summary_.created(), 450);
  }
  EXPECT_EQ(server_.headers.back().source(), "s");
  EXPECT_TRUE(server_.completes.back());
  ASSERT_TRUE(Import(options).ok());
  EXPECT_EQ(summary_.unchanged(), 450);
  options.keep_missing = true;
  ASSERT_TRUE(Import(options).ok());
  EXPECT_FALSE(server_.completes.back());
}

TEST_F(FolderTest, PagesThatCannotBeSentAreRejectedAndRetireNothing) {
  Write("good.md", std::string(1 << 20, 'x'));
  Write("large.md", std::string((1 << 20) + 1, 'x'));
  Write("na\xEFme.md", "x");
  ASSERT_TRUE(Import().ok());
  EXPECT_EQ(summary_.rejected(), 2);
  EXPECT_EQ(summary_.created(), 1);
  EXPECT_THAT(told_, ::testing::UnorderedElementsAre("good.md", "large.md", "na\uFFFDme.md"));
  EXPECT_THAT(server_.completes, ElementsAre(false));
}

TEST_F(FolderTest, LinksThatLeadOutOfTheFolderAreRejected) {
  namespace fs = std::filesystem;
  const std::string outside = folder_ + "-outside.md";
  std::ofstream(outside) << "secret";
  Write("sub/inside.md", "public");
  Write("folder/x.txt", "no page");
  fs::create_symlink("sub/inside.md", folder_ + "/near.md");
  fs::create_symlink("../sub/inside.md", folder_ + "/folder/up.md");
  fs::create_symlink("/etc/passwd", folder_ + "/leak.md");
  fs::create_symlink(outside, folder_ + "/sibling.md");
  fs::create_symlink("sibling.md", folder_ + "/chain.md");
  fs::create_symlink("nowhere.md", folder_ + "/dangling.md");
  fs::create_symlink("loop.md", folder_ + "/loop.md");
  fs::create_symlink("sub", folder_ + "/folder.md");
  for (const bool through_a_link : {false, true}) {
    const std::string folder = folder_;
    if (through_a_link) {
      fs::create_symlink(folder, folder_ + "-link");
      folder_ += "-link";
    }
    server_.pages.clear();
    ASSERT_TRUE(Import().ok());
    std::vector<std::string> sent;
    for (const auto& [path, content] : server_.pages) {
      sent.push_back(path);
      EXPECT_EQ(content, "public");
    }
    EXPECT_THAT(sent, ElementsAre("folder/up.md", "near.md", "sub/inside.md"));
    EXPECT_EQ(summary_.rejected(), 6);
    EXPECT_FALSE(server_.completes.back());
    folder_ = folder;
  }
  fs::remove(folder_ + "-link");
  fs::remove(outside);
}

TEST_F(FolderTest, ABrokenCallSaysSoAndIsGoneOnWith) {
  for (int i = 0; i < 10; ++i) Write("p" + std::to_string(i) + ".md", "x");
  server_.break_after = 4;
  EXPECT_EQ(Import().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(told_.size(), 4u);
  EXPECT_TRUE(server_.completes.empty());
  server_.break_after = -1;
  ASSERT_TRUE(Import().ok());
  EXPECT_EQ(summary_.unchanged(), 4);
  EXPECT_EQ(summary_.created(), 6);
}

}  // namespace
}  // namespace finalmile::cli
