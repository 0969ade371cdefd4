#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::coaching {

// That a rep is to practise a track: because a manager or coach says so, because two conversations went
// badly, or because a meeting is ahead. There is no penalty for being late.

// The numbers are those of the contract.
enum class AssignmentKind { kAssigned = 1, kLowScore = 2, kRehearsal = 3 };
enum class AssignmentState {
  kOpen = 1,
  // Its due time has passed; a practice still completes it.
  kOverdue = 2,
  kDone = 3,
  // Its cause is gone: the meeting, or one of the scores.
  kWithdrawn = 4,
};

struct Assignment {
  AssignmentKind kind = AssignmentKind::kAssigned;
  AssignmentState state = AssignmentState::kOpen;
  absl::Time assign_time;
  // InfiniteFuture: it has none.
  absl::Time due_time = absl::InfiniteFuture();
  // When it was done or withdrawn; InfinitePast: it is neither.
  absl::Time end_time = absl::InfinitePast();

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

// Open or overdue: it is in the rep's list.
bool IsListed(const Assignment& assignment);

// A practice of its track was submitted. Whether it is done with this call: a practice that took place before
// it was assigned does not do.
bool Complete(Assignment& assignment, absl::Time practice_time, absl::Time now);
// Whether it was withdrawn with this call.
bool Withdraw(Assignment& assignment, absl::Time now);
// Its meeting was moved. A listed one is open again where the new time is ahead.
void MoveDue(Assignment& assignment, absl::Time due_time, absl::Time now);
// Marks it where its due time has passed.
void Visit(Assignment& assignment, absl::Time now);
// When to visit; InfiniteFuture: never.
absl::Time NextDue(const Assignment& assignment);

// A rehearsal takes five minutes, and is due half an hour before the start of its meeting.
inline constexpr absl::Duration kRehearsal = absl::Minutes(5);
inline constexpr absl::Duration kRehearsedBefore = absl::Minutes(30);

// When the host has to have rehearsed for a meeting; nullopt where there is nothing to rehearse: the track is
// mastered, the meeting is not planned any more, or it has begun.
std::optional<absl::Time> RehearsalDue(absl::Time start, bool planned, bool mastered, absl::Time now);

}  // namespace finalmile::coaching
