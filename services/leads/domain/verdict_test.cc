#include "services/leads/domain/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kDay = absl::Hours(24);

class VerdictTest : public ::testing::Test {
 protected:
  std::vector<std::string> At(absl::Time now) {
    state_ = Evaluate(policy_, input_, state_, now).state;
    return LaneVerdicts(policy_, input_, state_, now);
  }

  Policy policy_ = TestPolicy();
  ReadinessInput input_{.fit = 80, .engagement = {{24.9996, kMonday}, {}}};
  ReadinessState state_;
};

TEST_F(VerdictTest, SaysWhatIsMissing) {
  EXPECT_THAT(At(kMonday),
              ElementsAre("hand-raise: fit 80.0 of 25; no: no hand-raise in the last 30 days",
                          "engaged: fit 80.0 of 50, engagement 25.0 of 40; no: engagement is 15 short",
                          "ideal: fit 80.0 of 75, engagement 25.0 of 25; no: engagement is 0.0004 short"));
  input_.fit = 15;
  input_.last_hand_raise = kMonday;
  EXPECT_EQ(At(kMonday).front(), "hand-raise: fit 15.0 of 25, hand raised; no: fit is 10 short");
  policy_.lanes.front().min_fit = 0;
  input_.last_hand_raise = absl::InfinitePast();
  EXPECT_EQ(At(kMonday).front(), "hand-raise: no: no hand-raise in the last 30 days");
  input_.last_hand_raise = kMonday;
  EXPECT_EQ(At(kMonday).front(), "hand-raise: hand raised; it let the lead in");
}

TEST_F(VerdictTest, SaysWhichLaneItIsAndWhatStandsInTheWay) {
  input_.engagement.short_half_life.value = 42;
  EXPECT_THAT(At(kMonday),
              ElementsAre("hand-raise: fit 80.0 of 25; no: no hand-raise in the last 30 days",
                          "engaged: fit 80.0 of 50, engagement 42.0 of 40; it let the lead in, until "
                          "engagement falls below 20",
                          "ideal: fit 80.0 of 75, engagement 42.0 of 25; yes"));
  input_.gated = true;
  EXPECT_EQ(At(kMonday + kDay)[2],
            "ideal: fit 80.0 of 75, engagement 38.0 of 25; no: a gate stands, it was sales-ready, and may be "
            "again 7 days after");
  EXPECT_EQ(MayRecrossAt(policy_, input_, state_, kMonday + kDay), kMonday + 8 * kDay)
      << "from when it cooled";
  EXPECT_EQ(MayRecrossAt(policy_, input_, state_, kMonday + 8 * kDay), absl::InfinitePast());
}

TEST_F(VerdictTest, AHandRaiseOfAClosedRequestIsSpent) {
  input_.last_hand_raise = kMonday;
  EXPECT_EQ(At(kMonday).front(), "hand-raise: fit 80.0 of 25, hand raised; it let the lead in");
  Close(state_, kMonday);
  EXPECT_EQ(
      At(kMonday + kDay).front(),
      "hand-raise: fit 80.0 of 25, hand raised; no: that hand-raise opened a request, which was closed");
}

}  // namespace
}  // namespace finalmile::leads::domain
