#include "libs/rpc/errors.h"
#include "services/catalog/usage_fixture.h"

namespace finalmile::catalog {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

class FiguresTest : public UsageTest {};

INSTANTIATE_TEST_SUITE_P(Engines, FiguresTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(FiguresTest, NothingIsSaidOfWhatWasNotRecorded) {
  const std::string asset = Published("Letter", 1).name();
  Published("Other", 100);
  for (int i = 0; i < 20; ++i) Use(asset, LeadName(std::to_string(i)));
  v1::RecommendAssetsRequest recommend;
  for (int i = 100; CountRows("offers", "trial") == 0; ++i) {
    recommend.set_lead(LeadName(std::to_string(i)));
    ASSERT_TRUE(Recommend(recommend).ok());
  }
  Advance(30 * kDay);
  EXPECT_EQ(Performances(asset).effect().offered() + Performances(asset).effect().withheld(), 1);
  EXPECT_FALSE(Performances(asset).effect().has_offered_held());
  v1::AssetPerformance performance = Performance(asset);
  EXPECT_EQ(performance.matured(), 20);
  EXPECT_FALSE(performance.has_set() || performance.has_held() || performance.has_expected() ||
               performance.has_lift() || performance.has_lift_low() || performance.has_lift_high());
  // Some meeting was: that none came of these uses is a figure. There is nothing to compare it with.
  TellHeld("m", LeadName("somebody"), {});
  performance = Performance(asset);
  EXPECT_TRUE(performance.has_held());
  EXPECT_TRUE(Performances(asset).effect().has_offered_held());
  EXPECT_EQ(performance.held(), 0);
  EXPECT_FALSE(performance.has_expected());
  EXPECT_FALSE(performance.has_lift());
  EXPECT_FALSE(Performance("assets/other").has_held()) << "nothing of it has matured";
}

TEST_P(FiguresTest, LiftIsHeldAboveWhatOthersLeadTo) {
  const std::string good = Published("Good", 1).name();
  const std::string plain = Published("Plain", 100).name();
  const std::string few = Published("Few", 200).name();
  for (int i = 0; i < 10; ++i) {
    const std::string number = std::to_string(i);
    Use(good, LeadName("g" + number));
    Use(plain, LeadName("p" + number));
    if (i < 9) Use(few, LeadName("f" + number));
    TellHeld("g" + number, LeadName("g" + number), {good});
    if (i < 5) TellHeld("p" + number, LeadName("p" + number), {plain});
  }
  EXPECT_FALSE(Performance(good).has_lift());
  Advance(30 * kDay);
  const v1::AssetPerformance up = Performance(good);
  const v1::AssetPerformance down = Performance(plain);
  EXPECT_EQ(up.matured(), 10);
  EXPECT_EQ(up.held(), 10);
  // 5 of 19 uses of others are held; 10 of 19 of those beside `plain`.
  EXPECT_DOUBLE_EQ(up.expected(), 10 * 5.0 / 19);
  EXPECT_DOUBLE_EQ(up.lift(), 1 - 5.0 / 19);
  EXPECT_DOUBLE_EQ(down.lift(), 0.5 - 10.0 / 19);
  EXPECT_GT(up.lift_low(), 0);
  EXPECT_LT(up.lift_low(), up.lift());
  EXPECT_LT(down.lift_low(), 0);
  EXPECT_GT(down.lift_high(), 0);
  const v1::AssetPerformance unknown = Performance(few);
  EXPECT_EQ(unknown.matured(), 9);
  EXPECT_DOUBLE_EQ(unknown.expected(), 9 * 15.0 / 20);
  EXPECT_FALSE(unknown.has_lift());
  EXPECT_FALSE(Performances(good).has_effect());

  v1::GetAssetPerformanceRequest request;
  request.set_name("assets/nobody");
  const auto nobody = Ask<v1::GetAssetPerformanceResponse>("GetAssetPerformance", request);
  EXPECT_EQ(rpc::ReasonOf(nobody.status()), "ASSET_NOT_FOUND");

  // All assets in one list: by lift, then those whose lift is unknown, then what was not used.
  v1::RecordViewRequest view;
  view.set_asset(Published("Seen", 300).name());
  view.set_lead(LeadName("1"));
  ASSERT_TRUE(Ask<v1::RecordViewResponse>("RecordView", view).ok());
  Published("Untouched", 400);
  v1::ListAssetPerformanceRequest list;
  list.set_page_size(3);
  std::vector<std::string> names;
  do {
    const auto page = Ask<v1::ListAssetPerformanceResponse>("ListAssetPerformance", list);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& item : page->items()) {
      EXPECT_EQ(item.asset().name(), item.performance().asset());
      names.push_back(item.asset().title());
      if (names.size() == 1) {
        EXPECT_EQ(item.performance().version(), 0);
        EXPECT_DOUBLE_EQ(item.performance().lift(), up.lift());
        EXPECT_DOUBLE_EQ(item.performance().lift_low(), up.lift_low());
        EXPECT_EQ(item.performance().used(), 10);
      }
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(names, (std::vector<std::string>{"Good", "Plain", "Few", "Seen"}));
}

// Versions of an asset are judged apart, and none of them by the others.
TEST_P(FiguresTest, AnAssetIsNotComparedWithItsOtherVersions) {
  v1::Asset letter = Published("Letter", 1);
  const std::string other = Published("Other", 200).name();
  const auto use = [&](const std::string& asset, const std::string& prefix, int held, int64_t version) {
    for (int i = 0; i < 10; ++i) {
      const std::string lead = prefix + std::to_string(i);
      Use(asset, LeadName(lead));
      if (i >= held) continue;
      auto event = Appointment(lead);
      event.mutable_appointment_held()->set_meeting_kind("initial");
      Touched(*event.mutable_appointment_held(), LeadName(lead), {asset});
      event.mutable_appointment_held()->mutable_touches(0)->set_version(version);
      Tell(event);
    }
  };
  use(letter.name(), "a", 2, 1);
  use(other, "b", 4, 1);
  letter.set_body("Hi {{first_name}} at {{company}}, " + Words(100, 40));
  letter.clear_etag();
  ASSERT_TRUE(Update(letter, "body").ok());
  Publish(letter.name());
  use(letter.name(), "c", 8, 2);
  Advance(30 * kDay);
  const v1::GetAssetPerformanceResponse versions = Performances(letter.name());
  EXPECT_EQ(versions.versions(0).held(), 8);
  EXPECT_DOUBLE_EQ(versions.versions(0).expected(), 4);
  EXPECT_EQ(versions.versions(1).held(), 2);
  EXPECT_DOUBLE_EQ(versions.versions(1).expected(), 4);
  EXPECT_DOUBLE_EQ(Performance(other).expected(), 5);
}

TEST_P(FiguresTest, TheShelfRateHasItsWindowAndItsDenominator) {
  const auto unused = [&](bool misused = false, int page_size = 0) {
    v1::ListUnusedAssetsRequest request;
    request.set_include_misused(misused);
    request.set_page_size(page_size);
    const auto listed = Ask<v1::ListUnusedAssetsResponse>("ListUnusedAssets", request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.ok() ? *listed : v1::ListUnusedAssetsResponse();
  };
  const std::string used = Published("Used", 1).name();
  const std::string idle = Published("Idle", 100).name();
  const std::string wrong = Published("Wrong", 200).name();
  const std::string gone = Published("Gone", 300).name();
  Advance(30 * kDay - absl::Microseconds(1));
  EXPECT_EQ(unused().shelf(), 0);
  EXPECT_FALSE(unused().has_rate());
  Retire(gone);
  Advance(absl::Microseconds(1));
  Use(used, LeadName("1"));
  const std::string late = Published("Late", 400).name();
  v1::RecordUseRequest bad = UseOf(Token(wrong), "Hi {{first_name}}, " + Words(200, 40));
  Record(bad);
  v1::ListUnusedAssetsResponse shelf = unused(true);
  EXPECT_EQ(shelf.shelf(), 3);
  EXPECT_EQ(shelf.unused(), 1);
  EXPECT_EQ(shelf.misused(), 1);
  EXPECT_DOUBLE_EQ(shelf.rate(), 2.0 / 3);
  EXPECT_EQ(shelf.window().seconds(), absl::ToInt64Seconds(90 * kDay));
  ASSERT_EQ(shelf.items_size(), 2);
  EXPECT_EQ(shelf.items(0).asset().name(), idle);
  EXPECT_FALSE(shelf.items(0).has_last_use_time());
  EXPECT_EQ(shelf.items(1).asset().name(), wrong);
  EXPECT_EQ(shelf.items(1).misuses(), 1);
  EXPECT_TRUE(shelf.items(0).asset().body().empty());

  // Ninety days later the uses are out of the window, and another one is on the shelf.
  Advance(90 * kDay - absl::Microseconds(1));
  EXPECT_EQ(unused().unused(), 2);
  Advance(absl::Microseconds(1));
  shelf = unused();
  EXPECT_EQ(shelf.shelf(), 4);
  EXPECT_EQ(shelf.unused(), 4);
  // Nothing was recorded in that time, of anything: nothing says what is used.
  EXPECT_FALSE(shelf.has_rate());
  ASSERT_EQ(shelf.items_size(), 4);
  EXPECT_EQ(shelf.items(0).asset().name(), idle);
  EXPECT_EQ(shelf.items(1).asset().name(), late);

  v1::ListUnusedAssetsRequest request;
  request.set_page_size(3);
  const auto page = Ask<v1::ListUnusedAssetsResponse>("ListUnusedAssets", request);
  ASSERT_TRUE(page.ok()) << page.status();
  request.set_page_token(page->next_page_token());
  // Used meanwhile.
  harness_.clock().Advance(absl::Seconds(1));
  Use(used, LeadName("2"));
  const auto rest = Ask<v1::ListUnusedAssetsResponse>("ListUnusedAssets", request);
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(page->items_size() + rest->items_size(), page->items(2).asset().name() == used ? 4 : 3);
  EXPECT_EQ(rest->unused(), 4);
}

}  // namespace
}  // namespace finalmile::catalog
