#include "services/coaching/domain/practice/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "services/coaching/domain/practice/review_queue.h"

namespace finalmile::coaching {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kLeast = absl::Microseconds(1);

Assignment DueIn(absl::Duration time) {
  return {.kind = AssignmentKind::kAssigned, .assign_time = kNow, .due_time = kNow + time};
}

TEST(AssignmentTest, APracticeSinceItWasAssignedCompletesIt) {
  Assignment assignment = DueIn(absl::Hours(1));
  EXPECT_FALSE(Complete(assignment, kNow - kLeast, kNow));
  EXPECT_EQ(assignment.state, AssignmentState::kOpen);
  EXPECT_TRUE(Complete(assignment, kNow, kNow + absl::Minutes(1)));
  EXPECT_EQ(assignment.state, AssignmentState::kDone);
  EXPECT_EQ(assignment.end_time, kNow + absl::Minutes(1));
  EXPECT_FALSE(IsListed(assignment));
  EXPECT_FALSE(Complete(assignment, kNow, kNow));
  EXPECT_FALSE(Withdraw(assignment, kNow));
  EXPECT_EQ(assignment.state, AssignmentState::kDone);
}

TEST(AssignmentTest, OverdueItStaysInTheListAndCanBeDone) {
  Assignment assignment = DueIn(absl::Hours(1));
  EXPECT_EQ(NextDue(assignment), assignment.due_time);
  Visit(assignment, assignment.due_time - kLeast);
  EXPECT_EQ(assignment.state, AssignmentState::kOpen);
  Visit(assignment, assignment.due_time);
  EXPECT_EQ(assignment.state, AssignmentState::kOverdue);
  EXPECT_TRUE(IsListed(assignment));
  EXPECT_EQ(NextDue(assignment), absl::InfiniteFuture());
  EXPECT_TRUE(Complete(assignment, assignment.due_time, assignment.due_time));
}

TEST(AssignmentTest, WithoutADateItIsNeverOverdue) {
  Assignment assignment = DueIn(absl::InfiniteDuration());
  EXPECT_EQ(NextDue(assignment), absl::InfiniteFuture());
  Visit(assignment, kNow + absl::Hours(24 * 3650));
  EXPECT_EQ(assignment.state, AssignmentState::kOpen);
}

TEST(AssignmentTest, AMovedMeetingMovesIt) {
  Assignment assignment = DueIn(absl::Hours(1));
  Visit(assignment, kNow + absl::Hours(2));
  MoveDue(assignment, kNow + absl::Hours(3), kNow + absl::Hours(2));
  EXPECT_EQ(assignment.state, AssignmentState::kOpen);
  EXPECT_EQ(NextDue(assignment), kNow + absl::Hours(3));
  MoveDue(assignment, kNow, kNow + absl::Hours(2));
  EXPECT_EQ(assignment.state, AssignmentState::kOverdue);
  EXPECT_TRUE(Withdraw(assignment, kNow));
  MoveDue(assignment, kNow + absl::Hours(3), kNow);
  EXPECT_EQ(assignment.state, AssignmentState::kWithdrawn);
}

TEST(AssignmentTest, AMeetingThatIsAheadIsRehearsed) {
  const absl::Time start = kNow + absl::Hours(2);
  EXPECT_EQ(RehearsalDue(start, true, false, kNow), start - absl::Minutes(30));
  EXPECT_EQ(RehearsalDue(start, true, false, start - kLeast), start - absl::Minutes(30));
  EXPECT_EQ(RehearsalDue(start, true, false, start), std::nullopt);
  EXPECT_EQ(RehearsalDue(start, false, false, kNow), std::nullopt);
  EXPECT_EQ(RehearsalDue(start, true, true, kNow), std::nullopt);
}

TEST(ReviewQueueTest, WhoMeetsAGuestNextComesFirst) {
  const std::vector<WaitingPractice> expected = {
      {PracticeId("d"), kNow + absl::Hours(1), kNow},
      {PracticeId("c"), kNow + absl::Hours(2), kNow - absl::Hours(9)},
      {PracticeId("b"), absl::InfiniteFuture(), kNow - absl::Hours(1)},
      {PracticeId("a"), absl::InfiniteFuture(), kNow},
      {PracticeId("e"), absl::InfiniteFuture(), kNow}};
  std::vector<WaitingPractice> queue(expected.rbegin(), expected.rend());
  std::sort(queue.begin(), queue.end(), ReviewedBefore);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(queue[i].id, expected[i].id) << i;
}

}  // namespace
}  // namespace finalmile::coaching
