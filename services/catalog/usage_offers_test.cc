#include <set>

#include "libs/rpc/errors.h"
#include "services/catalog/usage_fixture.h"

namespace finalmile::catalog {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kDay = absl::Hours(24);

class OffersTest : public UsageTest {};

INSTANTIATE_TEST_SUITE_P(Engines, OffersTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(OffersTest, OffersAreRecordedAndRepeatable) {
  for (int i = 0; i < 5; ++i) Published("Letter " + std::to_string(i), 100 * i);
  v1::RecommendAssetsRequest request;
  request.set_grade("B2");
  request.set_stage("discovery");
  request.set_page_size(3);
  ASSERT_TRUE(Recommend(request).ok());
  EXPECT_THAT(EventsOf(Event::kAssetOffered), IsEmpty());

  request.set_lead("leads/1");
  request.set_request_id("r-1");
  const auto first = Recommend(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Recommend(request)->SerializeAsString(), first->SerializeAsString());
  size_t shown = 0;
  std::set<std::string> offered;
  for (const Event& event : EventsOf(Event::kAssetOffered)) {
    const v1::AssetOffered& offer = event.asset_offered();
    EXPECT_EQ(offer.lead(), "leads/1");
    EXPECT_EQ(offer.grade(), "B2");
    EXPECT_GT(offer.propensity(), 0);
    EXPECT_LE(offer.propensity(), 1);
    EXPECT_TRUE(offered.insert(event.key()).second);
    if (offer.slot() != "withheld") ++shown;
  }
  EXPECT_EQ(shown, static_cast<size_t>(first->recommendations_size()));
  for (const auto& one : first->recommendations()) {
    EXPECT_TRUE(offered.contains(one.asset().name()));
    EXPECT_EQ(one.performance().version(), 1);
    EXPECT_THAT(one.reason(), HasSubstr("no matured use yet"));
    EXPECT_EQ(Performance(one.asset().name()).offered(), 1);
    EXPECT_EQ(Get(one.asset().name())->revision(), one.asset().revision());
  }

  request.clear_request_id();
  request.set_grade("Z9");
  EXPECT_EQ(FieldOf(Recommend(request).status()), "grade");
  request.clear_grade();
  for (const int size : {-1, 21}) {
    request.set_page_size(size);
    EXPECT_EQ(FieldOf(Recommend(request).status()), "page_size");
  }
  for (const int size : {0, 1, 20}) {
    request.set_page_size(size);
    EXPECT_TRUE(Recommend(request).ok());
  }
}

TEST_P(OffersTest, WhatHasNoRoomInTheAnswerIsNotOffered) {
  constexpr size_t kMaxAnswer = 20 << 10;
  const auto channel = harness_.ChannelAs("ida", {finalmile::v1::ROLE_SETTER}, kMaxAnswer);
  v1::Asset letter = Letter("Letter");
  letter.set_summary(std::string(2'000, 'x'));
  for (int i = 0; i < 20; ++i) {
    letter.set_title("Letter " + std::to_string(i));
    Publish(Create(letter).name());
  }
  v1::RecommendAssetsRequest request;
  request.set_lead("leads/1");
  request.set_page_size(20);
  const auto list =
      channel->Call<v1::RecommendAssetsResponse>(std::string(kService) + "RecommendAssets", request);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_GT(list->recommendations_size(), 1);
  EXPECT_LT(list->recommendations_size(), 15);
  EXPECT_LE(list->ByteSizeLong(), kMaxAnswer);
  std::set<std::string> offered;
  for (const Event& event : EventsOf(Event::kAssetOffered)) {
    if (event.asset_offered().slot() != "withheld") offered.insert(event.key());
  }
  std::set<std::string> shown;
  for (const auto& one : list->recommendations()) shown.insert(one.asset().name());
  EXPECT_EQ(offered, shown);

  // Not even one has room: nothing is offered.
  request.set_lead("leads/2");
  const auto narrow = harness_.ChannelAs("ida", {finalmile::v1::ROLE_SETTER}, 2 << 10);
  const auto refused =
      narrow->Call<v1::RecommendAssetsResponse>(std::string(kService) + "RecommendAssets", request);
  EXPECT_EQ(rpc::ReasonOf(refused.status()), "ANSWER_TOO_LARGE");
  EXPECT_TRUE(rpc::ErrorInfoOf(refused.status())->metadata().at("resource").starts_with("assets/letter"));
  for (const Event& event : EventsOf(Event::kAssetOffered))
    EXPECT_NE(event.asset_offered().lead(), "leads/2");
}

TEST_P(OffersTest, WhatWasDrawnAtRandomTellsTheEffect) {
  const std::string asset = Published("Letter").name();
  v1::RecommendAssetsRequest request;
  std::vector<std::string> random;
  std::vector<std::string> withheld;
  constexpr size_t kEnough = 11;
  while (random.size() < kEnough || withheld.size() < kEnough) {
    // The only asset there is: what is not shown is withheld.
    request.set_lead("leads/" + NewUuid(harness_.clock(), harness_.rng()));
    const auto list = Recommend(request);
    ASSERT_TRUE(list.ok()) << list.status();
    if (list->recommendations().empty()) {
      withheld.push_back(request.lead());
    } else if (list->recommendations(0).slot() == v1::RecommendAssetsResponse::SLOT_RANDOM) {
      random.push_back(request.lead());
    }
  }
  const auto told = EventsOf(Event::kAssetOffered);
  const auto slots = [&](const std::string& slot) {
    return static_cast<size_t>(std::count_if(
        told.begin(), told.end(), [&](const Event& event) { return event.asset_offered().slot() == slot; }));
  };
  EXPECT_EQ(slots("random"), random.size());
  EXPECT_EQ(slots("withheld"), withheld.size());
  // Offered, all meet; withheld, one does. None of them was ever sent it.
  for (const std::string& lead : random) TellHeld("r" + lead.substr(6), lead, {});
  TellHeld("w", withheld[0], {});
  EXPECT_FALSE(Performance(asset).has_incremental());
  Advance(30 * kDay);
  const v1::AssetPerformance::Incremental effect = Performance(asset).incremental();
  EXPECT_EQ(effect.offered(), static_cast<int64_t>(random.size()));
  EXPECT_EQ(effect.withheld(), static_cast<int64_t>(withheld.size()));
  EXPECT_DOUBLE_EQ(effect.value(), 1 - 1.0 / static_cast<double>(withheld.size()));
  EXPECT_GT(effect.low(), 0);
}

}  // namespace
}  // namespace finalmile::catalog
