#include "services/catalog/usage/missed_searches.h"
#include "services/catalog/usage/retention.h"
#include "services/catalog/usage_fixture.h"

namespace finalmile::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class GapsTest : public UsageTest {
 protected:
  static v1::ReportGapRequest Need(const std::string& need, const std::string& asker = "") {
    v1::ReportGapRequest request;
    request.mutable_gap()->set_need(need);
    request.set_asker(asker);
    return request;
  }
  v1::Gap Report(const v1::ReportGapRequest& request) {
    const auto gap = UsageTest::Ask<v1::Gap>("ReportGap", request);
    EXPECT_TRUE(gap.ok()) << gap.status();
    return gap.ok() ? *gap : v1::Gap();
  }

  static v1::AnswerGapRequest Accept(const std::string& name) {
    v1::AnswerGapRequest request;
    request.set_name(name);
    request.mutable_accept();
    return request;
  }
  static v1::AnswerGapRequest Ship(const std::string& name, const std::string& asset) {
    v1::AnswerGapRequest request;
    request.set_name(name);
    request.mutable_ship()->set_asset(asset);
    return request;
  }
  absl::StatusOr<v1::Gap> Answer(const v1::AnswerGapRequest& request) {
    return UsageTest::Ask<v1::Gap>("AnswerGap", request);
  }

  std::vector<std::string> Needs(const std::string& filter = "") {
    std::vector<std::string> needs;
    const v1::ListGapsResponse listed = Gaps(filter);
    for (const v1::Gap& gap : listed.gaps()) needs.push_back(gap.need());
    return needs;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, GapsTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(GapsTest, AGapGoesFromItsFirstAskerToItsFirstUse) {
  v1::ReportGapRequest need = Need("A letter for new customers", "ida");
  need.mutable_gap()->set_kind(v1::ASSET_KIND_VITO_LETTER);
  const v1::Gap first = Report(need);
  EXPECT_EQ(first.state(), v1::Gap::GAP_STATE_OPEN);
  // The same words in another order are the same need; what was told first stands.
  const v1::Gap again = Report(Need("letters for a new customer!", ""));
  EXPECT_EQ(again.name(), first.name());
  EXPECT_EQ(again.need(), "A letter for new customers");
  EXPECT_EQ(again.count(), 2);
  EXPECT_THAT(again.askers(), ElementsAre("ida", "tester"));
  // Being asked for is a figure.
  EXPECT_EQ(again.etag(), first.etag());
  need.mutable_gap()->set_situation("a giant bought your competitor");
  EXPECT_NE(Report(need).name(), first.name());

  const v1::Asset asset = Published("For CFOs");
  EXPECT_EQ(rpc::ReasonOf(Answer(Ship(first.name(), asset.name())).status()), "WRONG_STATE");
  v1::AnswerGapRequest accept = Accept(first.name());
  accept.set_etag("other");
  EXPECT_EQ(rpc::ReasonOf(Answer(accept).status()), "ETAG_MISMATCH");
  accept.set_etag(first.etag());
  accept.set_request_id("a-1");
  const auto accepted = Answer(accept);
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_EQ(accepted->state(), v1::Gap::GAP_STATE_ACCEPTED);
  EXPECT_NE(accepted->etag(), first.etag());
  EXPECT_EQ(Answer(accept)->SerializeAsString(), accepted->SerializeAsString());
  EXPECT_EQ(rpc::ReasonOf(Answer(Ship(first.name(), Create(Letter("Draft")).name())).status()),
            "ASSET_NOT_LIVE");
  EXPECT_EQ(rpc::ReasonOf(Answer(Ship(first.name(), "assets/nobody")).status()), "ASSET_NOT_FOUND");
  ASSERT_TRUE(Answer(Ship(first.name(), asset.name())).ok());

  Record(UseOf(Token(asset.name())));
  Record(UseOf(Token(asset.name())));
  const v1::Gap used = Gaps("state = GAP_STATE_USED").gaps(0);
  EXPECT_EQ(used.name(), first.name());
  EXPECT_EQ(used.asset(), asset.name());
  EXPECT_TRUE(used.has_first_use_time());
  EXPECT_THAT(EventsOf(Event::kGapAccepted)[0].gap_accepted().askers(), ElementsAre("ida", "tester"));
  EXPECT_EQ(EventsOf(Event::kGapShipped)[0].gap_shipped().asset(), asset.name());
  const auto closed = EventsOf(Event::kGapClosed);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].key(), first.name());
  EXPECT_EQ(closed[0].seq(), 4);
  EXPECT_EQ(closed[0].gap_closed().asset(), asset.name());
}

TEST_P(GapsTest, ADeclinedGapSaysWhyAndStays) {
  const v1::Gap gap = Report(Need("a jingle"));
  v1::AnswerGapRequest decline;
  decline.set_name(gap.name());
  EXPECT_EQ(FieldOf(Answer(decline).status()), "answer");
  for (const size_t size : {size_t{0}, size_t{501}}) {
    decline.mutable_decline()->set_reason(std::string(size, 'x'));
    EXPECT_EQ(FieldOf(Answer(decline).status()), "decline.reason");
  }
  decline.mutable_decline()->set_reason(std::string(500, 'x'));
  ASSERT_TRUE(Answer(decline).ok());
  const v1::Gap again = Report(Need("a jingle", "ida"));
  EXPECT_EQ(again.state(), v1::Gap::GAP_STATE_DECLINED);
  EXPECT_EQ(again.count(), 2);
  EXPECT_EQ(EventsOf(Event::kGapClosed)[0].gap_closed().reason(), std::string(500, 'x'));
  EXPECT_EQ(rpc::ReasonOf(Answer(Accept("gaps/nothing")).status()), "GAP_NOT_FOUND");
  EXPECT_EQ(FieldOf(Answer(Accept("nothing")).status()), "name");
}

TEST_P(GapsTest, WhatIsNoNeedIsRefusedByField) {
  const auto refused = [&](const v1::ReportGapRequest& request) {
    return FieldOf(UsageTest::Ask<v1::Gap>("ReportGap", request).status());
  };
  EXPECT_EQ(refused(Need("")), "gap.need");
  EXPECT_EQ(refused(Need("?!")), "gap.need");
  EXPECT_EQ(refused(Need(std::string(501, 'x'))), "gap.need");
  EXPECT_EQ(refused(Need("a need", "ida@example.com")), "asker");
  v1::ReportGapRequest long_situation = Need("a need");
  long_situation.mutable_gap()->set_situation(std::string(65, 's'));
  EXPECT_EQ(refused(long_situation), "gap.situation");
  long_situation.mutable_gap()->set_situation(std::string(64, 's'));
  Report(long_situation);
  Report(Need(std::string(499, 'x')));
  Report(Need(std::string(500, 'x')));
}

TEST_P(GapsTest, ListsBeginWithWhatIsAskedForMost) {
  for (const auto& [need, times] : {std::pair{"one", 1}, {"three", 3}, {"two", 2}}) {
    for (int i = 0; i < times; ++i) Report(Need(need));
  }
  EXPECT_THAT(Needs(), ElementsAre("three", "two", "one"));
  EXPECT_THAT(Needs("count < 3 AND origin = ORIGIN_REPORTED"), ElementsAre("two", "one"));
  EXPECT_THAT(Needs("state != GAP_STATE_OPEN OR situation:*"), IsEmpty());
  v1::ListGapsRequest request;
  request.set_page_size(1);
  std::vector<std::string> needs;
  do {
    const auto page = UsageTest::Ask<v1::ListGapsResponse>("ListGaps", request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_EQ(page->gaps_size(), 1);
    needs.push_back(page->gaps(0).need());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(needs, ElementsAre("three", "two", "one"));
}

TEST_P(GapsTest, SearchesInVainAreOneGapPerSetOfWords) {
  Published("Pricing");
  Settle();
  Search("ransomware insurances");
  Search("Insurance for... ransomware", "");
  Search("insurances ransomware");
  EXPECT_THAT(Needs(), IsEmpty()) << "no search waits for the store";
  Settle();
  Search("ransomware insurance");
  // Found; asked for under a filter; not to be kept.
  Search("pricing");
  Search("quantum", "kind = ASSET_KIND_DECK");
  Search("ann@example.com");
  Search("+1 555 123 4567");
  Search("?");
  Settle();
  const v1::ListGapsResponse gaps = Gaps("origin = ORIGIN_SEARCH");
  ASSERT_EQ(gaps.gaps_size(), 2);
  EXPECT_EQ(gaps.gaps(0).need(), "insurances ransomware");
  EXPECT_EQ(gaps.gaps(0).count(), 3);
  EXPECT_EQ(gaps.gaps(1).need(), "for insurance ransomware");
  const auto missed = EventsOf(Event::kSearchMissed);
  ASSERT_EQ(missed.size(), 3u);
  int64_t searches = 0;
  for (const Event& event : missed) searches += event.search_missed().count();
  EXPECT_EQ(searches, 4);

  // The same words, asked for by name: the same gap, which then waits for an answer.
  EXPECT_EQ(Report(Need("ransomware insurance", "ida")).name(), gaps.gaps(0).name());
  Advance(usage::kSearchPatience - absl::Microseconds(1));
  EXPECT_EQ(Gaps("state = GAP_STATE_OPEN").gaps_size(), 2);
  Advance(absl::Microseconds(1));
  EXPECT_THAT(Needs("state = GAP_STATE_OPEN"), ElementsAre("insurances ransomware"));
  EXPECT_EQ(EventsOf(Event::kGapClosed).size(), 1u);
}

TEST_P(GapsTest, OpenGapsOfSearchesAreBounded) {
  usage::MissedSearches missed(harness_.database(), harness_.clock(), harness_.rng(), log_);
  const auto flush = [&] {
    while (missed.Run() != absl::InfiniteDuration()) {
    }
  };
  const auto open = [&] {
    v1::ListGapsRequest request;
    request.set_page_size(1'000);
    int64_t count = 0;
    do {
      const auto page = UsageTest::Ask<v1::ListGapsResponse>("ListGaps", request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      count += page->gaps_size();
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return count;
  };
  for (int i = 0; i < usage::kMaxOpenSearches - 1; ++i) missed.Add("word" + std::to_string(i));
  flush();
  EXPECT_EQ(open(), usage::kMaxOpenSearches - 1);
  missed.Add("last");
  flush();
  EXPECT_EQ(open(), usage::kMaxOpenSearches);
  missed.Add("toomany");
  missed.Add("word7");
  flush();
  EXPECT_EQ(open(), usage::kMaxOpenSearches);
  EXPECT_THAT(Needs("count > 1"), ElementsAre("word7"));
}

TEST_P(GapsTest, WhatWaitsInMemoryIsBounded) {
  usage::MissedSearches missed(harness_.database(), harness_.clock(), harness_.rng(), log_);
  for (size_t i = 0; i <= usage::MissedSearches::kWaiting; ++i) missed.Add("word" + std::to_string(i));
  // Sets of terms that wait already are still counted.
  missed.Add("word0");
  while (missed.Run() != absl::InfiniteDuration()) {
  }
  EXPECT_THAT(Needs("count > 1"), ElementsAre("word0"));
  EXPECT_THAT(Needs("count = 1"),
              ::testing::Not(::testing::Contains("word" + std::to_string(usage::MissedSearches::kWaiting))));
}

}  // namespace
}  // namespace finalmile::catalog
