#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "services/finalmile/testing/verbs_fixture.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;
using ::testing::HasSubstr;

using PerformanceVerbsTest = VerbsTest;

AssetPerformance SomePerformance(int64_t version) {
  AssetPerformance performance;
  performance.set_asset("assets/acme");
  performance.set_version(version);
  performance.set_offered(40);
  performance.set_used(1234);
  performance.set_viewed(12);
  performance.mutable_viewed_time()->set_seconds(200);
  performance.set_set(9);
  performance.set_held(7);
  performance.set_expected(4.26);
  performance.set_matured(31);
  performance.set_lift(0.045);
  performance.set_lift_low(-0.0121);
  performance.set_lift_high(0.1);
  performance.set_rating(4.25);
  performance.set_ratings(4);
  return performance;
}

constexpr char kMeaning[] =
    "\n"
    "MATURED: uses that are 30 days old. HELD and EXPECTED are of these; several uses with one lead count as "
    "one.\n"
    "LIFT: meetings held above what other assets lead to in the same grade and stage, per matured use, with "
    "its "
    "95 % interval; unknown below 10 matured uses. It is association, not effect.\n";

TEST_F(PerformanceVerbsTest, PerformanceGivesIntervalsAndSaysWhatIsAssociation) {
  GetAssetPerformanceResponse response;
  *response.add_versions() = SomePerformance(2);
  response.add_versions()->set_version(1);
  connector_.channel.On<GetAssetPerformanceRequest, GetAssetPerformanceResponse>(
      "UsageService/GetAssetPerformance",
      [&](const GetAssetPerformanceRequest& request) -> absl::StatusOr<GetAssetPerformanceResponse> {
        EXPECT_EQ(request.name(), "assets/acme");
        return response;
      });
  const Result plain = Invoke({"performance", "acme"});
  ASSERT_TRUE(plain.code.ok()) << plain.code.status();
  EXPECT_EQ(
      plain.out,
      std::string("VERSION  OFFERED   USED     VIEWED    RATING  MATURED  SET  HELD  EXPECTED             "
                  "       LIFT\n"
                  "      2       40  1,234  12 (3:20)  4.2 of 4       31    9     7       4.3  +4.5 % (-1.2 "
                  "to +10.0)\n"
                  "      1        0      0          0         -        0    -     -         -              "
                  "         -\n") +
          kMeaning);
  // Too little has matured of it.
  response.mutable_versions(1)->set_matured(9);
  response.mutable_versions(1)->set_set(0);
  response.mutable_versions(1)->set_held(0);
  EXPECT_THAT(Invoke({"performance", "acme"}).out, HasSubstr("        9    0     0         -"));
  EXPECT_THAT(Invoke({"performance", "acme"}).out, HasSubstr("                unknown\n"));
  Effect& effect = *response.mutable_effect();
  effect.set_kind(ASSET_KIND_BATTLE_CARD);
  effect.set_offered(40);
  effect.set_offered_held(16);
  effect.set_withheld(9);
  effect.set_withheld_held(2);
  EXPECT_THAT(Invoke({"performance", "acme"}).out,
              HasSubstr("OFFERING     HELD OF OFFERED  HELD OF WITHHELD   EFFECT\n"
                        "battle card         16 of 40            2 of 9  unknown\n"));
  effect.set_value(0.2);
  effect.set_low(0.05);
  effect.set_high(0.35);
  EXPECT_THAT(Invoke({"performance", "acme"}).out, HasSubstr("  +20.0 % (+5.0 to +35.0)\n"));
  EXPECT_THAT(Invoke({"performance", "acme"}).out, HasSubstr("EFFECT: held per trial where chance offered"));
  EXPECT_THAT(Invoke({"performance", "acme", "--json"}).out, HasSubstr("\"lift_low\":-0.0121"));
}

TEST_F(PerformanceVerbsTest, PerformanceOfAllAssetsIsOneTable) {
  ListAssetPerformanceResponse page;
  connector_.channel.On<ListAssetPerformanceRequest, ListAssetPerformanceResponse>(
      "UsageService/ListAssetPerformance",
      [&](const ListAssetPerformanceRequest& request) -> absl::StatusOr<ListAssetPerformanceResponse> {
        if (request.page_token() == "more") {
          ListAssetPerformanceResponse last = page;
          last.clear_next_page_token();
          last.mutable_items(0)->mutable_asset()->set_title("Last");
          return last;
        }
        return page;
      });
  EXPECT_EQ(Invoke({"performance"}).out, "");
  EXPECT_EQ(Invoke({"performance"}).err, "Nothing was offered, used or viewed yet.\n");

  auto& item = *page.add_items();
  item.mutable_asset()->set_name("assets/acme");
  item.mutable_asset()->set_title("Against Acme");
  item.mutable_asset()->set_kind(ASSET_KIND_BATTLE_CARD);
  *item.mutable_performance() = SomePerformance(0);
  page.set_next_page_token("more");
  page.add_effects()->set_offered(3);
  const Result plain = Invoke({"performance"});
  EXPECT_THAT(plain.out,
              HasSubstr("                  LIFT  MATURED  HELD  EXPECTED   USED  OFFERED     VIEWED    "
                        "RATING  KIND         TITLE         ASSET\n"
                        "+4.5 % (-1.2 to +10.0)       31     7       4.3  1,234       40  12 (3:20)  "
                        "4.2 of 4  battle card  Against Acme  assets/acme\n"));
  EXPECT_THAT(plain.out, HasSubstr("  Last          assets/acme\n"));
  EXPECT_THAT(plain.out, HasSubstr(kMeaning));
  EXPECT_THAT(plain.out, HasSubstr("any kind           - of 3            - of 0  unknown\n"));
  EXPECT_THAT(Invoke({"performance", "--limit", "1"}).err, HasSubstr("--limit 0"));
  const std::string json = Invoke({"performance", "--json"}).out;
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 3) << json;
  EXPECT_THAT(json.substr(0, json.find('\n')), HasSubstr("\"effects\""));

  // Uses have matured and no meeting is on record: nothing is made up.
  for (auto clear : {&AssetPerformance::clear_set, &AssetPerformance::clear_held,
                     &AssetPerformance::clear_expected, &AssetPerformance::clear_lift}) {
    (item.mutable_performance()->*clear)();
  }
  const std::string out = Invoke({"performance"}).out;
  EXPECT_THAT(out, HasSubstr("unknown       31     -         -  1,234"));
  EXPECT_THAT(out, HasSubstr("No meeting was recorded, so it is not known what any use led to"));
}

TEST_F(PerformanceVerbsTest, RecommendShowsSlotFiguresAndReason) {
  RecommendAssetsResponse response;
  auto& one = *response.add_recommendations();
  one.mutable_asset()->set_name("assets/acme");
  one.mutable_asset()->set_title("Against Acme");
  one.mutable_asset()->set_kind(ASSET_KIND_BATTLE_CARD);
  *one.mutable_performance() = SomePerformance(2);
  one.set_slot(RecommendAssetsResponse::SLOT_RANDOM);
  one.set_reason("drawn at random");
  connector_.channel.On<RecommendAssetsRequest, RecommendAssetsResponse>(
      "CatalogService/RecommendAssets",
      [&](const RecommendAssetsRequest&) -> absl::StatusOr<RecommendAssetsResponse> { return response; });
  const std::string out = Invoke({"recommend", "--stage", "closing"}).out;
  EXPECT_THAT(out,
              HasSubstr("random  battle card  Against Acme  1,234     7  +4.5 % (-1.2 to +10.0)  drawn at "
                        "random  assets/acme\n"));
  EXPECT_THAT(out, HasSubstr("association, not effect"));
}

}  // namespace
}  // namespace finalmile::cli
