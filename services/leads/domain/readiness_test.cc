#include "services/leads/domain/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "services/leads/domain/describe.h"
#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr absl::Duration kTick = absl::Microseconds(1);
constexpr absl::Duration kDay = absl::Hours(24);

// A lead moved through time; transitions as people read them.
struct Subject {
  Policy policy = TestPolicy();
  ReadinessInput input;
  Readiness last;

  std::vector<std::string> At(absl::Time now) {
    last = Evaluate(policy, input, last.state, now);
    std::vector<std::string> texts;
    for (const Transition& transition : last.transitions) texts.push_back(Describe(transition));
    const Readiness again = Evaluate(policy, input, last.state, now);
    EXPECT_TRUE(again.transitions.empty());
    EXPECT_EQ(again.state, last.state);
    EXPECT_EQ(again.next_due, last.next_due);
    EXPECT_GT(last.next_due, now);
    return texts;
  }
};

Subject Lead(double fit, double engagement) {
  Subject subject;
  subject.input.fit = fit;
  subject.input.engagement.short_half_life = {engagement, kMonday};
  return subject;
}

TEST(Readiness, ScoredLanesAtTheirEdges) {
  EXPECT_THAT(Lead(50, 40).At(kMonday), ElementsAre("sales-ready: engaged"));
  EXPECT_THAT(Lead(49.999, 40).At(kMonday), IsEmpty());
  EXPECT_THAT(Lead(50, 39.999).At(kMonday), IsEmpty());
  EXPECT_THAT(Lead(75, 25).At(kMonday), ElementsAre("sales-ready: ideal"));
  EXPECT_THAT(Lead(74.999, 25).At(kMonday), IsEmpty());
  EXPECT_THAT(Lead(75, 24.999).At(kMonday), IsEmpty());
  EXPECT_THAT(Lead(75, 40).At(kMonday), ElementsAre("sales-ready: engaged"));
}

TEST(Readiness, HandRaiseNeedsFitAndNoPoints) {
  const auto raised = [](double fit, absl::Duration ago) {
    Subject lead = Lead(fit, 0);
    lead.input.last_hand_raise = kMonday - ago;
    return lead.At(kMonday);
  };
  EXPECT_THAT(raised(25, absl::ZeroDuration()), ElementsAre("sales-ready: hand-raise"));
  EXPECT_THAT(raised(24.999, absl::ZeroDuration()), IsEmpty());
  EXPECT_THAT(raised(25, kHandRaiseLife), ElementsAre("sales-ready: hand-raise"));
  EXPECT_THAT(raised(25, kHandRaiseLife + kTick), IsEmpty());
  EXPECT_THAT(raised(25, -absl::Minutes(10)), ElementsAre("sales-ready: hand-raise"));
}

TEST(Readiness, CoolsWhenDueAndNotBefore) {
  Subject lead = Lead(50, 40);
  lead.At(kMonday);
  const absl::Time cools = FallsBelow(lead.input.engagement, 20, kMonday);
  EXPECT_EQ(lead.last.next_due, kMonday + kTick);
  EXPECT_THAT(lead.At(kMonday + kTick), ElementsAre("B2 became B3"));
  EXPECT_EQ(lead.last.next_due, cools);
  EXPECT_EQ(lead.last.next_band_time, FallsBelow(lead.input.engagement, 15, kMonday));
  EXPECT_THAT(lead.At(cools - kTick), IsEmpty());
  EXPECT_THAT(lead.At(cools), ElementsAre("cooled: engagement faded"));
  EXPECT_EQ(lead.last.state.lane, "");
  EXPECT_EQ(lead.last.state.last_crossing, kMonday);
}

TEST(Readiness, HandRaisesNeverCool) {
  Subject lead = Lead(50, 0);
  lead.input.last_hand_raise = kMonday;
  lead.At(kMonday);
  EXPECT_THAT(lead.At(kMonday + 400 * kDay), IsEmpty());
  EXPECT_EQ(lead.last.state.lane, "hand-raise");
  EXPECT_EQ(lead.last.next_due, absl::InfiniteFuture());
}

TEST(Readiness, RecrossesAfterSevenDays) {
  Subject lead = Lead(50, 40);
  lead.At(kMonday);
  Close(lead.last.state, kMonday);
  lead.input.engagement.short_half_life = {200, kMonday};
  const absl::Time allowed = kMonday + 7 * kDay;
  EXPECT_THAT(lead.At(allowed - 2 * kTick), ElementsAre("B2 became B1"));
  EXPECT_EQ(lead.last.next_due, allowed);
  EXPECT_THAT(lead.At(allowed - kTick), IsEmpty());
  EXPECT_THAT(lead.At(allowed), ElementsAre("sales-ready: engaged"));
}

TEST(Readiness, RecrossesSevenDaysAfterItWasSalesReadyLast) {
  Subject lead = Lead(50, 200);
  lead.At(kMonday);
  lead.At(kMonday + 20 * kDay);
  EXPECT_EQ(lead.last.state.lane, "engaged");
  lead.input.engagement.short_half_life = {200, kMonday + 20 * kDay};
  Close(lead.last.state, kMonday + 20 * kDay);
  EXPECT_THAT(lead.At(kMonday + 20 * kDay), Each(Not(HasSubstr("sales-ready: "))));
  EXPECT_EQ(lead.last.next_due, kMonday + 27 * kDay);
  EXPECT_THAT(lead.At(kMonday + 27 * kDay), Contains("sales-ready: engaged"));
}

TEST(Readiness, ALeadThatIsLeftAloneCrossesByAHandRaiseAlone) {
  Subject lead = Lead(50, 200);
  lead.input.quiet_until = kMonday + 3 * kDay;
  EXPECT_THAT(lead.At(kMonday), Each(Not(HasSubstr("sales-ready: "))));
  EXPECT_EQ(lead.last.next_due, kMonday + 3 * kDay);
  EXPECT_THAT(lead.At(kMonday + 3 * kDay - kTick), Each(Not(HasSubstr("sales-ready: "))));
  EXPECT_THAT(lead.At(kMonday + 3 * kDay), Contains("sales-ready: engaged"));
  Subject raised = Lead(50, 0);
  raised.input.quiet_until = kMonday + 90 * kDay;
  raised.input.last_hand_raise = kMonday;
  EXPECT_THAT(raised.At(kMonday), ElementsAre("sales-ready: hand-raise"));
}

TEST(Readiness, AHandRaiseRecrossesAtOnce) {
  Subject lead = Lead(50, 40);
  lead.At(kMonday);
  Close(lead.last.state, kMonday);
  lead.input.last_hand_raise = kMonday + kDay;
  lead.At(kMonday + kTick);
  EXPECT_EQ(lead.last.state.lane, "hand-raise");
}

TEST(Readiness, AHandRaiseLiftsAScoredLead) {
  Subject lead = Lead(50, 50);
  EXPECT_THAT(lead.At(kMonday), ElementsAre("sales-ready: engaged"));
  lead.input.last_hand_raise = kMonday + absl::Hours(1);
  EXPECT_THAT(lead.At(kMonday + absl::Hours(1)), ElementsAre("sales-ready: hand-raise"));
  EXPECT_TRUE(lead.last.state.by_hand_raise);
}

TEST(Readiness, HandRaisesInOneRequestAreOneCrossing) {
  Subject lead = Lead(50, 0);
  lead.input.last_hand_raise = kMonday;
  EXPECT_THAT(lead.At(kMonday), ElementsAre("sales-ready: hand-raise"));
  lead.input.last_hand_raise = kMonday + absl::Seconds(10);
  EXPECT_THAT(lead.At(kMonday + absl::Seconds(10)), IsEmpty());
  lead.input.last_hand_raise = kMonday + 8 * kDay;
  EXPECT_THAT(lead.At(kMonday + 8 * kDay), ElementsAre("sales-ready: hand-raise"));
}

TEST(Readiness, AHandRaiseIsActedOnOnce) {
  Subject lead = Lead(50, 0);
  lead.input.last_hand_raise = kMonday;
  lead.At(kMonday);
  Close(lead.last.state, kMonday);
  EXPECT_THAT(lead.At(kMonday + 10 * kDay), IsEmpty());
  // A late one that happened earlier is no news either.
  lead.input.last_hand_raise = std::max(lead.input.last_hand_raise, kMonday - kDay);
  EXPECT_THAT(lead.At(kMonday + 11 * kDay), IsEmpty());
}

TEST(Readiness, AGateStopsEverything) {
  Subject lead = Lead(100, 100);
  lead.input.last_hand_raise = kMonday;
  lead.input.gated = true;
  EXPECT_THAT(lead.At(kMonday), IsEmpty());
  lead.input.gated = false;
  EXPECT_THAT(lead.At(kMonday), ElementsAre("sales-ready: hand-raise"));
  lead.input.gated = true;
  EXPECT_THAT(lead.At(kMonday + kTick), ElementsAre("no longer sales-ready: a gate was set"));
}

TEST(Readiness, AGateThatIsLiftedGivesBackTheHandRaiseThatItClosed) {
  const auto lifted_after = [](absl::Duration wait) {
    Subject lead = Lead(50, 0);
    lead.input.last_hand_raise = kMonday;
    EXPECT_THAT(lead.At(kMonday), ElementsAre("sales-ready: hand-raise"));
    lead.input.gated = true;
    EXPECT_THAT(lead.At(kMonday + kDay), ElementsAre("no longer sales-ready: a gate was set"));
    lead.input.gated = false;
    return lead.At(kMonday + wait);
  };
  EXPECT_THAT(lifted_after(kDay), ElementsAre("sales-ready: hand-raise"));
  EXPECT_THAT(lifted_after(kHandRaiseLife), ElementsAre("sales-ready: hand-raise"));
  EXPECT_THAT(lifted_after(kHandRaiseLife + kTick), IsEmpty());
}

TEST(Readiness, AHandRaiseThatWasClaimedIsNotGivenBack) {
  Subject lead = Lead(50, 0);
  lead.input.last_hand_raise = kMonday;
  lead.At(kMonday);
  lead.last.state.claimed = true;
  lead.input.gated = true;
  lead.At(kMonday + kDay);
  lead.input.gated = false;
  EXPECT_THAT(lead.At(kMonday + 2 * kDay), IsEmpty());
  lead.input.last_hand_raise = kMonday + 3 * kDay;
  EXPECT_THAT(lead.At(kMonday + 3 * kDay), ElementsAre("sales-ready: hand-raise"));
  EXPECT_FALSE(lead.last.state.claimed);
}

TEST(Readiness, AGateGivesBackOnlyWhatItClosed) {
  Subject lead = Lead(50, 0);
  lead.input.last_hand_raise = kMonday;
  lead.At(kMonday);
  Close(lead.last.state, kMonday);  // worked off
  lead.input.gated = true;
  lead.At(kMonday + kDay);
  lead.input.gated = false;
  EXPECT_THAT(lead.At(kMonday + 2 * kDay), IsEmpty());
  // The later of two hand-raises is the one whose request the gate closed.
  lead.input.last_hand_raise = kMonday + 3 * kDay;
  EXPECT_THAT(lead.At(kMonday + 3 * kDay), ElementsAre("sales-ready: hand-raise"));
  lead.input.gated = true;
  lead.At(kMonday + 4 * kDay);
  lead.input.gated = false;
  Subject without = lead;
  without.input.last_hand_raise = kMonday;
  EXPECT_THAT(without.At(kMonday + 5 * kDay), IsEmpty());
  EXPECT_THAT(lead.At(kMonday + 5 * kDay), ElementsAre("sales-ready: hand-raise"));
}

TEST(Readiness, AScoredCrossingSpendsNoHandRaise) {
  Subject lead = Lead(50, 50);
  lead.policy.lanes = {{"engaged", false, 50, 40}, {"hand-raise", true, 60, 0}};
  lead.input.last_hand_raise = kMonday;
  EXPECT_THAT(lead.At(kMonday), ElementsAre("sales-ready: engaged"));
  lead.input.fit = 60;
  EXPECT_THAT(lead.At(kMonday), ElementsAre("sales-ready: hand-raise"));
  Subject both = Lead(60, 50);
  both.policy = lead.policy;
  both.input.last_hand_raise = kMonday;
  EXPECT_THAT(both.At(kMonday), ElementsAre("sales-ready: hand-raise"));
}

TEST(Readiness, ALaneOfAnEarlierPolicyIsKept) {
  Subject lead = Lead(50, 0);
  lead.input.last_hand_raise = kMonday;
  lead.At(kMonday);
  lead.policy.lanes.erase(lead.policy.lanes.begin());
  EXPECT_THAT(lead.At(kMonday + kDay), IsEmpty());
  EXPECT_EQ(lead.last.state.lane, "hand-raise");
}

TEST(Readiness, TheFirstGradeIsNoChange) {
  Subject lead = Lead(10, 10);
  EXPECT_THAT(lead.At(kMonday), IsEmpty());
  EXPECT_EQ(lead.last.state.grade, "D4");
}

RC_GTEST_PROP(Readiness, NothingHappensBetweenDueTimes, ()) {
  Subject lead = Lead(*rc::gen::inRange(0, 101), *rc::gen::inRange(0, 300));
  lead.input.engagement.long_half_life = {static_cast<double>(*rc::gen::inRange(0, 200)), kMonday};
  lead.At(kMonday);
  for (int steps = 0; steps < 10; ++steps) {
    const absl::Time due = lead.last.next_due;
    if (due == absl::InfiniteFuture()) return;
    RC_ASSERT(lead.At(due - kTick).empty());
    RC_ASSERT(!lead.At(due).empty());
  }
  RC_FAIL("a fading lead changes only a few times");
}

}  // namespace
}  // namespace finalmile::leads::domain
