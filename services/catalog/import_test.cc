#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "services/catalog/catalog_fixture.h"
#include "services/catalog/handlers/source_pages.h"

namespace finalmile::catalog {
namespace {

using Import = v1::ImportAssetsResponse;

class ImportTest : public CatalogTest {
 protected:
  using Pages = std::vector<std::pair<std::string, std::string>>;

  static v1::ImportAssetsRequest::Header Header() {
    v1::ImportAssetsRequest::Header header;
    header.set_source("handbook");
    header.set_default_owner("mia");
    return header;
  }

  // Sends header, pages and end; gives the summary with the results of all answers.
  // The listing names the pages and nothing else.
  absl::StatusOr<Import> Send(const v1::ImportAssetsRequest::Header& header, const Pages& pages,
                              bool complete = true) {
    auto stream = harness_.channel().Open(std::string(kService) + "ImportAssets", {});
    Import all;
    Import answer;
    v1::ImportAssetsRequest request;
    auto exchange = [&] {
      if (!stream->Write(request) || !stream->Read(answer)) return false;
      all.MergeFrom(answer);
      return true;
    };
    *request.mutable_header() = header;
    bool going = exchange();
    for (const auto& [path, content] : pages) request.mutable_listing()->add_paths(path);
    if (going && !pages.empty()) going = exchange();
    for (size_t i = 0; going && i < pages.size(); ++i) {
      request.mutable_page()->set_path(pages[i].first);
      request.mutable_page()->set_content(pages[i].second);
      going = exchange();
    }
    request.mutable_end()->set_complete(complete);
    if (going) exchange();
    stream->WritesDone();
    while (stream->Read(answer)) {
    }
    if (absl::Status status = stream->Finish(); !status.ok()) return status;
    return all;
  }

  const std::string training_ =
      "---\naudience: sales\nmessages: [Say it short]\n---\n# Pitch\n\nOpen with a question.\n";
  const Pages pages_ = {{"sales/pitch.md", training_},
                        {"sales/notes.md", "---\nkind: email-template\n---\n# Notes\n\nJust text.\n"}};
};

TEST_F(ImportTest, PagesBecomeAssetsAndTheSameAgainChangesNothing) {
  v1::ImportAssetsRequest::Header header = Header();
  header.set_publish(true);
  header.set_reviewer("tom");
  const auto first = Send(header, pages_);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->summary().created(), 2);
  EXPECT_EQ(first->summary().published(), 1);
  EXPECT_EQ(first->summary().drafts(), 1);
  const auto pitch = Get("assets/handbook_sales_pitch");
  ASSERT_TRUE(pitch.ok()) << pitch.status();
  EXPECT_EQ(pitch->state(), v1::ASSET_STATE_PUBLISHED);
  EXPECT_EQ(pitch->source(), "handbook:sales/pitch.md");
  EXPECT_EQ(pitch->reviewer(), "tom");
  harness_.Settle();
  const size_t told = Events().size();
  EXPECT_EQ(told, 3u);
  EXPECT_EQ(Search("question").hits_size(), 1);

  const auto second = Send(header, pages_);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->summary().unchanged(), 2);
  EXPECT_EQ(second->summary().created() + second->summary().updated() + second->summary().retired(), 0);
  EXPECT_EQ(second->summary().published(), 0);
  harness_.Settle();
  EXPECT_EQ(Events().size(), told);
  EXPECT_EQ(Get("assets/handbook_sales_pitch")->etag(), pitch->etag());
}

TEST_F(ImportTest, ChangedPagesAreNewVersionsAndMissingOnesRetire) {
  ASSERT_TRUE(Send(Header(), pages_).ok());
  Create(Letter("Mine"));
  const Pages changed = {{"sales/pitch.md", training_ + "And close with one.\n"}};
  const auto partial = Send(Header(), changed, /*complete=*/false);
  ASSERT_TRUE(partial.ok()) << partial.status();
  EXPECT_EQ(partial->summary().updated(), 1);
  EXPECT_EQ(partial->summary().retired(), 0);
  const auto whole = Send(Header(), changed);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->summary().unchanged(), 1);
  EXPECT_EQ(whole->summary().retired(), 1);
  EXPECT_EQ(whole->results(1).path(), "sales/notes.md");
  EXPECT_EQ(Get("assets/handbook_sales_notes")->state(), v1::ASSET_STATE_RETIRED);
  EXPECT_EQ(Get("assets/mine")->state(), v1::ASSET_STATE_DRAFT);
  EXPECT_EQ(Get("assets/handbook_sales_pitch")->version(), 2);
  EXPECT_EQ(Send(Header(), changed)->summary().retired(), 0);
  // It comes back.
  const auto back = Send(Header(), pages_);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->summary().updated(), 2);
  EXPECT_EQ(Get("assets/handbook_sales_notes")->state(), v1::ASSET_STATE_DRAFT);
}

TEST_F(ImportTest, AnUnchangedDraftIsPublishedWhenAskedLater) {
  ASSERT_TRUE(Send(Header(), pages_).ok());
  v1::ImportAssetsRequest::Header header = Header();
  header.set_publish(true);
  const auto refused = Send(header, pages_);
  EXPECT_EQ(rpc::ViolationsOf(refused.status())[0].field(), "header.reviewer");
  header.set_reviewer("tom");
  const auto published = Send(header, pages_);
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->summary().unchanged(), 2);
  EXPECT_EQ(published->summary().published(), 1);
  EXPECT_EQ(published->summary().drafts(), 1);
}

TEST_F(ImportTest, ADryRunStoresNothing) {
  v1::ImportAssetsRequest::Header header = Header();
  header.set_dry_run(true);
  const auto tried = Send(header, pages_);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(tried->summary().created(), 2);
  EXPECT_EQ(rpc::ReasonOf(Get("assets/handbook_sales_pitch").status()), "ASSET_NOT_FOUND");
}

TEST_F(ImportTest, APageThatCannotBeReadIsRejectedWithItsLineAndTheRestGoesOn) {
  const auto result =
      Send(Header(), {{"a.md", "---\nkind: x\n---\ntext\n"}, {"../b.md", "x"}, pages_[0], pages_[0]});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->summary().created(), 1);
  EXPECT_EQ(result->summary().rejected(), 3);
  for (const Import::Result& one : result->results()) {
    EXPECT_EQ(one.line(), one.path() == "a.md" ? 2 : 0) << one.path();
  }
  // A page that was sent is not gone, although it cannot be read.
  ASSERT_TRUE(Send(Header(), {{"sales/pitch.md", "---\nkind: x\n---\n"}}).ok());
  EXPECT_EQ(Get("assets/handbook_sales_pitch")->state(), v1::ASSET_STATE_DRAFT);
}

TEST_F(ImportTest, ManyPagesAreStoredInChunks) {
  Pages pages;
  for (int i = 0; i < 120; ++i) pages.emplace_back("p" + std::to_string(i) + ".md", "# T\n\nText\n");
  const auto result = Send(Header(), pages);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->summary().created(), 120);
  EXPECT_EQ(result->results_size(), 120);
  const auto gone = Send(Header(), {});
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(gone->summary().retired(), 120);
}

TEST_F(ImportTest, KeysThatAreNotTakenAreToldAndCostNothing) {
  const auto result = Send(
      Header(), {{"a/a.md", "---\ntitel: x\nweight: 3\ndescription: Granite\ntags: [Basalt]\n---\ntext\n"}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->summary().created(), 1);
  EXPECT_EQ(result->summary().warnings(), 1);
  EXPECT_EQ(result->results(0).warnings(0), "line 2: unknown key titel; did you mean title? It is not taken");
  EXPECT_EQ(result->results(0).ignored_keys(0), "weight");
  const auto asset = Get("assets/handbook_a_a");
  EXPECT_EQ(asset->summary(), "Granite");
  EXPECT_EQ(asset->tags().keywords(0), "Basalt");
  harness_.Settle();
  for (const char* word : {"granite", "basalt"}) {
    EXPECT_EQ(Search(word, "", /*unpublished=*/true).hits_size(), 1) << word;
  }
  EXPECT_EQ(Search("text", "keyword = basalt", /*unpublished=*/true).hits_size(), 1);
}

v1::ImportAssetsRequest::Header Published(v1::ImportAssetsRequest::Header header) {
  header.set_publish(true);
  header.set_reviewer("tom");
  return header;
}

TEST_F(ImportTest, WhatAPageSaysOfItsPublicationHolds) {
  const auto page = [](const std::string& line) { return "---\n" + line + "\n---\n# T\n\nGranite.\n"; };
  const Pages pages = {{"r/draft.md", page("draft: true")},
                       {"r/ready.md", page("draft: false")},
                       {"r/later.md", page("publishDate: 2231-01-01")},
                       {"r/until.md", page("expiryDate: 2231-01-01")},
                       {"r/expired.md", page("expiryDate: 2001-01-01")}};
  for (int time = 1; time <= 2; ++time) {
    const auto result = Send(Published(Header()), pages);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->summary().published(), time == 1 ? 3 : 0);
    EXPECT_EQ(result->summary().scheduled(), time == 1 ? 1 : 0);
    EXPECT_EQ(result->summary().withheld(), 2);
    EXPECT_EQ(result->summary().drafts(), 2);
    EXPECT_EQ(result->results(0).withheld(), "draft: true");
    EXPECT_EQ(result->results(4).withheld(), "expiryDate: 2001-01-01 has passed");
  }
  EXPECT_EQ(Get("assets/handbook_r_later")->publish_time().seconds(),
            absl::ToUnixSeconds(absl::FromCivil(absl::CivilDay(2231, 1, 1), absl::UTCTimeZone())));
  EXPECT_TRUE(Get("assets/handbook_r_until")->has_expire_time());
  harness_.Settle();
  EXPECT_EQ(Search("granite").hits_size(), 2);
}

TEST_F(ImportTest, APageThatBecomesADraftIsTakenFromReps) {
  const Pages live = {{"r/a.md", "# T\n\nGranite.\n"}};
  const Pages draft = {{"r/a.md", "---\ndraft: true\n---\n# T\n\nGranite.\n"}};
  ASSERT_TRUE(Send(Published(Header()), live).ok());
  const auto result = Send(Header(), draft);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->summary().retired(), 1);
  EXPECT_EQ(Get("assets/handbook_r_a")->state(), v1::ASSET_STATE_RETIRED);
  // Again: nothing changes.
  const std::string etag = Get("assets/handbook_r_a")->etag();
  EXPECT_EQ(Send(Published(Header()), draft)->summary().unchanged(), 1);
  EXPECT_EQ(Get("assets/handbook_r_a")->etag(), etag);
  EXPECT_EQ(Send(Published(Header()), live)->summary().published(), 1);
  EXPECT_EQ(Get("assets/handbook_r_a")->state(), v1::ASSET_STATE_PUBLISHED);
}

TEST_F(ImportTest, AWindowThatAloneChangedIsTaken) {
  const auto page = [](const std::string& until) {
    return Pages{{"r/a.md", "---\nexpiryDate: " + until + "\n---\n# T\n\nGranite.\n"}};
  };
  ASSERT_TRUE(Send(Published(Header()), page("2231-01-01")).ok());
  const auto result = Send(Published(Header()), page("2232-01-01"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->summary().updated(), 1);
  const auto asset = Get("assets/handbook_r_a");
  EXPECT_EQ(asset->version(), 1);
  EXPECT_EQ(asset->expire_time().seconds(),
            absl::ToUnixSeconds(absl::FromCivil(absl::CivilDay(2232, 1, 1), absl::UTCTimeZone())));
}

TEST_F(ImportTest, APageWithoutTextIsLeftOut) {
  const auto result =
      Send(Header(), {{"r/_index.md", "---\ntitle: Reps\n---\n"}, {"r/a.md", "# T\n\nText.\n"}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->summary().left_out(), 1);
  EXPECT_EQ(result->summary().created(), 1);
  EXPECT_EQ(result->summary().rejected(), 0);
  // One that had a text is gone.
  const auto emptied = Send(Header(), {{"r/a.md", "---\ntitle: T\n---\n"}});
  EXPECT_EQ(emptied->summary().retired(), 1);
}

TEST_F(ImportTest, ARenamedPageStaysTheSameAsset) {
  const auto header = Published(Header());
  ASSERT_TRUE(Send(header, {{"r/a.md", "# T\n\nGranite.\n"}, {"r/b.md", "# U\n\nBasalt.\n"}}).ok());
  const Pages moved = {{"hosts/z.md", "# T\n\nGranite.\n"}, {"r/b.md", "# U\n\nBasalt.\n"}};
  v1::ImportAssetsRequest::Header tried = header;
  tried.set_dry_run(true);
  EXPECT_EQ(Send(tried, moved)->summary().renamed(), 1);
  const auto result = Send(header, moved);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->summary().renamed(), 1);
  EXPECT_EQ(result->summary().created() + result->summary().retired(), 0);
  EXPECT_EQ(result->results(0).renamed_from(), "r/a.md");
  const auto asset = Get("assets/handbook_r_a");
  EXPECT_EQ(asset->source(), "handbook:hosts/z.md");
  EXPECT_EQ(asset->message_training().audience(), "hosts");
  EXPECT_EQ(asset->state(), v1::ASSET_STATE_PUBLISHED);
  EXPECT_EQ(Send(header, moved)->summary().unchanged(), 2);

  // A copy is another asset, and so is another page at the old path.
  Pages more = moved;
  more.emplace_back("r/a.md", "# New\n\nMarble.\n");
  more.emplace_back("r/copy.md", "# U\n\nBasalt.\n");
  const auto added = Send(header, more);
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(added->summary().created(), 2);
  EXPECT_EQ(added->summary().renamed(), 0);
  EXPECT_NE(added->results(2).asset(), "assets/handbook_r_a");
  EXPECT_EQ(Send(header, more)->summary().unchanged(), 4);
}

TEST_F(ImportTest, WhatPeopleMadeOfAPageStaysWhileItsBytesStay) {
  const Pages draft = {{"r/a.md", "---\ndraft: true\n---\n# T\n\nGranite.\n"}};
  ASSERT_TRUE(Send(Header(), draft).ok());
  v1::Asset edited = *Get("assets/handbook_r_a");
  edited.set_body("# T\n\nMarble.\n");
  ASSERT_TRUE(Update(edited, "body").ok());
  EXPECT_EQ(Send(Published(Header()), draft)->summary().unchanged(), 1);
  EXPECT_EQ(Send(Published(Header()), {{"s/b.md", draft[0].second}})->summary().renamed(), 1);
  const auto kept = Get("assets/handbook_r_a");
  EXPECT_EQ(kept->body(), "# T\n\nMarble.\n");
  EXPECT_EQ(kept->version(), 2);
  EXPECT_EQ(kept->source(), "handbook:s/b.md");
}

TEST_F(ImportTest, AListingHasLimits) {
  const auto listed = [&](int paths) {
    auto stream = harness_.channel().Open(std::string(kService) + "ImportAssets", {});
    v1::ImportAssetsRequest request;
    *request.mutable_header() = Header();
    Import answer;
    EXPECT_TRUE(stream->Write(request) && stream->Read(answer));
    for (int i = 0; i < paths; ++i) request.mutable_listing()->add_paths(std::to_string(i));
    stream->Write(request);
    stream->WritesDone();
    while (stream->Read(answer)) {
    }
    return stream->Finish();
  };
  EXPECT_TRUE(listed(handlers::kMaxListed - 1).ok());
  EXPECT_TRUE(listed(handlers::kMaxListed).ok());
  EXPECT_EQ(rpc::ViolationsOf(listed(handlers::kMaxListed + 1))[0].field(), "listing");
  handlers::SourcePages pages;
  for (size_t i = 0; i < handlers::kMaxListing; ++i) EXPECT_TRUE(pages.List(std::to_string(i)).ok());
  EXPECT_FALSE(pages.List("one more").ok());
}

TEST_F(ImportTest, PagesOfAFlatFolderTakeTheDefaultAudience) {
  v1::ImportAssetsRequest::Header header = Published(Header());
  EXPECT_EQ(Send(header, {{"price.md", "Ask what it is compared with.\n"}})->summary().drafts(), 1);
  header.set_default_audience("sales");
  const auto result = Send(header, {{"price.md", "Ask what it is compared with.\n"}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->summary().published(), 1);
  EXPECT_EQ(Get("assets/handbook_price")->message_training().audience(), "sales");
  // Moved into a folder it is still the same asset.
  EXPECT_EQ(Send(header, {{"hosts/price.md", "Ask what it is compared with.\n"}})->summary().renamed(), 1);
  header.set_default_audience(std::string(201, 'x'));
  EXPECT_EQ(rpc::ViolationsOf(Send(header, {}).status())[0].field(), "header.default_audience");
}

// Two real handbooks; SHARED_DATA names the folder they are in.
TEST_F(ImportTest, RealPagesAreFoundAndTheSameAgainChangesNothing) {
  const char* data = std::getenv("SHARED_DATA");
  if (data == nullptr) GTEST_SKIP() << "SHARED_DATA does not name the data sets";
  const std::filesystem::path root = std::filesystem::path(data) / "content";
  Pages pages;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".md") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    pages.emplace_back(std::filesystem::relative(entry.path(), root).generic_string(), content.str());
  }
  const auto count = static_cast<int64_t>(pages.size());
  EXPECT_GE(count, 217);
  const auto drafts = Send(Header(), pages);
  ASSERT_TRUE(drafts.ok()) << drafts.status();
  EXPECT_EQ(drafts->summary().created(), count);
  EXPECT_EQ(drafts->summary().drafts(), count);
  harness_.Settle();
  EXPECT_EQ(Search("pricing objections").hits_size(), 0);
  EXPECT_GT(Search("pricing objections", "", /*unpublished=*/true).hits_size(), 0);

  v1::ImportAssetsRequest::Header header = Header();
  header.set_publish(true);
  header.set_reviewer("tom");
  const auto published = Send(header, pages);
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_GT(published->summary().published(), count / 2);
  EXPECT_EQ(published->summary().published() + published->summary().drafts(), count);
  harness_.Settle();
  const v1::SearchAssetsResponse found = Search("pricing objections");
  ASSERT_GT(found.hits_size(), 0);
  for (const auto& hit : found.hits()) EXPECT_NE(hit.snippet().find('\x02'), std::string::npos);
  const size_t told = Events().size();
  const auto again = Send(header, pages);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->summary().unchanged(), count);
  EXPECT_EQ(again->summary().published(), 0);
  harness_.Settle();
  EXPECT_EQ(Events().size(), told);
}

}  // namespace
}  // namespace finalmile::catalog
