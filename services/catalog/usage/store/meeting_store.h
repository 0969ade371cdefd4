#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/domain/credit.h"

namespace finalmile::catalog::usage::store {

// A meeting and its outcome, by its chain of reschedules. Touches name assets by id.
struct MeetingRow {
  std::string chain;
  std::string lead;
  domain::Outcome outcome;
  std::vector<domain::Touch> touches;
  absl::Time set_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
};
// The meeting with its row locked; absent where none is known.
absl::StatusOr<std::optional<MeetingRow>> LockMeeting(storage::Transaction& transaction,
                                                      const std::string& chain);
// Meetings set by `time` whose outcome is not known, locked; at most `limit`.
absl::StatusOr<std::vector<MeetingRow>> LockUnknownMeetings(storage::Transaction& transaction,
                                                            absl::Time time, int limit);
// Inserts it, or overwrites what is locked.
absl::Status WriteMeeting(storage::Transaction& transaction, const MeetingRow& meeting);

}  // namespace finalmile::catalog::usage::store
