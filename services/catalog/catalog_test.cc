#include "services/catalog/catalog_fixture.h"

#include <gmock/gmock.h>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "libs/app/deployment.h"
#include "libs/app/settings.h"
#include "libs/outbox/ledger.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/logs.h"
#include "libs/testing/temporary_folder.h"
#include "services/catalog/wiring.h"

namespace finalmile::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Event = v1::CatalogEvent;

TEST_F(CatalogTest, AnAssetGoesFromDraftToRetirementWithItsEvents) {
  const v1::Asset created = Create(Letter("First touch"));
  EXPECT_EQ(created.name(), "assets/first-touch");
  EXPECT_EQ(created.version(), 1);
  EXPECT_EQ(created.published_version(), 0);
  EXPECT_EQ(created.state(), v1::ASSET_STATE_DRAFT);
  EXPECT_EQ(created.tags().language(), "en");

  v1::PublishAssetRequest publish;
  publish.set_name(created.name());
  EXPECT_EQ(rpc::ReasonOf(Call<v1::PublishAssetResponse>("PublishAsset", publish).status()),
            "REVIEW_MISSING");

  v1::SubmitForReviewRequest submit;
  submit.set_name(created.name());
  submit.set_etag(created.etag());
  auto submitted = Call<v1::SubmitForReviewResponse>("SubmitForReview", submit);
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->asset().state(), v1::ASSET_STATE_IN_REVIEW);
  EXPECT_EQ(rpc::ReasonOf(Call<v1::SubmitForReviewResponse>("SubmitForReview", submit).status()),
            "ETAG_MISMATCH");

  v1::ApproveAssetRequest approve;
  approve.set_name(created.name());
  auto approved = Call<v1::ApproveAssetResponse>("ApproveAsset", approve);
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(approved->asset().reviewer(), "tester");

  auto published = Call<v1::PublishAssetResponse>("PublishAsset", publish);
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->asset().state(), v1::ASSET_STATE_PUBLISHED);
  EXPECT_EQ(published->asset().published_version(), 1);
  EXPECT_EQ(published->asset().reviewer(), "tester");

  v1::Asset change = published->asset();
  change.set_title("First touch, shorter");
  const auto updated = Update(change, "title");
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->version(), 2);
  EXPECT_EQ(updated->state(), v1::ASSET_STATE_DRAFT);
  const auto shown = Get(created.name());
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->version(), 1);
  EXPECT_EQ(shown->title(), "First touch");
  EXPECT_EQ(shown->latest_version(), 2);
  EXPECT_EQ(shown->reviewer(), "tester");

  EXPECT_EQ(Publish(created.name()).version(), 2);
  Retire(created.name());
  EXPECT_EQ(Get(created.name())->state(), v1::ASSET_STATE_RETIRED);
  v1::ListAssetVersionsRequest list;
  list.set_parent(created.name());
  const auto versions = Call<v1::ListAssetVersionsResponse>("ListAssetVersions", list);
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ(versions->versions_size(), 2);
  EXPECT_EQ(versions->versions(0).version(), 2);
  EXPECT_EQ(versions->versions(1).state(), v1::ASSET_STATE_RETIRED);
  EXPECT_TRUE(versions->versions(0).body().empty());
  EXPECT_FALSE(versions->versions(0).has_email_template());

  harness_.Settle();
  EXPECT_THAT(EventCases(),
              ElementsAre(Event::kAssetVersioned, Event::kAssetPublished, Event::kAssetVersioned,
                          Event::kAssetPublished, Event::kAssetRetired));
  const std::vector<Event> events = Events();
  EXPECT_EQ(events[3].asset_published().previous_version(), 1);
  EXPECT_EQ(events[3].asset_published().reviewer(), "tom");
  EXPECT_EQ(events[4].revision(), Get(created.name())->revision());
}

TEST_F(CatalogTest, AnIdIsMadeFromTheTitleAndTaken) {
  EXPECT_EQ(Create(Letter("Über: first touch!")).name(), "assets/ber-first-touch");
  const std::string second = Create(Letter("Über: first touch!")).name();
  EXPECT_THAT(second, ::testing::StartsWith("assets/ber-first-touch-"));
  EXPECT_EQ(Create(Letter("今日"), "today").name(), "assets/today");
  EXPECT_THAT(Create(Letter("今日")).name(), ::testing::StartsWith("assets/asset-"));
  v1::CreateAssetRequest request;
  *request.mutable_asset() = Letter("Other");
  request.set_asset_id("today");
  EXPECT_EQ(rpc::ReasonOf(Call<v1::Asset>("CreateAsset", request).status()), "ASSET_EXISTS");
  request.set_asset_id("To day");
  EXPECT_EQ(rpc::ViolationsOf(Call<v1::Asset>("CreateAsset", request).status())[0].field(), "asset_id");
}

TEST_F(CatalogTest, WhatCannotBeStoredIsRefusedWithEveryField) {
  v1::CreateAssetRequest request;
  *request.mutable_asset() = Letter(std::string(201, 'x'));
  request.mutable_asset()->set_owner("mia@example.com");
  const auto violations = rpc::ViolationsOf(Call<v1::Asset>("CreateAsset", request).status());
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_EQ(violations[0].field(), "asset.title");
  EXPECT_EQ(violations[1].field(), "asset.owner");
  *request.mutable_asset() = Letter(std::string(200, 'x'));
  EXPECT_TRUE(Call<v1::Asset>("CreateAsset", request).ok());
}

TEST_F(CatalogTest, ADraftThatLacksFieldsListsThemAndIsNotSubmitted) {
  v1::Asset card;
  card.set_kind(v1::ASSET_KIND_BATTLE_CARD);
  card.set_title("Acme");
  card.set_owner("mia");
  card.set_body("What they say.");
  const v1::Asset created = Create(card);
  ASSERT_EQ(created.missing_size(), 2);
  EXPECT_THAT(created.missing(0), HasSubstr("battle_card.competitor"));
  v1::SubmitForReviewRequest submit;
  submit.set_name(created.name());
  const auto refused = Call<v1::SubmitForReviewResponse>("SubmitForReview", submit);
  EXPECT_EQ(rpc::ReasonOf(refused.status()), "ASSET_INCOMPLETE");
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("battle_card.claims"));
}

TEST_F(CatalogTest, UpdatesMindEtagMaskAndAbsence) {
  const v1::Asset created = Create(Letter("First touch"));
  v1::Asset change;
  change.set_name(created.name());
  change.set_summary("For the first mail");
  change.set_etag("other");
  EXPECT_EQ(rpc::ReasonOf(Update(change, "summary").status()), "ETAG_MISMATCH");
  change.set_etag(created.etag());
  EXPECT_EQ(rpc::ViolationsOf(Update(change, "kind").status()).size(), 1u);
  auto updated = Update(change, "");
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->summary(), "For the first mail");
  EXPECT_EQ(updated->title(), "First touch");
  EXPECT_EQ(updated->email_template().subject(), "{{topic}}");
  EXPECT_NE(updated->etag(), created.etag());
  // The same again is no new version.
  updated = Update(*updated, "*");
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->version(), 2);
  change.set_name("assets/nobody");
  EXPECT_EQ(rpc::ReasonOf(Update(change, "summary").status()), "ASSET_NOT_FOUND");
  EXPECT_EQ(rpc::ReasonOf(Get("assets/nobody").status()), "ASSET_NOT_FOUND");
  EXPECT_EQ(rpc::ReasonOf(Get(created.name(), 3).status()), "ASSET_NOT_FOUND");
  EXPECT_EQ(Get(created.name(), 1)->summary(), "");
}

TEST_F(CatalogTest, WhatThisProcessWroteIsReadAtOnce) {
  v1::Asset asset = Create(Letter("First touch"));
  EXPECT_EQ(rpc::ReasonOf(Get("assets/later").status()), "ASSET_NOT_FOUND");
  Create(Letter("Later"));
  EXPECT_TRUE(Get("assets/later").ok());
  for (int i = 0; i < 20; ++i) {
    asset.set_summary("version " + std::to_string(i));
    const auto updated = Update(asset, "summary");
    ASSERT_TRUE(updated.ok()) << updated.status();
    asset = *updated;
    EXPECT_EQ(Get(asset.name())->summary(), asset.summary());
    EXPECT_EQ(Get(asset.name(), asset.version())->revision(), asset.revision());
    EXPECT_EQ(Get(asset.name(), 1)->latest_version(), asset.version());
    EXPECT_TRUE(Get(asset.name(), 0, asset.revision()).ok());
  }
  EXPECT_EQ(Get(asset.name(), 0, asset.revision() + 1).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(CatalogTest, ARequestIdTakesEffectOnce) {
  v1::CreateAssetRequest request;
  *request.mutable_asset() = Letter("First touch");
  request.set_request_id("r-1");
  const auto first = Call<v1::Asset>("CreateAsset", request);
  const auto second = Call<v1::Asset>("CreateAsset", request);
  ASSERT_TRUE(first.ok() && second.ok()) << second.status();
  EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString());
  request.mutable_asset()->set_title("Other");
  EXPECT_EQ(rpc::ReasonOf(Call<v1::Asset>("CreateAsset", request).status()), "REQUEST_ID_REUSED");
  harness_.Settle();
  EXPECT_EQ(Events().size(), 1u);
}

TEST_F(CatalogTest, ALargeReplyIsRepeatedForAnHourAndRefusedByNameAfterwards) {
  v1::CreateAssetRequest request;
  *request.mutable_asset() = Letter("First touch");
  request.mutable_asset()->set_body(std::string(outbox::kLargeReply, 'x'));
  request.set_request_id("r-1");
  const auto first = Call<v1::Asset>("CreateAsset", request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Call<v1::Asset>("CreateAsset", request)->SerializeAsString(), first->SerializeAsString());
  harness_.clock().Advance(outbox::kLargeReplyLifetime + absl::Minutes(10));
  harness_.Settle();
  const auto late = Call<v1::Asset>("CreateAsset", request);
  EXPECT_EQ(late.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(rpc::ReasonOf(late.status()), "REPLY_AGED_OUT");
  EXPECT_EQ(Events().size(), 1u);
}

TEST(CatalogIndex, ASecondReplicaOnOneMachineIsToldToKeepAnIndexOfItsOwn) {
  const testing::TemporaryFolder folder;
  const auto clock = NewSystemClock();
  const auto rng = NewSeededRng(1);
  testing::CapturingLog log;
  telemetry::Metrics metrics;
  const auto database = storage::Open("sqlite:" + folder.path() + "/store.db", *clock, {});
  ASSERT_TRUE(database.ok()) << database.status();
  ASSERT_TRUE(app::MigrateStore(kModule, **database, *clock).ok());
  const auto events = events::Open("local:" + folder.path() + "/events.db", *clock);
  ASSERT_TRUE(events.ok()) << events.status();
  const auto build = [&](const std::string& data) {
    const auto config = config::Load(app::SchemaFor({&kModule}), {{"data", data}}, {});
    EXPECT_TRUE(config.ok()) << config.status();
    return app::Assembly::Build(kModule, *config, {*clock, *rng, **database, **events, log, metrics});
  };
  const auto first = build(folder.path());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(
      std::string(build(folder.path()).status().message()),
      HasSubstr("every replica on a machine keeps an index of its own: give this one another --data or "
                "--catalog-index"));
  EXPECT_TRUE(build(folder.path() + "/second").ok());
}

TEST_F(CatalogTest, OfWhatACallerSendsBesideItsRequestOnlyAWellFormedTraceReachesEvents) {
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  int made = 0;
  for (const std::string& sent :
       {good, "ann@example.com " + std::string(2'000, 'x'), good + "-ann@example.com"}) {
    v1::CreateAssetRequest request;
    *request.mutable_asset() = Letter("Letter " + std::to_string(++made));
    ASSERT_TRUE(
        harness_.channel()
            .Call<v1::Asset>(std::string(kService) + "CreateAsset", request,
                             {.metadata = {{"traceparent", sent}, {"tracestate", "by=ann@example.com"}}})
            .ok());
  }
  harness_.Settle();
  std::vector<std::string> traces;
  for (const events::Record& record : harness_.ReadTopic(outbox::TopicName<v1::CatalogEvent>())) {
    EXPECT_EQ(record.value.find("ann@"), std::string::npos);
    for (const auto& [name, value] : record.headers) {
      EXPECT_EQ(value.find("ann@"), std::string::npos) << name;
      if (name == "traceparent") traces.push_back(value);
    }
  }
  EXPECT_THAT(traces, ElementsAre(good));
}

TEST_F(CatalogTest, TimeBringsReviewAndExpiry) {
  const v1::Asset created = Create(Letter("First touch"));
  const absl::Time begin = harness_.clock().Now();
  v1::PublishAssetRequest publish;
  publish.set_name(created.name());
  publish.set_reviewer("tom");
  *publish.mutable_review_time() = rpc::ToTimestamp(begin + absl::Hours(24));
  *publish.mutable_expire_time() = rpc::ToTimestamp(begin + absl::Hours(24 * 30));
  ASSERT_TRUE(Call<v1::PublishAssetResponse>("PublishAsset", publish).ok());
  harness_.Settle();
  harness_.clock().Advance(absl::Hours(24) - absl::Seconds(1));
  harness_.Settle();
  EXPECT_EQ(Events().size(), 2u);
  harness_.clock().Advance(absl::Seconds(1));
  harness_.Settle();
  EXPECT_EQ(EventCases().back(), Event::kAssetReviewDue);
  harness_.clock().Advance(absl::Hours(24 * 14));
  harness_.Settle();
  EXPECT_EQ(EventCases().back(), Event::kReviewOverdue);
  EXPECT_EQ(Events().back().review_overdue().owner(), "mia");
  EXPECT_EQ(Get(created.name())->state(), v1::ASSET_STATE_PUBLISHED);
  harness_.clock().Advance(absl::Hours(24 * 15));
  harness_.Settle();
  EXPECT_EQ(EventCases().back(), Event::kAssetExpired);
  EXPECT_EQ(Get(created.name())->state(), v1::ASSET_STATE_EXPIRED);
  harness_.Settle();
  EXPECT_EQ(Events().size(), 5u);
}

}  // namespace
}  // namespace finalmile::catalog
