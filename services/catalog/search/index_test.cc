#include "services/catalog/search/index.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <thread>

#include "services/catalog/search/index_fixture.h"
#include "services/catalog/search/snippet.h"

namespace finalmile::catalog::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(IndexTest, TitleBeatsTagsBeatsSummaryBeatsBody) {
  Document body = Doc("body", "One", "about ramp");
  Document summary = Doc("summary", "Two", "about it");
  summary.summary = "ramp";
  Document tags = Doc("tags", "Three", "about it");
  tags.tags = "ramp";
  for (const Document& document : {body, summary, tags, Doc("title", "Ramp", "about it")}) Put(document);
  EXPECT_THAT(Find("ramp"), ElementsAre("assets/title", "assets/tags", "assets/summary", "assets/body"));
}

TEST_F(IndexTest, FiltersFoldValues) {
  Document first = Doc("a", "Deck", "text");
  first.facets = {{"competitor", "Caf\u00E9 Acme"}};
  Put(first);
  Document second = Doc("b", "Deck", "text");
  second.facets = {{"competitor", "CAFE ACME"}};
  Put(second);
  const Answer answer = Ask({.text = "deck", .filters = {{"competitor", {"cafe acme"}}}});
  EXPECT_EQ(answer.total, 2);
  ASSERT_EQ(answer.facets.size(), 1u);
  EXPECT_EQ(answer.facets[0].facet.value, "Caf\u00E9 Acme");
  EXPECT_EQ(answer.facets[0].count, 2);
}

TEST_F(IndexTest, SnippetsMarkTheWords) {
  Document document = Doc("a", "T", "First line.\nThen we talk about pricing with buyers.");
  document.summary = "All about discounts";
  Put(document);
  EXPECT_EQ(Ask({.text = "talk pricing", .filters = {}}).hits.at(0).snippet,
            "First line. Then we \x02talk\x03 about \x02pricing\x03 with buyers.");
  EXPECT_EQ(Ask({.text = "discount", .filters = {}}).hits.at(0).snippet,
            "All about \x02"
            "discounts\x03");
}

TEST_F(IndexTest, FacetsFiltersAndPages) {
  for (int i = 0; i < 30; ++i) {
    Document document = Doc(std::to_string(100 + i), "Deck", "text");
    document.facets = {{"kind", i % 3 == 0 ? "demo" : "deck"}, {"product", "p" + std::to_string(i)}};
    if (i < 5) document.facets.push_back({"stage", "closing"});
    Put(document);
  }
  Answer answer = Ask({.text = "deck", .filters = {}, .offset = 0, .limit = 4});
  EXPECT_EQ(answer.total, 30);
  EXPECT_EQ(answer.hits.size(), 4u);
  ASSERT_EQ(answer.facets.size(), 2u + 20u + 1u);
  EXPECT_EQ(answer.facets[0].facet.value, "deck");
  EXPECT_EQ(answer.facets[0].count, 20);
  EXPECT_EQ(answer.facets.back().count, 5);

  answer = Ask({.text = "deck", .filters = {{"stage", {"CLOSING"}}, {"kind", {"demo"}, true}}});
  EXPECT_EQ(answer.total, 3);
  EXPECT_EQ(Ask({.text = "deck", .filters = {{"stage", {"nowhere"}}}}).total, 0);
  EXPECT_EQ(Ask({.text = "deck", .filters = {{"nothing", {"x"}, true}}}).total, 30);

  std::vector<std::string> paged;
  for (size_t offset = 0; offset < 35; offset += 7) {
    for (const Hit& hit : Ask({.text = "deck", .filters = {}, .offset = offset, .limit = 7}).hits) {
      paged.push_back(hit.asset);
    }
  }
  EXPECT_EQ(paged.size(), 30u);
  EXPECT_TRUE(std::is_sorted(paged.begin(), paged.end()));
}

TEST_F(IndexTest, NewVersionsReplaceAndOldOnesAreDropped) {
  Document document = Doc("a", "First", "alpha");
  document.version = 2;
  Put(document);
  document.version = 3;
  document.body = "beta";
  Put(document);
  EXPECT_THAT(Find("alpha"), IsEmpty());
  EXPECT_THAT(Find("beta"), ElementsAre("assets/a"));
  document.body = "gamma";
  Put(document);
  EXPECT_THAT(Find("gamma"), IsEmpty());
  document.version = 2;
  Put(document);
  EXPECT_THAT(Find("gamma"), IsEmpty());
  EXPECT_EQ(index_->VersionOf("assets/a"), 3);
  Drop("assets/a");
  Drop("assets/a");
  EXPECT_THAT(Find("first"), IsEmpty());
  EXPECT_EQ(index_->VersionOf("assets/a"), 0);
  EXPECT_EQ(index_->size(), 0u);
  // Nor is a word of it a correction any more.
  EXPECT_EQ(Ask({.text = "betta", .filters = {}}).corrected, "");
}

TEST_F(IndexTest, ABatchMayTouchAnAssetTwice) {
  std::vector<Change> changes(4);
  changes[0].document = Doc("a", "One", "alpha");
  changes[1].document = Doc("a", "One", "beta");
  changes[1].document.version = 2;
  changes[2].document = Doc("b", "Two", "beta");
  changes[3].document.asset = "assets/b";
  changes[3].removed = true;
  ASSERT_TRUE(index_->Apply(changes, clock_->Steady() + kLong).ok());
  EXPECT_THAT(Find("beta"), ElementsAre("assets/a"));
  EXPECT_THAT(Find("alpha"), IsEmpty());
  EXPECT_EQ(index_->size(), 1u);
}

TEST_F(IndexTest, SurvivesARestart) {
  Document document = Doc("a", "Pricing", "objections");
  document.facets = {{"kind", "deck"}};
  Put(document);
  Put(Doc("b", "Gone", "gone"));
  Drop("assets/b");
  Open();
  EXPECT_EQ(index_->size(), 1u);
  EXPECT_EQ(index_->VersionOf("assets/a"), 1);
  const Answer answer = Ask({.text = "pricng", .filters = {{"kind", {"deck"}}}});
  EXPECT_EQ(answer.corrected, "pricing");
  EXPECT_EQ(answer.total, 1);
  document.version = 2;
  document.title = "Discounts";
  Put(document);
  EXPECT_THAT(Find("discount"), ElementsAre("assets/a"));
}

TEST_F(IndexTest, AnotherAnalyzersIndexIsEmptied) {
  Put(Doc("a", "Pricing", "objections"));
  ASSERT_TRUE(database_
                  ->Transact({.deadline = clock_->Steady() + kLong},
                             [](storage::Transaction& transaction) {
                               return transaction.Execute("UPDATE search_meta SET analyzer = 0").status();
                             })
                  .ok());
  Open();
  EXPECT_EQ(index_->size(), 0u);
  EXPECT_THAT(Find("pricing"), IsEmpty());
  Put(Doc("a", "Pricing", "objections"));
  EXPECT_THAT(Find("pricing"), ElementsAre("assets/a"));
}

TEST_F(IndexTest, APassedDeadlineEndsIt) {
  Put(Doc("a", "Pricing", "objections"));
  const auto answer = index_->Search({.text = "pricing", .filters = {}}, clock_->Steady() - absl::Seconds(1));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(IndexTest, RefusesADocumentWithoutAName) {
  const Change change;
  EXPECT_EQ(index_->Apply({&change, 1}, clock_->Steady() + kLong).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(IndexTest, NoTextIsAnError) {
  Put(Doc("a", "Pricing", "objections 价格"));
  rc::check("any text is searched for", [&] {
    std::string text = *rc::gen::string<std::string>();
    for (const char* part : *rc::gen::container<std::vector<const char*>>(
             rc::gen::element("\"", "'", "*", " AND ", " OR ", " NOT ", "NEAR(", ")", "^", "title:", "{", "}",
                              "-", "价", "\0", "+", "pri"))) {
      text += part;
    }
    RC_ASSERT(index_->Search({.text = text, .filters = {}}, clock_->Steady() + kLong).ok());
  });
}

// Each asset always has exactly one document that a search for its word finds, whatever version it is.
TEST_F(IndexTest, SearchesBesideAWriterMissNothing) {
  std::vector<Change> changes(20);
  const auto fill = [&](int64_t version) {
    for (size_t i = 0; i < changes.size(); ++i) {
      changes[i].document = Doc("a" + std::to_string(i), "steady", "version");
      changes[i].document.version = version;
    }
  };
  fill(1);
  ASSERT_TRUE(index_->Apply(changes, clock_->Steady() + kLong).ok());
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  std::atomic<int> searches = 0;
  std::atomic<int> wrong = 0;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto answer = index_->Search({.text = "steady", .filters = {}, .offset = 0, .limit = 3},
                                           clock_->Steady() + kLong);
        if (!answer.ok() || answer->total != 20 || answer->hits.size() != 3) ++wrong;
        ++searches;
      }
    });
  }
  for (int64_t version = 2; version < 40; ++version) {
    fill(version);
    ASSERT_TRUE(index_->Apply(changes, clock_->Steady() + kLong).ok());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(searches, 0);
}

}  // namespace
}  // namespace finalmile::catalog::search
