#include "services/catalog/usage_fixture.h"

#include <thread>

#include "libs/rpc/timestamps.h"

namespace finalmile::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(Engines, UsageTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(UsageTest, AUseIsCountedAndToldAndLeavesTheAssetAsItWas) {
  const v1::Asset asset = Published("First touch");
  v1::RecordUseRequest request = UseOf(Token(asset.name()));
  TellGradeAndStage(LeadName("1"), "A2", leads::v1::STAGE_MEETING_SET);
  // What callers said before the lead's events were heard is ignored.
  for (const char* ignored : {"grade", "stage"}) {
    request.GetReflection()->SetString(&request, request.GetDescriptor()->FindFieldByName(ignored), "?");
  }
  request.set_request_id("u-1");
  const v1::Use use = Record(request);
  EXPECT_EQ(use.asset(), asset.name());
  EXPECT_EQ(use.version(), 1);
  EXPECT_EQ(use.match(), v1::Use::MATCH_TOKEN);
  EXPECT_THAT(use.misuses(), IsEmpty());
  // Again under the same id: the same use.
  EXPECT_EQ(Record(request).SerializeAsString(), use.SerializeAsString());
  EXPECT_EQ(Performance(asset.name()).used(), 1);
  EXPECT_EQ(Get(asset.name())->revision(), asset.revision());
  const auto told = EventsOf(Event::kAssetUsed);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].key(), asset.name());
  EXPECT_EQ(told[0].revision(), 0);
  EXPECT_EQ(told[0].asset_used().grade(), "A2");
  EXPECT_EQ(told[0].asset_used().stage(), "discovery");
  EXPECT_EQ(told[0].asset_used().lead(), LeadName("1"));
  // The asset's own events go on counting behind it.
  Retire(asset.name());
  EXPECT_EQ(EventsOf(Event::kAssetRetired)[0].seq(), 4);
}

TEST_P(UsageTest, ATokenIsGoodForThirtyDays) {
  const v1::Asset asset = Published("First touch");
  const std::string token = Token(asset.name());
  harness_.clock().Advance(absl::Hours(24 * 30 - 1));
  Record(UseOf(token));
  harness_.clock().Advance(absl::Hours(1));
  Record(UseOf(token));
  harness_.clock().Advance(absl::Microseconds(1));
  EXPECT_EQ(RefusedField(UseOf(token)), "use_token");
  EXPECT_EQ(RefusedField(UseOf(token + "x")), "use_token");
  EXPECT_EQ(Performance(asset.name()).used(), 2);
}

TEST_P(UsageTest, ATokenIsForItsLead) {
  const v1::Asset asset = Published("First touch");
  v1::RecordUseRequest request = UseOf(Token(asset.name(), LeadName("7")));
  EXPECT_EQ(RefusedField(request), "lead");
  request.clear_lead();
  EXPECT_EQ(Record(request).lead(), LeadName("7"));
  request.set_use_token(Token(asset.name(), ""));
  EXPECT_EQ(RefusedField(request), "lead");
  request.set_lead(LeadName("8"));
  EXPECT_EQ(Record(request).lead(), LeadName("8"));
}

TEST_P(UsageTest, WhatCannotBeAUseIsRefusedByField) {
  const std::string token = Token(Published("First touch").name());
  v1::RecordUseRequest request = UseOf("", "");
  EXPECT_EQ(RefusedField(request), "use_token");
  request = UseOf(token);
  request.set_rep("ida@example.com");
  EXPECT_EQ(RefusedField(request), "rep");
  request.set_rep(std::string(65, 'i'));
  EXPECT_EQ(RefusedField(request), "rep");
  request.set_rep(std::string(64, 'i'));
  Record(request);
  request.set_channel("pigeon");
  EXPECT_EQ(RefusedField(request), "channel");
  request = UseOf(token);
  request.set_lead("ann@example.com");
  EXPECT_EQ(RefusedField(request), "lead");
  request = UseOf(token);
  request.set_situation(std::string(65, 's'));
  EXPECT_EQ(RefusedField(request), "situation");
  request.set_situation(std::string(64, 's'));
  Record(request);
  constexpr size_t kMost = 256 << 10;
  for (const size_t size : {kMost - 1, kMost}) Record(UseOf(token, std::string(size, 'x')));
  EXPECT_EQ(RefusedField(UseOf(token, std::string(kMost + 1, 'x'))), "final_text");

  const absl::Time now = harness_.clock().Now();
  const auto at = [&](absl::Duration offset) {
    v1::RecordUseRequest use = UseOf(token);
    *use.mutable_use_time() = rpc::ToTimestamp(now + offset);
    return use;
  };
  constexpr absl::Duration kPast = absl::Hours(24 * 400);
  Record(at(absl::Minutes(10)));
  EXPECT_EQ(RefusedField(at(absl::Minutes(10) + absl::Microseconds(1))), "use_time");
  Record(at(-kPast));
  EXPECT_EQ(RefusedField(at(-kPast - absl::Microseconds(1))), "use_time");
}

TEST_P(UsageTest, ASketchDecidesWhatWasUsed) {
  const v1::Asset letter = Published("Letter", 1);
  Published("Other", 100);
  const auto sent = [&](const std::string& text) { return Record(UseOf("", text)); };

  const v1::Use copy = sent("Hi Ann at Acme, " + Words(1, 40) + " Best, Ida");
  EXPECT_EQ(copy.asset(), letter.name());
  EXPECT_EQ(copy.match(), v1::Use::MATCH_NEAR_COPY);
  EXPECT_EQ(copy.similarity(), 1);

  // 80 % of the letter.
  const v1::Use edited = sent("Dear Bob, " + Words(1, 32) + Words(500, 60));
  EXPECT_EQ(edited.asset(), letter.name());
  EXPECT_EQ(edited.match(), v1::Use::MATCH_EDITED);
  EXPECT_NEAR(edited.similarity(), 0.8, 0.02);
  EXPECT_THAT(edited.misuses(), IsEmpty());
  EXPECT_EQ(Performance(letter.name()).used(), 2);

  const v1::Use none = RecordOwn(Words(900, 30));
  EXPECT_EQ(none.asset(), "");
  EXPECT_EQ(none.match(), v1::Use::MATCH_NONE);
  EXPECT_EQ(none.gap(), "");
  for (const Event& event : Events()) EXPECT_EQ(event.DebugString().find("word9"), std::string::npos);
}

// What somebody writes once is no gap, however often to the same lead.
TEST_P(UsageTest, OwnWordsAreAGapOnceTheyWentToThreeLeads) {
  const std::string situation = "new head of sales";
  const std::string text = Words(900, 30);
  EXPECT_EQ(RecordOwn(text, LeadName("1"), situation).gap(), "");
  EXPECT_EQ(RecordOwn(text, LeadName("1"), situation).gap(), "");
  EXPECT_EQ(RecordOwn(text, LeadName("2"), situation).gap(), "");
  EXPECT_THAT(EventsOf(Event::kRepMaterialFound), IsEmpty());
  // Others say other things, or nearly nothing.
  EXPECT_EQ(RecordOwn(Words(2'000, 30), LeadName("3"), situation).gap(), "");
  for (const std::string& lead : {LeadName("1"), LeadName("2"), LeadName("3")}) {
    EXPECT_EQ(RecordOwn(Words(3'000, 6), lead, situation).gap(), "");
  }
  // 28 phrases here and there; with 19 in both it is half of all, with 18 less.
  EXPECT_EQ(RecordOwn(Words(910, 20) + Words(5'000, 10), LeadName("3"), situation).gap(), "");
  const v1::Use third = RecordOwn(Words(909, 21) + Words(6'000, 9), LeadName("3"), situation);
  EXPECT_NE(third.gap(), "");
  EXPECT_EQ(RecordOwn(text, LeadName("4"), situation).gap(), third.gap());

  const v1::ListGapsResponse gaps = Gaps();
  ASSERT_EQ(gaps.gaps_size(), 1);
  EXPECT_EQ(gaps.gaps(0).name(), third.gap());
  EXPECT_EQ(gaps.gaps(0).situation(), situation);
  EXPECT_EQ(gaps.gaps(0).origin(), v1::Gap::ORIGIN_REP_MATERIAL);
  EXPECT_EQ(gaps.gaps(0).count(), 5) << "those before it count, too";
  EXPECT_THAT(gaps.gaps(0).askers(), ElementsAre("ida"));
  EXPECT_EQ(EventsOf(Event::kRepMaterialFound).size(), 2u);
  EXPECT_EQ(EventsOf(Event::kGapOpened).size(), 1u);
  // After ninety days the sketches are gone.
  Advance(absl::Hours(24 * 90));
  EXPECT_GT(CountRows("own_texts"), 0);
  Advance(absl::Microseconds(1));
  EXPECT_EQ(CountRows("own_texts"), 0);
  EXPECT_EQ(CountRows("own_text_hashes"), 0);
}

TEST_P(UsageTest, OnlyWhatTheSenderWroteIsRead) {
  const v1::Asset letter = Published("Letter", 1);
  // An answer that quotes our letter is no use of it.
  const std::string quoted =
      "On Mon, 2 Mar 2026 at 10:01, Ida <ida@example.com> wrote:\n> Hi {{first_name}},\n> " + Words(1, 40) +
      "\n";
  EXPECT_EQ(RecordOwn("Yes, Tuesday at ten suits us well, see you then.\n" + quoted).asset(), "");
  // Nor does what it quotes hide what was sent, or leave a field unfilled.
  v1::RecordUseRequest request = UseOf("", Words(1, 40) + "\nBest regards,\nIda\n" + quoted);
  const v1::Use use = Record(request);
  EXPECT_EQ(use.asset(), letter.name());
  EXPECT_EQ(use.match(), v1::Use::MATCH_NEAR_COPY);
  EXPECT_THAT(use.misuses(), IsEmpty());
  // The same signature does not make messages alike.
  const std::string signature = "\nBest regards,\nIda\n" + Words(7'000, 60);
  for (const std::string& lead : {LeadName("1"), LeadName("2"), LeadName("3")}) {
    const int first = 8'000 + 100 * lead[6];
    EXPECT_EQ(RecordOwn(Words(first, 12) + signature, lead).gap(), "") << lead;
  }
}

TEST_P(UsageTest, OneMessageIsOneUse) {
  const v1::Asset letter = Published("Letter", 1);
  v1::RecordUseRequest request = UseOf(Token(letter.name()));
  request.set_message_id("<CAF4-x@mail.example.com>");
  request.set_request_id("by-hand");
  const v1::Use use = Record(request);
  // The mail gateway sends the same message, with its text and without brackets.
  v1::RecordUseRequest gateway = UseOf("", Words(900, 30));
  gateway.set_message_id("CAF4-x@mail.example.com");
  gateway.set_rep("gateway");
  EXPECT_EQ(Record(gateway).SerializeAsString(), use.SerializeAsString());
  EXPECT_EQ(Performance(letter.name()).used(), 1);
  EXPECT_EQ(EventsOf(Event::kAssetUsed).size(), 1u);
  // To another lead, or another message.
  gateway.set_lead(LeadName("2"));
  EXPECT_NE(Record(gateway).name(), use.name());
  gateway.set_lead(LeadName("1"));
  gateway.set_message_id("CAF5-x@mail.example.com");
  EXPECT_NE(Record(gateway).name(), use.name());
  gateway.clear_message_id();
  EXPECT_NE(Record(gateway).name(), Record(gateway).name());
  for (const size_t size : {size_t{997}, size_t{998}}) {
    gateway.set_message_id(std::string(size, 'x'));
    Record(gateway);
  }
  gateway.set_message_id(std::string(999, 'x'));
  EXPECT_EQ(RefusedField(gateway), "message_id");
  EXPECT_EQ(CountRows("uses", "message LIKE '%CAF%'"), 0);
}

TEST_P(UsageTest, BeyondRecognitionIsUnderThreeTenthsOfWhatTheTokenNames) {
  const v1::Asset letter = Published("Letter", 1);
  // The letter has 38 phrases beside what its fields break.
  const auto kept = [&](int words) {
    return Record(UseOf(Token(letter.name()), Words(1, words) + Words(500, 40)));
  };
  EXPECT_THAT(kept(14).misuses(), IsEmpty());
  EXPECT_NEAR(kept(14).similarity(), 12.0 / 38, 1e-9);
  EXPECT_THAT(kept(13).misuses(), ElementsAre(v1::MISUSE_EDITED));
  // Without a token it is told by half of it or more, and less is no misuse but own words.
  EXPECT_EQ(RecordOwn(Words(1, 13) + Words(500, 40)).asset(), "");
}

TEST_P(UsageTest, AnOldVersionIsRecognisedAndSaidToHaveEnded) {
  v1::Asset letter = Published("Letter", 1);
  letter.set_body("Hi {{first_name}} at {{company}}, " + Words(200, 40));
  letter.clear_etag();
  ASSERT_TRUE(Update(letter, "body").ok());
  Publish(letter.name());
  harness_.clock().Advance(absl::Hours(1));
  const v1::Use old = Record(UseOf("", Words(1, 40)));
  EXPECT_EQ(old.asset(), letter.name());
  EXPECT_EQ(old.version(), 1);
  EXPECT_THAT(old.misuses(), ElementsAre(v1::MISUSE_EXPIRED));
  EXPECT_EQ(Record(UseOf("", Words(200, 40))).version(), 2);
}

TEST_P(UsageTest, AUseThatDidNotServeSaysWhy) {
  v1::Tags tags;
  tags.add_stages("discovery");
  tags.add_personas("CFO");
  const v1::Asset asset = Published("Letter", 1, tags);
  const std::string token = Token(asset.name());
  v1::RecordUseRequest request = UseOf(token);
  request.set_persona("cfo");
  // Nothing was heard of the lead.
  EXPECT_THAT(Record(request).misuses(), IsEmpty());
  TellGradeAndStage(LeadName("1"), "A1", leads::v1::STAGE_MEETING_SET);
  EXPECT_THAT(Record(request).misuses(), IsEmpty());
  TellGradeAndStage(LeadName("1"), "A1", leads::v1::STAGE_WON);
  EXPECT_THAT(Record(request).misuses(), ElementsAre(v1::MISUSE_STAGE));
  request.set_persona("CTO");
  request.set_final_text("Hi {{first_name}}, " + Words(500, 40));
  EXPECT_THAT(Record(request).misuses(), ElementsAre(v1::MISUSE_STAGE, v1::MISUSE_AUDIENCE,
                                                     v1::MISUSE_UNFILLED_FIELD, v1::MISUSE_EDITED));
  TellGradeAndStage(LeadName("1"), "A1", leads::v1::STAGE_MEETING_SET);
  const absl::Time before = harness_.clock().Now();
  harness_.clock().Advance(absl::Hours(1));
  Retire(asset.name());
  EXPECT_THAT(Record(UseOf(token)).misuses(), ElementsAre(v1::MISUSE_EXPIRED));
  // A use that is reported late is judged by its own time.
  v1::RecordUseRequest late = UseOf(token);
  *late.mutable_use_time() = rpc::ToTimestamp(before);
  EXPECT_THAT(Record(late).misuses(), IsEmpty());
  *late.mutable_use_time() = rpc::ToTimestamp(before - absl::Hours(1));
  EXPECT_THAT(Record(late).misuses(), ElementsAre(v1::MISUSE_EXPIRED));

  EXPECT_EQ(EventsOf(Event::kAssetMisused).size(), 4u);
  v1::ListMisuseRequest list;
  list.set_page_size(2);
  std::vector<size_t> reasons;
  do {
    const auto page = Ask<v1::ListMisuseResponse>("ListMisuse", list);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->uses_size(), 2);
    for (const v1::Use& use : page->uses()) reasons.push_back(static_cast<size_t>(use.misuses_size()));
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(reasons.size(), 4u);
  EXPECT_EQ(reasons[0], 1u);
  list.set_page_size(0);
  for (const auto& [filter, count] : {std::pair{"asset = \"assets/letter\" AND rep = ida", 4},
                                      {"rep = tom", 0},
                                      {"channel = email AND use_time > \"2001-01-01T00:00:00Z\"", 4}}) {
    list.set_filter(filter);
    const auto listed = Ask<v1::ListMisuseResponse>("ListMisuse", list);
    ASSERT_TRUE(listed.ok()) << listed.status();
    EXPECT_EQ(listed->uses_size(), count) << filter;
  }
}

TEST_P(UsageTest, ViewsAndRatingsAddUp) {
  const v1::Asset asset = Published("Letter");
  v1::RecordViewRequest view;
  view.set_asset(asset.name());
  view.set_lead(LeadName("1"));
  for (const double seconds : {0.0, 30.5, 86'400.0}) {
    view.set_seconds(seconds);
    const auto viewed = Ask<v1::RecordViewResponse>("RecordView", view);
    ASSERT_TRUE(viewed.ok()) << viewed.status();
  }
  for (const double seconds : {-0.001, 86'400.5, std::numeric_limits<double>::quiet_NaN()}) {
    view.set_seconds(seconds);
    EXPECT_EQ(FieldOf(Ask<v1::RecordViewResponse>("RecordView", view).status()), "seconds");
  }
  v1::RateAssetRequest rate;
  rate.set_asset(asset.name());
  for (const int rating : {1, 5, 5}) {
    rate.set_rating(rating);
    const auto rated = Ask<v1::RateAssetResponse>("RateAsset", rate);
    ASSERT_TRUE(rated.ok()) << rated.status();
  }
  for (const int rating : {0, 6}) {
    rate.set_rating(rating);
    EXPECT_EQ(FieldOf(Ask<v1::RateAssetResponse>("RateAsset", rate).status()), "rating");
  }
  const v1::AssetPerformance performance = Performance(asset.name());
  EXPECT_EQ(performance.viewed(), 3);
  EXPECT_EQ(performance.viewed_time().seconds(), 86'430);
  EXPECT_EQ(performance.rating(), 5);
  EXPECT_EQ(performance.ratings(), 1);
  EXPECT_EQ(EventsOf(Event::kAssetViewed).size(), 3u);
  EXPECT_EQ(EventsOf(Event::kAssetRated).size(), 2u);

  rate.set_rating(3);
  rate.set_version(2);
  EXPECT_EQ(rpc::ReasonOf(Ask<v1::RateAssetResponse>("RateAsset", rate).status()), "ASSET_NOT_FOUND");
  rate.set_version(0);
  rate.set_asset(Create(Letter("Draft")).name());
  EXPECT_EQ(rpc::ReasonOf(Ask<v1::RateAssetResponse>("RateAsset", rate).status()), "ASSET_NOT_PUBLISHED");
  rate.set_asset("assets/nobody");
  EXPECT_EQ(rpc::ReasonOf(Ask<v1::RateAssetResponse>("RateAsset", rate).status()), "ASSET_NOT_FOUND");
}

TEST_P(UsageTest, UsesAtTheSameTimeLoseNoEvent) {
  const v1::Asset asset = Published("Letter");
  const std::string token = Token(asset.name());
  constexpr int kEach = 20;
  std::vector<absl::Status> results[2];
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&, token] {
      for (int i = 0; i < kEach; ++i) {
        result.push_back(Ask<v1::RecordUseResponse>("RecordUse", UseOf(token)).status());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) {
    for (const absl::Status& status : result) EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(Performance(asset.name()).used(), 2 * kEach);
  // Events() fails on a hole in the order.
  EXPECT_EQ(EventsOf(Event::kAssetUsed).size(), static_cast<size_t>(2 * kEach));
}

TEST_P(UsageTest, ATokenOfAnOlderReleaseIsHonoured) {
  const v1::Asset asset = Published("Letter");
  const std::string token = Token(asset.name());
  // The store as that release left it: the key of the token is in signing_keys alone.
  UndoFiguresByMaturity();
  Execute("INSERT INTO signing_keys SELECT name, secret, create_time FROM secrets WHERE name = 'use_token'");
  Execute("DELETE FROM secrets WHERE name = 'use_token'");
  Execute("DELETE FROM schema_migrations WHERE component = 'catalog' AND version = 5");
  harness_.Restart();
  const v1::Use use = Record(UseOf(token));
  EXPECT_EQ(use.asset(), asset.name());
  EXPECT_EQ(use.match(), v1::Use::MATCH_TOKEN);
  // Its tags are written by the rules of today.
  EXPECT_EQ(CountRows("assets", "tags_revision = revision"), 0);
  Settle();
  EXPECT_EQ(CountRows("assets", "tags_revision = revision"), 1);
}

}  // namespace
}  // namespace finalmile::catalog
