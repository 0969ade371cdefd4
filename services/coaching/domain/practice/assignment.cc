#include "services/coaching/domain/practice/assignment.h"

namespace finalmile::coaching {

bool IsListed(const Assignment& assignment) {
  return assignment.state == AssignmentState::kOpen || assignment.state == AssignmentState::kOverdue;
}

bool Complete(Assignment& assignment, absl::Time practice_time, absl::Time now) {
  if (!IsListed(assignment) || practice_time < assignment.assign_time) return false;
  assignment.state = AssignmentState::kDone;
  assignment.end_time = now;
  return true;
}

bool Withdraw(Assignment& assignment, absl::Time now) {
  if (!IsListed(assignment)) return false;
  assignment.state = AssignmentState::kWithdrawn;
  assignment.end_time = now;
  return true;
}

void MoveDue(Assignment& assignment, absl::Time due_time, absl::Time now) {
  if (!IsListed(assignment)) return;
  assignment.due_time = due_time;
  assignment.state = AssignmentState::kOpen;
  Visit(assignment, now);
}

void Visit(Assignment& assignment, absl::Time now) {
  if (NextDue(assignment) <= now) assignment.state = AssignmentState::kOverdue;
}

absl::Time NextDue(const Assignment& assignment) {
  return assignment.state == AssignmentState::kOpen ? assignment.due_time : absl::InfiniteFuture();
}

std::optional<absl::Time> RehearsalDue(absl::Time start, bool planned, bool mastered, absl::Time now) {
  if (!planned || mastered || start <= now) return std::nullopt;
  return start - kRehearsedBefore;
}

}  // namespace finalmile::coaching
