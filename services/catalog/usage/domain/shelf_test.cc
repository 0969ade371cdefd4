#include "services/catalog/usage/domain/shelf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::catalog::usage::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'772'000'000);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kTick = absl::Microseconds(1);

TEST(Shelf, ThirtyOfTheLastNinetyDays) {
  const auto on = [](std::vector<Period> live) { return OnShelf(live, kNow); };
  EXPECT_TRUE(on({{kNow - 30 * kDay, absl::InfiniteFuture()}}));
  EXPECT_FALSE(on({{kNow - 30 * kDay + kTick, absl::InfiniteFuture()}}));
  EXPECT_TRUE(on({{absl::InfinitePast(), kNow - 60 * kDay}}));
  EXPECT_FALSE(on({{absl::InfinitePast(), kNow - 60 * kDay - kTick}}));
  EXPECT_TRUE(on({{kNow - 80 * kDay, kNow - 70 * kDay}, {kNow - 20 * kDay, kNow + kDay}}));
  EXPECT_FALSE(on({{kNow - 80 * kDay, kNow - 60 * kDay}, {kNow - 75 * kDay, kNow - 55 * kDay}}));
  EXPECT_FALSE(on({}));
  EXPECT_FALSE(on({{kNow + kDay, absl::InfiniteFuture()}}));
}

TEST(Shelf, RateCountsUnusedAndMisused) {
  const ShelfItem shelf[] = {{0, 0}, {10, 5}, {10, 6}, {1, 1}, {3, 0}};
  const ShelfRate rate = RateOf(shelf, true);
  EXPECT_EQ(rate.shelf, 5);
  EXPECT_EQ(rate.unused, 1);
  EXPECT_EQ(rate.misused, 2);
  EXPECT_DOUBLE_EQ(*rate.rate, 0.6);
  EXPECT_FALSE(RateOf({}, true).rate.has_value());
  // No use was recorded at all: nothing says what is used.
  EXPECT_FALSE(RateOf(shelf, false).rate.has_value());
}

UseFacts GoodUse() { return {.time = kNow, .live = {kNow - kDay, kNow + kDay}}; }

TEST(Shelf, MisuseNeedsAReason) {
  catalog::domain::Tags tags;
  tags.stages = {"closing"};
  tags.personas = {"CTO"};
  tags.industries = {"retail"};
  UseFacts use = GoodUse();
  EXPECT_THAT(MisusesOf(use, tags), IsEmpty());
  use.stage = "Closing";
  use.persona = "cto";
  use.industry = "retail";
  use.final_text = "Hi Ada";
  use.kept = 0.3;
  EXPECT_THAT(MisusesOf(use, tags), IsEmpty());
  use.stage = "discovery";
  EXPECT_THAT(MisusesOf(use, tags), ElementsAre(Misuse::kStage));
  EXPECT_THAT(MisusesOf(use, catalog::domain::Tags()), IsEmpty());
  use.persona = "CFO";
  use.industry = "banking";
  use.denied = true;
  use.final_text = "Hi {{first_name}}";
  use.kept = 0.29;
  use.time = kNow + kDay;
  EXPECT_THAT(MisusesOf(use, tags),
              ElementsAre(Misuse::kExpired, Misuse::kStage, Misuse::kAudience, Misuse::kNoPermission,
                          Misuse::kUnfilledField, Misuse::kEdited));
}

TEST(Shelf, TheWindowOfUseIsHalfOpen) {
  UseFacts use = GoodUse();
  use.time = use.live.from;
  EXPECT_THAT(MisusesOf(use, {}), IsEmpty());
  use.time = use.live.from - kTick;
  EXPECT_THAT(MisusesOf(use, {}), ElementsAre(Misuse::kExpired));
  use.time = use.live.to - kTick;
  EXPECT_THAT(MisusesOf(use, {}), IsEmpty());
}

}  // namespace
}  // namespace finalmile::catalog::usage::domain
