#include "services/leads/domain/describe.h"

#include <gtest/gtest.h>

#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

TEST(Describe, Signals) {
  const Policy policy = TestPolicy();
  EXPECT_EQ(Describe(policy.signals[0]),
            "pricing: 15 points, half of them gone in 7 days, at most 2 per week");
  EXPECT_EQ(Describe(policy.signals[1]),
            "page: 2 points, half of them gone in 7 days, at most 9 points per week");
  EXPECT_EQ(Describe(policy.signals[3]),
            "asset: 12 points, half of them gone in 30 days, once for each subject");
  EXPECT_EQ(Describe(policy.signals[5]),
            "reply: 40 points, half of them gone in 30 days, once, a hand-raise");
  EXPECT_EQ(Describe(policy.signals[6]), "demo: no points, a hand-raise");
}

TEST(Describe, Conditions) {
  EXPECT_EQ(Describe(Condition{"staff", Range{200, 5001}}), "staff is at least 200 and below 5001");
  EXPECT_EQ(Describe(Condition{"staff", Range{std::nullopt, 10}}), "staff is below 10");
  EXPECT_EQ(Describe(Condition{"title", Contains{{"ceo", "cto"}}}), "title contains ceo or cto");
  EXPECT_EQ(Describe(Condition{"email", DomainNotIn{{"a", "b", "c", "d", "e"}}}),
            "email is not at a, b or 3 others");
  EXPECT_EQ(Describe(Condition{"phone", Present{false}}), "phone is not known");
  EXPECT_EQ(Describe(Condition{"project", Is{true}}), "project is true");
}

TEST(Describe, LanesAndCriteria) {
  const Policy policy = TestPolicy();
  EXPECT_EQ(Describe(policy.lanes[0]), "hand-raise: a hand-raise and fit at least 25");
  EXPECT_EQ(Describe(policy.lanes[1]), "engaged: fit at least 50 and engagement at least 40");
  EXPECT_EQ(Describe(policy.fit_groups[0].criteria[0]), "staff: 200 to 5,000 staff 20, under 10 staff -15");
}

TEST(Describe, Transitions) {
  EXPECT_EQ(Describe(Transition(BandChanged{"B1", "B2"})), "B1 became B2");
  EXPECT_EQ(Describe(Transition(Cooled{"engaged", Cooled::Cause::kGated})),
            "no longer sales-ready: a gate was set");
}

}  // namespace
}  // namespace finalmile::leads::domain
