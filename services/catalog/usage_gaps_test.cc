#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "libs/base/text.h"
#include "libs/outbox/topic.h"
#include "services/catalog/usage/missed_searches.h"
#include "services/catalog/usage/retention.h"
#include "services/catalog/usage_fixture.h"

namespace finalmile::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

bool KnowsNone(const std::string&) { return false; }

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
  // The same words in another order are the same need; the words of the first report are kept.
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
  EXPECT_EQ(again.reason(), std::string(500, 'x'));
  EXPECT_EQ(rpc::ReasonOf(Answer(Accept("gaps/nothing")).status()), "GAP_NOT_FOUND");
  EXPECT_EQ(FieldOf(Answer(Accept("nothing")).status()), "name");
}

TEST_P(GapsTest, AnAskerFindsWhatBecameOfTheirs) {
  Report(Need("a jingle", "ida"));
  Report(Need("a jingle", "ida%"));
  Report(Need("a deck", "\"ida\""));
  Report(Need("a card"));
  const auto needs = [&](const std::string& asker, const std::string& filter = "") {
    std::vector<std::string> found;
    const v1::ListGapsResponse gaps = Gaps(filter, asker);
    for (const v1::Gap& gap : gaps.gaps()) found.push_back(gap.need());
    return found;
  };
  EXPECT_THAT(needs("ida"), ElementsAre("a jingle"));
  EXPECT_THAT(needs("ida%"), ElementsAre("a jingle"));
  EXPECT_THAT(needs("\"ida\""), ElementsAre("a deck"));
  // Nobody else's, whatever they are called.
  EXPECT_THAT(needs("da"), IsEmpty());
  EXPECT_THAT(needs("IDA"), IsEmpty());
  EXPECT_THAT(needs("%"), IsEmpty());
  // The caller.
  EXPECT_THAT(needs("-"), ElementsAre("a card"));
  EXPECT_THAT(needs("-", "state = GAP_STATE_DECLINED"), IsEmpty());
  EXPECT_EQ(needs("").size(), 3u);
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
  Search("Hackers & insurance", "");
  Search("what about the insurances... of Ransomware?");
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
  // As it was typed first.
  EXPECT_EQ(gaps.gaps(0).need(), "ransomware insurances");
  EXPECT_EQ(gaps.gaps(0).count(), 3);
  EXPECT_EQ(gaps.gaps(1).need(), "Hackers & insurance");
  const auto missed = EventsOf(Event::kSearchMissed);
  ASSERT_EQ(missed.size(), 3u);
  int64_t searches = 0;
  for (const Event& event : missed) searches += event.search_missed().count();
  EXPECT_EQ(searches, 4);
  for (const Event& event : missed) {
    EXPECT_THAT(event.key(), ::testing::AnyOf(gaps.gaps(0).name(), gaps.gaps(1).name()));
    EXPECT_THAT(event.search_missed().known_terms(), IsEmpty());
    EXPECT_EQ(event.search_missed().unknown_terms(), 2);
  }

  // The same words, asked for by name: the same gap, which then waits for an answer.
  EXPECT_EQ(Report(Need("ransomware insurance", "ida")).name(), gaps.gaps(0).name());
  Advance(usage::kSearchPatience - absl::Microseconds(1));
  EXPECT_EQ(Gaps("state = GAP_STATE_OPEN").gaps_size(), 2);
  Advance(absl::Microseconds(1));
  EXPECT_THAT(Needs("state = GAP_STATE_OPEN"), ElementsAre("ransomware insurances"));
  EXPECT_EQ(EventsOf(Event::kGapClosed).size(), 1u);
}

// The topic is kept for ever: no event holds what somebody typed.
TEST_P(GapsTest, WhatWasTypedStaysInTheStore) {
  const v1::Asset asset = Published("Pricing of insurances");
  Settle();
  // Something of it is there, so that it is none.
  Search("what about Erika Mustermann's insurance pricing?");
  Search("what about Erika Mustermann?");
  Settle();
  const auto missed = EventsOf(Event::kSearchMissed);
  ASSERT_EQ(missed.size(), 1u);
  EXPECT_THAT(missed[0].search_missed().known_terms(), IsEmpty());
  EXPECT_EQ(missed[0].search_missed().unknown_terms(), 2);
  const v1::Gap searched = Gaps().gaps(0);
  EXPECT_EQ(searched.name(), missed[0].key());
  EXPECT_EQ(searched.need(), "what about Erika Mustermann?");

  v1::AnswerGapRequest decline;
  decline.set_name(Report(Need("what Erika Mustermann asked for")).name());
  decline.mutable_decline()->set_reason("Mustermann left");
  ASSERT_TRUE(Answer(decline).ok());
  v1::RetireAssetRequest retire;
  retire.set_name(asset.name());
  retire.set_reason("as Mustermann said");
  ASSERT_TRUE(Call<v1::RetireAssetResponse>("RetireAsset", retire).ok());
  EXPECT_EQ(Get(asset.name())->reason(), "as Mustermann said");

  const v1::Asset draft = Create(Letter("Draft"));
  v1::SubmitForReviewRequest submit;
  submit.set_name(draft.name());
  ASSERT_TRUE(Call<v1::SubmitForReviewResponse>("SubmitForReview", submit).ok());
  v1::ApproveAssetRequest refuse;
  refuse.set_name(draft.name());
  refuse.set_refusal("ask Mustermann first");
  ASSERT_TRUE(Call<v1::ApproveAssetResponse>("ApproveAsset", refuse).ok());
  EXPECT_EQ(Get(draft.name())->reason(), "ask Mustermann first");
  ASSERT_TRUE(Call<v1::SubmitForReviewResponse>("SubmitForReview", submit).ok());
  EXPECT_EQ(Get(draft.name())->reason(), "");

  Settle();
  for (const events::Record& record : harness_.ReadTopic(outbox::TopicName<v1::CatalogEvent>())) {
    std::string bytes = Lower(record.key + record.value);
    for (const auto& [name, value] : record.headers) bytes += Lower(value);
    EXPECT_EQ(bytes.find("mustermann"), std::string::npos);
    EXPECT_EQ(bytes.find("erika"), std::string::npos);
  }
}

TEST_P(GapsTest, TheWordsOfAClosedGapAreErasedAfterNinetyDays) {
  const v1::Gap open = Report(Need("an open need"));
  v1::AnswerGapRequest decline;
  decline.set_name(Report(Need("a declined need")).name());
  decline.mutable_decline()->set_reason("no");
  ASSERT_TRUE(Answer(decline).ok());
  const v1::Asset asset = Published("Letter");
  const v1::Gap used = Report(Need("a need that is met"));
  ASSERT_TRUE(Answer(Accept(used.name())).ok());
  ASSERT_TRUE(Answer(Ship(used.name(), asset.name())).ok());
  // It is reported late: the time of the report counts.
  v1::RecordUseRequest use = UseOf(Token(asset.name()));
  *use.mutable_use_time() = rpc::ToTimestamp(harness_.clock().Now() - absl::Hours(24 * 300));
  Record(use);
  const std::string words = "state != GAP_STATE_OPEN";
  EXPECT_TRUE(Gaps(words).gaps(0).has_close_time());

  Advance(usage::kWordsKept - absl::Microseconds(1));
  EXPECT_THAT(Needs(words), ::testing::UnorderedElementsAre("a declined need", "a need that is met"));
  Advance(absl::Microseconds(1));
  EXPECT_THAT(Needs(words), ElementsAre("", ""));
  const v1::ListGapsResponse closed = Gaps(words);
  for (const v1::Gap& gap : closed.gaps()) EXPECT_EQ(gap.reason(), "");
  EXPECT_THAT(Needs("state = GAP_STATE_OPEN"), ElementsAre("an open need"));
  // Asked for again, it stays without words.
  EXPECT_EQ(Report(Need("a declined need", "ida")).need(), "");
  EXPECT_FALSE(open.has_close_time());
}

// As a program from before the column writes it during an upgrade.
TEST_P(GapsTest, AClosedGapWithoutCloseTimeIsErasedNinetyDaysAfterItIsSeen) {
  v1::AnswerGapRequest decline;
  decline.set_name(Report(Need("a declined need")).name());
  decline.mutable_decline()->set_reason("no");
  ASSERT_TRUE(Answer(decline).ok());
  Execute("UPDATE gaps SET close_time = NULL");
  Advance(absl::Hours(1));
  EXPECT_THAT(Needs(), ElementsAre("a declined need"));
  EXPECT_TRUE(Gaps().gaps(0).has_close_time());
  Advance(usage::kWordsKept);
  EXPECT_THAT(Needs(), ElementsAre(""));
}

TEST_P(GapsTest, OpenGapsAreBounded) {
  Report(Need("first"));
  std::vector<storage::Row> rows;
  for (int i = 0; i < usage::kMaxOpenGaps - 2; ++i) rows.push_back(storage::Row({"g" + std::to_string(i)}));
  constexpr char kCopy[] =
      "INSERT INTO gaps (id, seq, revision, need, situation, competitor, persona, kind, origin, state, "
      "asked, askers, asset, reason, create_time, ask_time) SELECT r.id, seq, revision, 'other', situation, "
      "competitor, persona, kind, origin, state, asked, askers, asset, reason, create_time, ask_time "
      "FROM {rows: id TEXT} AS r JOIN gaps ON gaps.need = 'first'";
  const absl::Status copied = harness_.database().Transact(
      {.deadline = harness_.clock().Steady() + absl::Seconds(30)},
      [&](storage::Transaction& transaction) { return transaction.ExecuteMany(kCopy, rows).status(); });
  ASSERT_TRUE(copied.ok()) << copied;
  Report(Need("last"));
  const auto refused = [&] {
    return rpc::ReasonOf(UsageTest::Ask<v1::Gap>("ReportGap", Need("one too many")).status());
  };
  EXPECT_EQ(refused(), "TOO_MANY_GAPS");
  EXPECT_EQ(Report(Need("last", "ida")).count(), 2) << "one that is known is counted";
  for (const std::string& lead : {LeadName("1"), LeadName("2"), LeadName("3")}) {
    EXPECT_EQ(RecordOwn(Words(1'000, 40), lead).gap(), "") << lead;
  }
  Execute("UPDATE gaps SET state = 5 WHERE id = 'g0'");
  EXPECT_NE(RecordOwn(Words(1'000, 40), LeadName("4")).gap(), "");
  EXPECT_EQ(refused(), "TOO_MANY_GAPS");
}

TEST_P(GapsTest, OpenGapsOfSearchesAreBounded) {
  usage::MissedSearches missed(harness_.database(), &KnowsNone, harness_.clock(), harness_.rng(), log_);
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
  usage::MissedSearches missed(harness_.database(), &KnowsNone, harness_.clock(), harness_.rng(), log_);
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
