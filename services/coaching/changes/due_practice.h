#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/coaching/store/rep_store.h"

namespace finalmile::coaching::changes {

// The numbers are those of the contract.
enum class DueReason { kAssigned = 1, kLowScore = 2, kMeeting = 3, kRehearsal = 4, kSelfScore = 5 };

// Something that a rep is to practise, or may want to.
struct DuePractice {
  TalkTrackId track;
  DueReason reason = DueReason::kAssigned;
  std::optional<store::AssignmentRow> assignment;
  // InfiniteFuture: there is no date.
  absl::Time due_time = absl::InfiniteFuture();
  std::string criterion;
};

// Assignments that are listed, rehearsals that are due, and what two low scores of one's own suggest until
// the track is practised; in any order.
absl::StatusOr<std::vector<DuePractice>> DuePracticeOf(storage::Transaction& transaction,
                                                       const std::string& rep, absl::Time now);

}  // namespace finalmile::coaching::changes
