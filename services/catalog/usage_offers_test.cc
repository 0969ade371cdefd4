#include <algorithm>
#include <map>
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
  TellGradeAndStage(LeadName("1"), "B2", leads::v1::STAGE_MEETING_SET);
  request.set_stage("discovery");
  request.set_page_size(3);
  ASSERT_TRUE(Recommend(request).ok());
  EXPECT_THAT(EventsOf(Event::kAssetOffered), IsEmpty());

  request.set_stage("courtship");
  EXPECT_EQ(FieldOf(Recommend(request).status()), "stage");
  request.set_lead(LeadName("1"));
  request.set_request_id("r-1");
  const auto first = Recommend(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Recommend(request)->SerializeAsString(), first->SerializeAsString());
  size_t shown = 0;
  std::set<std::string> offered;
  for (const Event& event : EventsOf(Event::kAssetOffered)) {
    const v1::AssetOffered& offer = event.asset_offered();
    EXPECT_EQ(offer.lead(), LeadName("1"));
    EXPECT_EQ(offer.grade(), "B2");
    EXPECT_EQ(offer.stage(), "discovery");
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
  request.set_lead(LeadName("1"));
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
  request.set_lead(LeadName("2"));
  const auto narrow = harness_.ChannelAs("ida", {finalmile::v1::ROLE_SETTER}, 2 << 10);
  const auto refused =
      narrow->Call<v1::RecommendAssetsResponse>(std::string(kService) + "RecommendAssets", request);
  EXPECT_EQ(rpc::ReasonOf(refused.status()), "ANSWER_TOO_LARGE");
  EXPECT_TRUE(rpc::ErrorInfoOf(refused.status())->metadata().at("resource").starts_with("assets/letter"));
  for (const Event& event : EventsOf(Event::kAssetOffered))
    EXPECT_NE(event.asset_offered().lead(), LeadName("2"));
}

TEST_P(OffersTest, WhatWasDrawnAtRandomTellsTheEffect) {
  const std::string asset = Published("Letter").name();
  v1::Asset deck = Letter("Card");
  deck.set_kind(v1::ASSET_KIND_DECK);
  deck.clear_email_template();
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
  EXPECT_FALSE(Performances(asset).has_effect());
  Advance(30 * kDay);
  const v1::Effect effect = Performances(asset).effect();
  EXPECT_EQ(effect.kind(), v1::ASSET_KIND_EMAIL_TEMPLATE);
  EXPECT_EQ(effect.offered(), static_cast<int64_t>(random.size()));
  EXPECT_EQ(effect.offered_held(), effect.offered());
  EXPECT_EQ(effect.withheld(), static_cast<int64_t>(withheld.size()));
  EXPECT_EQ(effect.withheld_held(), 1);
  EXPECT_DOUBLE_EQ(effect.value(), 1 - 1.0 / static_cast<double>(withheld.size()));
  EXPECT_GT(effect.low(), 0);
  // The same of all kinds together, and by kind.
  const auto all =
      Ask<v1::ListAssetPerformanceResponse>("ListAssetPerformance", v1::ListAssetPerformanceRequest());
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->effects_size(), 2);
  EXPECT_EQ(all->effects(0).kind(), v1::ASSET_KIND_UNSPECIFIED);
  EXPECT_DOUBLE_EQ(all->effects(0).value(), effect.value());
  EXPECT_EQ(all->effects(1).SerializeAsString(), effect.SerializeAsString());
  EXPECT_FALSE(Performances(Create(deck).name()).has_effect()) << "of another kind";
}

// What was withheld from a lead is not offered to it in the same cycle, and what it has met is not drawn.
TEST_P(OffersTest, ATrialSticksForTheCycle) {
  for (int i = 0; i < 12; ++i) Published("Letter " + std::to_string(i), 100 * i);
  v1::RecommendAssetsRequest request;
  const auto list = [&] {
    std::set<std::string> shown;
    const auto answer = Recommend(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    for (const auto& one : answer->recommendations()) shown.insert(one.asset().name());
    return shown;
  };
  std::map<std::string, std::set<std::string>> shown;
  for (int round = 0; round < 4; ++round) {
    for (int lead = 0; lead < 12; ++lead) {
      request.set_lead(LeadName(std::to_string(lead)));
      shown[request.lead()].merge(list());
    }
  }
  std::map<std::string, std::set<std::string>> withheld;
  std::map<std::string, std::map<std::string, int>> drawn;
  for (const Event& event : EventsOf(Event::kAssetOffered)) {
    const v1::AssetOffered& offer = event.asset_offered();
    if (offer.slot() == "withheld") withheld[offer.lead()].insert(event.key());
    if (offer.slot() == "withheld" || offer.slot() == "random") ++drawn[offer.lead()][event.key()];
  }
  ASSERT_FALSE(withheld.empty());
  for (const auto& [lead, assets] : withheld) {
    for (const std::string& asset : assets) EXPECT_FALSE(shown[lead].contains(asset)) << asset << " " << lead;
  }
  for (const auto& [lead, assets] : drawn) {
    for (const auto& [asset, times] : assets) EXPECT_EQ(times, 1) << asset << " " << lead;
  }

  // The next cycle begins when the lead is sales-ready again after it has cooled.
  const auto tell = [&](const std::function<void(leads::v1::LeadEvent&)>& what) {
    leads::v1::LeadEvent event = LeadEventOf(request.lead());
    what(event);
    Append(outbox::ToOutbox(event));
  };
  const auto& [lead, assets] = *withheld.begin();
  request.set_lead(lead);
  const auto all_shown = [&, &assets = assets] {
    std::set<std::string> again;
    for (int round = 0; round < 3; ++round) {
      request.set_page_size(12);
      again.merge(list());
    }
    return std::includes(again.begin(), again.end(), assets.begin(), assets.end());
  };
  tell([](auto& event) { event.mutable_lead_became_sales_ready(); });
  EXPECT_FALSE(all_shown()) << "the same cycle: the request was upgraded";
  tell([](auto& event) { event.mutable_lead_cooled(); });
  EXPECT_FALSE(all_shown());
  tell([](auto& event) { event.mutable_lead_became_sales_ready(); });
  EXPECT_TRUE(all_shown());
  EXPECT_EQ(CountRows("leads", "cycle = 1 AND NOT cycle_ended"), 1);
  // A meeting that was held ends it, too.
  TellHeld("m", lead, {});
  EXPECT_EQ(CountRows("leads", "cycle = 1 AND cycle_ended"), 1);
  // From then on the lead's events number the cycles themselves.
  tell([](auto& event) { event.mutable_lead_became_sales_ready()->set_cycle(3); });
  EXPECT_EQ(CountRows("leads", "cycle = 2 AND NOT cycle_ended"), 1);
  tell([](auto& event) { event.mutable_lead_cooled(); });
  tell([](auto& event) { event.mutable_lead_became_sales_ready()->set_cycle(3); });
  EXPECT_EQ(CountRows("leads", "cycle = 2"), 1);
}

// What was used with a lead is not withheld from it.
TEST_P(OffersTest, WhatTheLeadHasMetIsNotDrawn) {
  const std::string asset = Published("Letter").name();
  Record(UseOf(Token(asset)));
  v1::RecommendAssetsRequest request;
  request.set_lead(LeadName("1"));
  for (int round = 0; round < 60; ++round) {
    const auto list = Recommend(request);
    ASSERT_TRUE(list.ok()) << list.status();
    ASSERT_EQ(list->recommendations_size(), 1);
    EXPECT_NE(list->recommendations(0).slot(), v1::RecommendAssetsResponse::SLOT_RANDOM);
  }
}

}  // namespace
}  // namespace finalmile::catalog
