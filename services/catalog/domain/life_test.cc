#include "services/catalog/domain/life.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/catalog/domain/refusal.h"

namespace finalmile::catalog::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'772'000'000);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kTick = absl::Microseconds(1);

Life Draft() {
  Life life;
  Write(life);
  return life;
}

Life Published(const Publication& publication = {.reviewer = "rob"}) {
  Life life = Draft();
  EXPECT_TRUE(Publish(life, publication, "mia", {}, kNow).ok());
  return life;
}

// The reason for which `change` is refused, and that it then changed nothing.
template <typename Change>
std::string Refused(Life life, Change change) {
  const Life before = life;
  const absl::Status status = change(life);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(life, before);
  return RefusalReason(status);
}

TEST(Life, TheWholeWay) {
  Life life = Draft();
  EXPECT_EQ(StateOf(life, 1), AssetState::kDraft);
  ASSERT_TRUE(Submit(life, {}).ok());
  EXPECT_EQ(StateOf(life, 1), AssetState::kInReview);
  ASSERT_TRUE(SendBack(life).ok());
  EXPECT_EQ(StateOf(life, 1), AssetState::kDraft);
  ASSERT_TRUE(Submit(life, {}).ok());
  ASSERT_TRUE(Approve(life, "rob", "mia").ok());
  EXPECT_FALSE(IsLive(life, kNow));
  ASSERT_TRUE(Publish(life, {}, "mia", {}, kNow).ok());
  EXPECT_TRUE(IsLive(life, kNow));
  EXPECT_EQ(life.reviewer, "rob");
  EXPECT_EQ(life.review_time, kNow + kReviewEvery);

  Write(life);
  EXPECT_EQ(StateOf(life, 1), AssetState::kPublished);
  EXPECT_EQ(StateOf(life, 2), AssetState::kDraft);
  EXPECT_TRUE(IsLive(life, kNow));
  EXPECT_EQ(Refused(life, [](Life& l) { return Publish(l, {}, "mia", {}, kNow); }), "REVIEW_MISSING");
  ASSERT_TRUE(Publish(life, {.reviewer = "rob"}, "mia", {}, kNow).ok());
  EXPECT_EQ(StateOf(life, 1), AssetState::kRetired);
  EXPECT_EQ(StateOf(life, 2), AssetState::kPublished);

  ASSERT_TRUE(Retire(life).ok());
  EXPECT_EQ(StateOf(life, 2), AssetState::kRetired);
  EXPECT_FALSE(IsLive(life, kNow));
  ASSERT_TRUE(Publish(life, {}, "mia", {}, kNow).ok());
  EXPECT_TRUE(IsLive(life, kNow));
}

TEST(Life, RefusesWithReasons) {
  const std::vector<Violation> missing = {{"body", "at most 90 words, not 91"}};
  EXPECT_EQ(Refused(Draft(), [&](Life& l) { return Submit(l, missing); }), "ASSET_INCOMPLETE");
  EXPECT_EQ(Refused(Draft(), [&](Life& l) { return Publish(l, {.reviewer = "rob"}, "mia", missing, kNow); }),
            "ASSET_INCOMPLETE");
  EXPECT_EQ(Refused(Draft(), [](Life& l) { return Approve(l, "rob", "mia"); }), "WRONG_STATE");
  EXPECT_EQ(Refused(Draft(), [](Life& l) { return SendBack(l); }), "WRONG_STATE");
  EXPECT_EQ(Refused(Published(), [](Life& l) { return Submit(l, {}); }), "WRONG_STATE");
  EXPECT_EQ(Refused(Draft(), [](Life& l) { return Publish(l, {}, "mia", {}, kNow); }), "REVIEW_MISSING");
  EXPECT_EQ(Refused(Draft(), [](Life& l) { return Publish(l, {.reviewer = "mia"}, "mia", {}, kNow); }),
            "REVIEWER_IS_OWNER");
  EXPECT_EQ(Refused(Draft(), [](Life& l) { return Publish(l, {.reviewer = "r@b.c"}, "mia", {}, kNow); }),
            "REVIEW_MISSING");
  Life reviewed = Draft();
  ASSERT_TRUE(Submit(reviewed, {}).ok());
  EXPECT_EQ(Refused(reviewed, [](Life& l) { return Approve(l, "mia", "mia"); }), "REVIEWER_IS_OWNER");
  EXPECT_EQ(Refused(reviewed, [](Life& l) { return Submit(l, {}); }), "WRONG_STATE");
  Life retired = Published();
  ASSERT_TRUE(Retire(retired).ok());
  EXPECT_EQ(Refused(retired, [](Life& l) { return Retire(l); }), "WRONG_STATE");
}

TEST(Life, WindowIsHalfOpenAndNotEmpty) {
  const Life life =
      Published({.reviewer = "rob", .publish_time = kNow + kDay, .expire_time = kNow + 2 * kDay});
  EXPECT_FALSE(IsLive(life, kNow + kDay - kTick));
  EXPECT_TRUE(IsLive(life, kNow + kDay));
  EXPECT_TRUE(IsLive(life, kNow + 2 * kDay - kTick));
  EXPECT_FALSE(IsLive(life, kNow + 2 * kDay));

  const auto publish = [](absl::Duration expire, absl::Duration from = absl::ZeroDuration()) {
    return [=](Life& l) {
      return Publish(l, {.reviewer = "rob", .publish_time = kNow + from, .expire_time = kNow + expire}, "mia",
                     {}, kNow);
    };
  };
  EXPECT_EQ(Refused(Draft(), publish(absl::ZeroDuration())), "PUBLISH_WINDOW_EMPTY");
  EXPECT_EQ(Refused(Draft(), publish(-kTick, -kDay)), "PUBLISH_WINDOW_EMPTY");
  EXPECT_EQ(Refused(Draft(), publish(kDay, kDay)), "PUBLISH_WINDOW_EMPTY");
  Life tick = Draft();
  EXPECT_TRUE(publish(kTick)(tick).ok());
}

TEST(Life, ALiveVersionIsNotReplacedByOneStillToCome) {
  EXPECT_EQ(Refused(Published(),
                    [](Life& l) { return Publish(l, {.publish_time = kNow + kTick}, "mia", {}, kNow); }),
            "PUBLISH_WINDOW_GAP");
}

TEST(Life, TimeBringsReviewsAndTheEnd) {
  Life life =
      Published({.reviewer = "rob", .expire_time = kNow + 100 * kDay, .review_time = kNow + 50 * kDay});
  EXPECT_EQ(NextDue(life), kNow + 50 * kDay);
  EXPECT_THAT(Visit(life, kNow + 50 * kDay - kTick), IsEmpty());
  EXPECT_THAT(Visit(life, kNow + 50 * kDay), ElementsAre(Due::kReviewDue));
  EXPECT_THAT(Visit(life, kNow + 50 * kDay), IsEmpty());
  EXPECT_EQ(NextDue(life), kNow + 64 * kDay);
  EXPECT_THAT(Visit(life, kNow + 64 * kDay), ElementsAre(Due::kReviewOverdue));
  EXPECT_EQ(NextDue(life), kNow + 100 * kDay);
  EXPECT_THAT(Visit(life, kNow + 100 * kDay - kTick), IsEmpty());
  EXPECT_THAT(Visit(life, kNow + 100 * kDay), ElementsAre(Due::kExpired));
  EXPECT_EQ(StateOf(life, 1), AssetState::kExpired);
  EXPECT_EQ(NextDue(life), absl::InfiniteFuture());
  EXPECT_THAT(Visit(life, kNow + 200 * kDay), IsEmpty());
}

TEST(Life, ALateVisitSaysEverythingInOrder) {
  Life life =
      Published({.reviewer = "rob", .expire_time = kNow + 100 * kDay, .review_time = kNow + 50 * kDay});
  EXPECT_THAT(Visit(life, kNow + 300 * kDay),
              ElementsAre(Due::kReviewDue, Due::kReviewOverdue, Due::kExpired));
}

TEST(Life, ADraftCanBeRetiredAndWrittenAnew) {
  Life life = Draft();
  ASSERT_TRUE(Retire(life).ok());
  EXPECT_EQ(StateOf(life, 1), AssetState::kRetired);
  Write(life);
  EXPECT_EQ(StateOf(life, 1), AssetState::kRetired);
  EXPECT_EQ(StateOf(life, 2), AssetState::kDraft);
}

}  // namespace
}  // namespace finalmile::catalog::domain
