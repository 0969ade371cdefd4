#include <gmock/gmock.h>

#include <set>

#include "libs/rpc/timestamps.h"
#include "services/catalog/catalog_fixture.h"

namespace finalmile::catalog {
namespace {

using ::testing::HasSubstr;

class SearchTest : public CatalogTest {
 protected:
  static v1::Asset Tagged(const std::string& title, const std::string& stage, const std::string& product) {
    v1::Asset asset = Letter(title);
    asset.mutable_tags()->add_stages(stage);
    asset.mutable_tags()->add_products(product);
    return asset;
  }

  std::vector<std::string> List(const std::string& filter, int page_size = 0) {
    v1::ListAssetsRequest request;
    request.set_filter(filter);
    request.set_page_size(page_size);
    std::vector<std::string> names;
    do {
      const auto listed = Call<v1::ListAssetsResponse>("ListAssets", request);
      EXPECT_TRUE(listed.ok()) << listed.status();
      if (!listed.ok()) break;
      for (const v1::Asset& asset : listed->assets()) {
        EXPECT_TRUE(asset.body().empty());
        names.push_back(asset.name().substr(7));
      }
      request.set_page_token(listed->next_page_token());
    } while (!request.page_token().empty());
    return names;
  }

  absl::StatusOr<v1::RenderAssetResponse> Render(const std::string& name,
                                                 const std::map<std::string, std::string>& values,
                                                 int64_t version = 0) {
    v1::RenderAssetRequest request;
    request.set_name(name);
    request.set_version(version);
    request.set_lead(LeadName("0191"));
    for (const auto& [field, value] : values) (*request.mutable_values())[field] = value;
    return Call<v1::RenderAssetResponse>("RenderAsset", request);
  }
};

TEST_F(SearchTest, ListsFilterByWhatIsShown) {
  Create(Tagged("A", "discovery", "search"));
  Create(Tagged("B", "closing", "search"));
  Create(Tagged("C", "closing", "print"));
  Publish("assets/b");
  using ::testing::ElementsAre;
  EXPECT_THAT(List("", 2), ElementsAre("a", "b", "c"));
  EXPECT_THAT(List("product = search"), ElementsAre("a", "b"));
  EXPECT_THAT(List("product:search AND stage != closing"), ElementsAre("a"));
  EXPECT_THAT(List("state = ASSET_STATE_PUBLISHED"), ElementsAre("b"));
  EXPECT_THAT(List("kind = ASSET_KIND_DECK OR owner = tom"), ElementsAre());
  EXPECT_THAT(List("NOT situation:*"), ElementsAre("a", "b", "c"));
  // A draft behind what is published does not show.
  v1::Asset change = Tagged("B", "discovery", "print");
  change.set_name("assets/b");
  ASSERT_TRUE(Update(change, "tags").ok());
  EXPECT_THAT(List("product = print"), ElementsAre("c"));
  Publish("assets/b");
  EXPECT_THAT(List("product = print"), ElementsAre("b", "c"));
}

TEST_F(SearchTest, FieldsOfTheKindAreTags) {
  v1::Asset source = Letter("First call");
  source.clear_email_template();
  source.clear_merge_fields();
  source.set_body("Say it.");
  source.set_kind(v1::ASSET_KIND_TALK_TRACK_SOURCE);
  source.mutable_talk_track_source()->set_situation("Price Objection");
  const std::string name = Create(source).name();
  Publish(name);
  v1::Asset tagged = Tagged("Other", "closing", "Acme");
  Publish(Create(tagged).name());
  harness_.Settle();
  EXPECT_EQ(Search("call", "situation = \"price objection\"").hits_size(), 1);
  EXPECT_EQ(Search("price").hits_size(), 1);
  using ::testing::ElementsAre;
  EXPECT_THAT(List("situation = \"PRICE OBJECTION\""), ElementsAre("first-call"));
  EXPECT_THAT(List("product = acme"), ElementsAre("other"));
  EXPECT_THAT(List("product != ACME"), ElementsAre("first-call"));
  std::vector<std::string> situations;
  for (const v1::CatalogEvent& event : Events()) {
    if (event.key() != name) continue;
    for (const v1::Tags& tags : {event.asset_versioned().tags(), event.asset_published().tags()})
      situations.insert(situations.end(), tags.situations().begin(), tags.situations().end());
  }
  EXPECT_THAT(situations, ElementsAre("Price Objection", "Price Objection"));
  v1::RecommendAssetsRequest request;
  request.set_situation("price objection");
  const auto recommended = Call<v1::RecommendAssetsResponse>("RecommendAssets", request);
  ASSERT_TRUE(recommended.ok()) << recommended.status();
  ASSERT_EQ(recommended->recommendations_size(), 2);
  EXPECT_THAT(recommended->recommendations(0).reason() + recommended->recommendations(1).reason(),
              HasSubstr("has 1 of the 1 tags asked for"));
}

TEST_F(SearchTest, TagsOfAnOlderProgramAreWrittenAnew) {
  v1::Asset training = Letter("Training");
  training.clear_email_template();
  training.clear_merge_fields();
  training.set_body("Say it.");
  training.set_kind(v1::ASSET_KIND_MESSAGE_TRAINING);
  training.mutable_message_training()->set_audience("Buyers");
  training.mutable_message_training()->add_messages("It saves a week");
  training.mutable_tags()->add_products("Acme");
  const std::string name = Create(training).name();
  harness_.Settle();
  ASSERT_TRUE(
      harness_.database()
          .Transact({.deadline = harness_.clock().Steady() + absl::Seconds(10)},
                    [](storage::Transaction& transaction) -> absl::Status {
                      RETURN_IF_ERROR(transaction.Execute("UPDATE assets SET tags_revision = 0").status());
                      RETURN_IF_ERROR(
                          transaction.Execute("DELETE FROM asset_tags WHERE field = 'persona'").status());
                      return transaction.Execute("UPDATE asset_tags SET folded = ''").status();
                    })
          .ok());
  using ::testing::ElementsAre;
  EXPECT_THAT(List("product = acme"), ElementsAre());
  harness_.Restart();
  harness_.Settle();
  EXPECT_THAT(List("product = acme"), ElementsAre("training"));
  EXPECT_THAT(List("persona = buyers"), ElementsAre("training"));
  // What changes an asset without its tags keeps them.
  Publish(name);
  Retire(name);
  EXPECT_THAT(List("persona = buyers"), ElementsAre("training"));
}

TEST_F(SearchTest, SearchFindsWhatIsPublishedAndFollowsIt) {
  v1::Asset asset = Create(Tagged("Pricing objections", "closing", "search"));
  harness_.Settle();
  EXPECT_EQ(Search("pricing").hits_size(), 0);
  Publish(asset.name());
  harness_.Settle();
  const v1::SearchAssetsResponse found = Search("objection pricing");
  ASSERT_EQ(found.hits_size(), 1);
  EXPECT_EQ(found.hits(0).asset().name(), asset.name());
  EXPECT_TRUE(found.hits(0).asset().body().empty());
  EXPECT_EQ(found.total(), 1);
  EXPECT_EQ(Search("weeks").hits(0).snippet(),
            "Hi {{first_name}}, ramp-up took nine \x02weeks\x03 at {{company}}. {{topic}}");
  EXPECT_EQ(Search("pricng").corrected_query(), "pricing");
  EXPECT_EQ(Search("pricing", "product = search AND kind = ASSET_KIND_EMAIL_TEMPLATE").hits_size(), 1);
  EXPECT_EQ(Search("pricing", "product != search").hits_size(), 0);
  bool counted = false;
  for (const auto& facet : found.facets()) {
    if (facet.field() == "stage")
      counted = facet.values(0).value() == "closing" && facet.values(0).count() == 1;
  }
  EXPECT_TRUE(counted);

  asset.set_title("Discount questions");
  asset.clear_etag();
  ASSERT_TRUE(Update(asset, "title").ok());
  harness_.Settle();
  EXPECT_EQ(Search("discount").hits_size(), 0);
  Publish(asset.name());
  harness_.Settle();
  EXPECT_EQ(Search("discount").hits_size(), 1);
  EXPECT_EQ(Search("objections").hits_size(), 0);
  Retire(asset.name());
  // Even before the event has reached the index.
  EXPECT_EQ(Search("discount").hits_size(), 0);
  harness_.Settle();
  EXPECT_EQ(Search("discount").total(), 0);
}

TEST_F(SearchTest, WhatIsNotPublishedIsSearchedWhenAskedFor) {
  const auto search = [&](const std::string& query) { return Search(query, "", /*unpublished=*/true); };
  v1::Asset asset = Create(Letter("Pricing objections"));
  EXPECT_TRUE(search("pricing").filling());
  harness_.Settle();
  const v1::SearchAssetsResponse draft = search("pricng");
  EXPECT_FALSE(draft.filling());
  ASSERT_EQ(draft.hits_size(), 1);
  EXPECT_EQ(draft.total(), 1);
  EXPECT_EQ(draft.corrected_query(), "pricing");
  EXPECT_EQ(draft.hits(0).asset().state(), v1::ASSET_STATE_DRAFT);
  // Words that occur in drafts alone are not given away.
  EXPECT_EQ(Search("pricng").corrected_query(), "");

  Publish(asset.name());
  asset.set_title("Discount questions");
  asset.clear_etag();
  ASSERT_TRUE(Update(asset, "title").ok());
  harness_.Settle();
  EXPECT_EQ(Search("pricing").hits(0).asset().version(), 1);
  EXPECT_EQ(search("pricing").hits_size(), 0);
  const v1::SearchAssetsResponse newest = search("discount");
  ASSERT_EQ(newest.hits_size(), 1);
  EXPECT_EQ(newest.hits(0).asset().version(), 2);
  EXPECT_EQ(newest.hits(0).asset().state(), v1::ASSET_STATE_DRAFT);
  EXPECT_EQ(newest.hits(0).asset().published_version(), 1);
  Publish(asset.name());
  Retire(asset.name());
  harness_.Settle();
  EXPECT_EQ(Search("discount").total(), 0);
  EXPECT_EQ(search("discount").hits(0).asset().state(), v1::ASSET_STATE_RETIRED);
  harness_.Restart();
  harness_.Settle();
  EXPECT_EQ(search("discount").total(), 1);
}

TEST_F(SearchTest, OnlySomeMaySearchWhatIsNotPublished) {
  v1::SearchAssetsRequest request;
  request.set_query("pricing");
  for (const auto& [role, allowed] : {std::pair{finalmile::v1::ROLE_SETTER, false},
                                      {finalmile::v1::ROLE_HOST, false},
                                      {finalmile::v1::ROLE_MARKETER, true},
                                      {finalmile::v1::ROLE_COACH, true},
                                      {finalmile::v1::ROLE_MANAGER, true},
                                      {finalmile::v1::ROLE_INTEGRATION, true}}) {
    const auto channel = harness_.ChannelAs("somebody", {role});
    request.set_unpublished(false);
    EXPECT_TRUE(
        channel->Call<v1::SearchAssetsResponse>(std::string(kService) + "SearchAssets", request).ok());
    request.set_unpublished(true);
    const auto found =
        channel->Call<v1::SearchAssetsResponse>(std::string(kService) + "SearchAssets", request);
    EXPECT_EQ(found.ok(), allowed) << role;
    EXPECT_EQ(rpc::ReasonOf(found.status()), allowed ? "" : "ROLE_MISSING");
  }
}

TEST_F(SearchTest, TheIndexStandsAfterARestartAndWithoutItsFile) {
  Publish(Create(Letter("Pricing objections")).name());
  harness_.Settle();
  harness_.Restart();
  EXPECT_EQ(Search("pricing").hits_size(), 1);
  harness_.Settle();
  EXPECT_EQ(Search("pricing").hits_size(), 1);
}

TEST_F(SearchTest, WhatIsPublishedForLaterIsFoundLater) {
  const v1::Asset asset = Create(Letter("Spring offer"));
  v1::PublishAssetRequest publish;
  publish.set_name(asset.name());
  publish.set_reviewer("tom");
  *publish.mutable_publish_time() = rpc::ToTimestamp(harness_.clock().Now() + absl::Hours(1));
  ASSERT_TRUE(Call<v1::PublishAssetResponse>("PublishAsset", publish).ok());
  harness_.Settle();
  EXPECT_EQ(Search("spring").hits_size(), 0);
  EXPECT_EQ(rpc::ReasonOf(Render(asset.name(), {}).status()), "ASSET_NOT_PUBLISHED");
  harness_.clock().Advance(absl::Hours(1));
  harness_.Settle();
  EXPECT_EQ(Search("spring").hits_size(), 1);
}

TEST_F(SearchTest, RenderingRefusesWithTheListOfWhatIsUnfilled) {
  const v1::Asset asset = Create(Letter("First touch"));
  EXPECT_EQ(rpc::ReasonOf(Render(asset.name(), {}).status()), "ASSET_NOT_PUBLISHED");
  const auto preview = Render(asset.name(), {{"first_name", "Ann"}, {"company", "Acme"}}, 1);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_TRUE(preview->use_token().empty());
  Publish(asset.name());
  const auto refused = Render(asset.name(), {{"firstname", "Ann"}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(rpc::ReasonOf(refused.status()), "MERGE_FIELDS_MISSING");
  EXPECT_EQ(rpc::ErrorInfoOf(refused.status())->metadata().at("fields"), "first_name, company");
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("firstname"));
  const auto rendered = Render(asset.name(), {{"first_name", "{{company}}"}, {"company", "Acme"}});
  ASSERT_TRUE(rendered.ok()) << rendered.status();
  EXPECT_EQ(rendered->subject(), "Ramp-up");
  EXPECT_EQ(rendered->body(), "Hi {{company}}, ramp-up took nine weeks at Acme.");
  EXPECT_EQ(rendered->version(), 1);
  EXPECT_FALSE(rendered->use_token().empty());
}

TEST_F(SearchTest, RenderFillsEveryPartOfTheKindStrictly) {
  v1::Asset asset = Letter("Call");
  asset.set_kind(v1::ASSET_KIND_PHONE_SCRIPT);
  asset.mutable_phone_script()->set_opening("Hello {{first_name}}");
  asset.mutable_phone_script()->add_questions("How long is ramp-up?");
  auto& objection = *asset.mutable_phone_script()->add_objections();
  objection.set_objection("No time");
  objection.set_answer("Two minutes for {{company}}");
  asset.set_body("Be short.");
  const std::string name = Create(asset).name();
  const auto refused = Render(name, {{"first_name", "Ann"}, {"company", " "}}, 1);
  EXPECT_EQ(rpc::ReasonOf(refused.status()), "MERGE_FIELDS_MISSING");
  const auto rendered = Render(name, {{"first_name", "Ann"}, {"company", "Acme"}}, 1);
  ASSERT_TRUE(rendered.ok()) << rendered.status();
  ASSERT_EQ(rendered->parts_size(), 4);
  EXPECT_EQ(rendered->parts(0).path(), "phone_script.opening");
  EXPECT_EQ(rendered->parts(0).text(), "Hello Ann");
  EXPECT_EQ(rendered->parts(3).text(), "Two minutes for Acme");
}

TEST_F(SearchTest, AValueThatIsRepeatedTooOftenIsRefused) {
  v1::Asset letter = Letter("First touch");
  std::string body;
  for (int i = 0; i < 4'000; ++i) body += "{{first_name}}";
  letter.set_body(body);
  const v1::Asset asset = Create(letter);
  const auto refused = Render(asset.name(), {{"first_name", std::string(10'000, 'x')}}, 1);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(rpc::ReasonOf(refused.status()), "ANSWER_TOO_LARGE");
  EXPECT_EQ(rpc::ErrorInfoOf(refused.status())->metadata().at("resource"), asset.name());
}

TEST_F(SearchTest, ABatchAnswersEachNameOnce) {
  const std::string first = Create(Letter("First")).name();
  const std::string second = Create(Letter("Second")).name();
  v1::BatchGetAssetsRequest request;
  for (const std::string& name : {second, first, second, first, first}) request.add_names(name);
  const auto found = Call<v1::BatchGetAssetsResponse>("BatchGetAssets", request);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->assets_size(), 2);
  EXPECT_EQ(found->assets(0).name(), second);
  EXPECT_EQ(found->assets(1).name(), first);
}

TEST_F(SearchTest, RecommendationsFitTheMoment) {
  for (const auto& [title, stage] : {std::pair{"A", "closing"}, {"B", "discovery"}, {"C", "closing"}}) {
    Publish(Create(Tagged(title, stage, "search")).name());
  }
  Publish(Create(Letter("Any")).name());
  Create(Tagged("D", "closing", "search"));
  v1::RecommendAssetsRequest request;
  request.set_stage("closing");
  request.set_page_size(3);
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) {
    const auto recommended = Call<v1::RecommendAssetsResponse>("RecommendAssets", request);
    ASSERT_TRUE(recommended.ok()) << recommended.status();
    EXPECT_LE(recommended->recommendations_size(), 3);
    for (const auto& one : recommended->recommendations()) names.insert(one.asset().name());
  }
  EXPECT_THAT(names, ::testing::ElementsAre("assets/a", "assets/any", "assets/c"));
  harness_.Settle();
  for (const v1::CatalogEvent& event : Events()) EXPECT_FALSE(event.has_asset_offered());
}

}  // namespace
}  // namespace finalmile::catalog
