#include "services/appointments/domain/touch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::appointments::domain {
namespace {

using ::testing::ElementsAre;

const absl::Time kSet = absl::FromUnixSeconds(1'800'000'000);

Touch Of(std::string subject, absl::Duration before, int64_t version = 1, std::string how = "used") {
  return {std::move(subject), version, kSet - before, std::move(how)};
}
std::vector<std::string> Subjects(const std::vector<Touch>& touches) {
  std::vector<std::string> subjects;
  for (const Touch& touch : touches) subjects.push_back(touch.subject + " " + touch.how);
  return subjects;
}

TEST(TouchTest, TheFirstOfEachVersionCounts) {
  EXPECT_THAT(Subjects(Freeze({Of("b", absl::Hours(2)), Of("a", absl::Hours(3), 1, "viewed"),
                               Of("a", absl::Hours(1)), Of("a", absl::Hours(1), 2)},
                              absl::InfinitePast(), kSet, kSet)),
              ElementsAre("a viewed", "b used", "a used"));
}

TEST(TouchTest, TheWindowHoldsAtItsEdges) {
  const absl::Duration least = absl::Microseconds(1);
  EXPECT_THAT(Subjects(Freeze({Of("at", absl::ZeroDuration()), Of("after", -least),
                               Of("oldest", kTouchWindow - least), Of("too old", kTouchWindow)},
                              absl::InfinitePast(), kSet, kSet)),
              ElementsAre("oldest used", "at used"));
  EXPECT_THAT(Subjects(Freeze({Of("in", absl::Hours(1) - least), Of("of another cycle", absl::Hours(1))},
                              kSet - absl::Hours(1), kSet, kSet)),
              ElementsAre("in used"));
}

TEST(TouchTest, TheNewestAreKept) {
  std::vector<Touch> touches;
  for (size_t i = 0; i <= kMostTouches; ++i)
    touches.push_back(Of("a" + std::to_string(i), absl::Minutes(static_cast<double>(i))));
  const std::vector<Touch> frozen = Freeze(touches, absl::InfinitePast(), kSet, kSet);
  ASSERT_EQ(frozen.size(), kMostTouches);
  EXPECT_EQ(frozen.back().subject, "a0");
  EXPECT_EQ(frozen.front().subject, "a" + std::to_string(kMostTouches - 1));
}

}  // namespace
}  // namespace finalmile::appointments::domain
